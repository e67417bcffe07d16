#!/usr/bin/env python3
"""Measures what requests do inside the program, for release builds: how often each branch is taken, by which the compiler
lays out and inlines (Sources/App/squilla/requests.profdata), and which functions they run through, which the linker puts
side by side (functions.order beside it). Code that changed since is passed over, so both may be older than the code; make
them anew after work on the path of a request, and then build from nothing: the build does not see that they changed.

    scripts/request_profile.py

Builds a program that counts, in .build-profile; needs nginx and h2load: apt-get install nginx-light nghttp2-client.
"""
import os, pathlib, re, shutil, socket, subprocess, sys, tempfile

root = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(root / "Benchmarks/edge"))
import race

TARGET = root / "Sources/App/squilla"
REQUESTS = 20000
# A function belongs to a kind of request where it, or a loop of it, runs in this share of them.
SHARE = 0.3
# What runs less often than this is not on the way of requests.
RARE = REQUESTS // 20


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


def tool(*arguments):
    """llvm-profdata, as it comes with the compiler."""
    beside = pathlib.Path(os.path.realpath(shutil.which("swift"))).with_name("llvm-profdata")
    subprocess.run([beside, *arguments], check=True)


def build():
    """A program that counts its branches, and says so when it ends."""
    folder = root / ".build-profile"
    flags = ["-Xfrontend", "-ir-profile-generate", "-Xclang-linker", "-fprofile-generate"]
    subprocess.run(["swift", "build", "-c", "release", "--product", "squilla", "--package-path", root,
                    "--scratch-path", folder, *(word for flag in flags for word in ("-Xswiftc", flag)),
                    "-Xlinker", "-u__llvm_profile_runtime"], check=True, env={**os.environ, "SQUILLA_PROFILE": "none"})
    return folder / "release/squilla"


def measure(binary, counts, cache_control, load):
    """Serves what `load` asks, and keeps the counts."""
    work = race.folder()
    origin, origin_port = race.origin(work, 1024, cache_control, settings="keepalive_requests 1000000;")
    port = race.free_port()
    os.environ["LLVM_PROFILE_FILE"] = str(counts)
    server = race.Process("squilla", race.squilla(work, "squilla", str(binary), port, origin_port))
    try:
        race.wait_for(server, port)
        load(port)
    finally:
        server.stop()
        origin.stop()
        shutil.rmtree(work, ignore_errors=True)


def functions(text):
    """The name of each function in a profile as text, and the highest of its counts."""
    for block in text.read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line[0] not in ":#"]
        if len(lines) > 3:
            yield lines[0], max(map(int, lines[3:3 + int(lines[2])]))


def order(counts):
    """Of each kind what the kinds before it have not, the most frequent first."""
    found = []
    for name, text in counts:
        own = [(-most, function.split(";")[-1]) for function, most in functions(text) if most >= SHARE * REQUESTS]
        new = [function for _, function in sorted(own) if function not in found]
        found += new
        print(f"{name}: {len(new)} functions more", flush=True)
    return found


def keep(merged, text):
    """What requests run through goes into the profile, without what only the start does, and without thunks: these are known
    by the folder they were built in, which is another one the next time."""
    names = [name for name, most in functions(text) if most >= RARE and "/" not in name]
    tool("merge", "-sparse", "--function", f"^({'|'.join(map(re.escape, names))})$", "-o", TARGET / "requests.profdata", merged)
    return len(names)


work = pathlib.Path(tempfile.mkdtemp())
binary = build()
raws, counts = [], []
for name, cache_control, load in KINDS:
    raws.append(work / f"{len(raws)}.profraw")
    text = raws[-1].with_suffix(".txt")
    measure(binary, raws[-1], cache_control, load)
    tool("merge", "-sparse", "-text", "-o", text, raws[-1])
    counts.append((name, text))
(TARGET / "functions.order").write_text("\n".join(order(counts)) + "\n")
merged, text = work / "all.profdata", work / "all.txt"
tool("merge", "-sparse", "-o", merged, *raws)
tool("merge", "-sparse", "-text", "-o", text, *raws)
print(f"requests.profdata: the branches of {keep(merged, text)} functions")
shutil.rmtree(work)
