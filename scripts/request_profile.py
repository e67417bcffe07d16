#!/usr/bin/env python3
"""Measures which functions requests run through, and writes them to Sources/App/squilla/functions.order, by which the
linker puts them side by side: with them strewn over the program a miss took 4 to 8 % more CPU. Names that are gone are
passed over, so the list may be older than the code; make it anew after work on the path of a request.
Needs valgrind, nginx and h2load: apt-get install valgrind nginx-light nghttp2-client.

    scripts/function_order.py [BINARY]
"""
import pathlib, re, shutil, socket, subprocess, sys, tempfile

root = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(root / "Benchmarks/edge"))
import race

BINARY = sys.argv[1] if len(sys.argv) > 1 else str(root / ".build/release/squilla")
TARGET = root / "Sources/App/squilla/functions.order"
REQUESTS = 2000
# A function belongs to a kind of request where it runs in this share of them.
SHARE = 0.3


def client(port, path, fields="", count=REQUESTS):
    """Requests one after the other on eight connections."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
    files = [s.makefile("rb") for s in sockets]
    for index in range(count // 8):
        for number, s in enumerate(sockets):
            target = path.replace("*", f"{index}-{number}")
            s.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{fields}\r\n".encode())
        for f in files:
            length = 0
            while (line := f.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            f.read(length)
    for s in sockets:
        s.close()


def http2(port):
    subprocess.run(["h2load", f"-n{REQUESTS}", "-c8", "-m4", f"http://127.0.0.1:{port}/object"],
                   stdout=subprocess.DEVNULL, check=True)


KINDS = [
    ("hits", "max-age=3600", lambda port: client(port, "/object")),
    ("misses", "no-store", lambda port: client(port, "/object")),
    ("fills", "max-age=3600", lambda port: client(port, "/object?*")),
    ("browsers", "max-age=3600", lambda port: client(
        port, "/object", "Accept: */*\r\nAccept-Encoding: gzip, br\r\nUser-Agent: Mozilla/5.0\r\nCookie: a=b\r\n")),
    ("HTTP/2", "max-age=3600", http2),
]


def calls(cache_control, load):
    """How often each function was called, by its name."""
    work = race.folder()
    origin, origin_port = race.origin(work, 1024, cache_control)
    port = race.free_port()
    out = work / "calls"
    line = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
    server = race.Process("squilla", line + race.squilla(work, "squilla", str(stripped), port, origin_port))
    control = ["callgrind_control", "-i", "on", str(server.process.pid)]
    try:
        race.wait_until(lambda: client(port, "/object", count=200), server, port, seconds=300)
        subprocess.run(control, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        load(port)
        control[2] = "off"
        subprocess.run(control, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    finally:
        server.stop()
        origin.stop()
    names, counts, callee = {}, {}, None
    for text in out.open():
        if found := re.match(r"(c?fn)=\((\d+)\)(?: (.*))?", text.rstrip()):
            if found[3]:
                # Recursion levels are numbered.
                names[found[2]] = re.sub(r"'\d+$", "", found[3])
            if found[1] == "cfn":
                callee = found[2]
        elif text.startswith("calls=") and callee:
            counts[callee] = counts.get(callee, 0) + int(text[6:].split()[0])
    shutil.rmtree(work, ignore_errors=True)
    return {names[number]: count for number, count in counts.items()}


# valgrind takes minutes to read what is for debuggers.
stripped = pathlib.Path(tempfile.mkdtemp()) / "squilla"
subprocess.run(["strip", "-g", "-o", stripped, BINARY], check=True)
listing = subprocess.run(["nm", stripped], capture_output=True, text=True, check=True).stdout
own = {fields[2] for fields in (line.split() for line in listing.splitlines()) if len(fields) == 3 and fields[1] in "tT"}
order = []
for name, cache_control, load in KINDS:
    found = calls(cache_control, load)
    new = [f for f, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
           if count >= SHARE * REQUESTS and f in own and f not in order]
    order += new
    print(f"{name}: {len(new)} functions more", flush=True)
shutil.rmtree(stripped.parent)
TARGET.write_text("\n".join(order) + "\n")
print(f"{TARGET.relative_to(root)}: {len(order)} functions")
