#!/usr/bin/env python3
"""What the cache's memory is worth: resident size under churn of mixed sizes, 100,000 idle connections, and how often an
origin is asked by 10,000 who want the same at once.

    Benchmarks/edge/store.py [BINARY] [--only churn,idle,collapse] [--gigabytes N]

Churn: a cache of `MEMORY` is written over and over with objects of 200 B to 0.8 MB (as many of each power of two but the
largest, which are rarer), one in four asked for again; ten minutes of 120 misses a second are 72,000 objects. The resident
size is the highest that was seen, less that of the empty process. Connections come from several loopback addresses, each
idle after one hit. Raises the limit of open files, which takes root; where that is refused it holds as many as it may.
"""
import argparse, pathlib, random, resource, socket, sys, threading, time

parser = argparse.ArgumentParser()
parser.add_argument("binary", nargs="?", default=str(pathlib.Path(__file__).resolve().parents[2] / ".build/release/squilla"))
parser.add_argument("--only", default="churn,idle,collapse")
parser.add_argument("--gigabytes", type=float, default=3)
parser.add_argument("--connections", type=int, default=100_000)
options = parser.parse_args()
sys.argv = [sys.argv[0], options.binary]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests/Acceptance"))
from support import *

MEMORY = 256 << 20
SIZES = [200 << i for i in range(13)]
try:
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(240_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
except ValueError:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    options.connections = min(options.connections, limit - 1000)
    print(f"no more than {limit} open files are allowed here: {options.connections} connections")


def server(origin, settings="", cache=""):
    config = folder() / "squilla.yaml"
    config.write_text(f"edge: {{workers: 1{settings}}}\norigins: [{{url: \"{origin}\"}}]\ncache: {{memory_bytes: {MEMORY}{cache}}}\n"
                      "log: {requests: false}\n")
    return Server("-c", config)


def get(connection, path):
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench.example\r\n\r\n".encode())
    data = bytearray()
    while b"\r\n\r\n" not in data:
        data += connection.recv(1 << 20)
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    missing = int(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))[15:]) - len(body)
    while missing > 0:
        missing -= len(connection.recv(min(1 << 20, missing)))


def churn():
    www = folder()
    os.chmod(www, 0o755)
    for size in SIZES:
        (www / str(size)).write_bytes(os.urandom(size))
    origin = Nginx('location ~ ^/(\\d+)/ { add_header Cache-Control "public, max-age=3600"; try_files /$1 =404; }\nlocation / {}', www)
    edge = server(origin.url)
    numbers = random.Random(1)
    connection = socket.create_connection(edge.edge)
    for i in range(100):
        get(connection, f"/200/warm{i}")
    base = edge.resident_bytes()
    sent, count, highest, recent = 0, 0, 0, []
    while sent < options.gigabytes * 1e9:
        size = SIZES[min(numbers.randrange(len(SIZES)), numbers.randrange(len(SIZES) + 4), len(SIZES) - 1)]
        path = f"/{size}/{count}"
        get(connection, path)
        recent.append(path)
        if numbers.random() < 0.25:
            get(connection, numbers.choice(recent[-200:]))
        del recent[:-1000]
        sent, count = sent + size, count + 1
        if count % 200 == 0:
            highest = max(highest, edge.resident_bytes())
    now = edge.resident_bytes()
    facts = json.loads(edge.api("/api/v1/status")[2])["cache"]
    print(f"churn: {count} objects, {sent / 1e9:.1f} GB through {MEMORY >> 20} MiB: the store counts {facts['bytes'] / MEMORY:.3f} of it; "
          f"resident above the {base / 1e6:.0f} MB of the empty process: highest {(highest - base) / MEMORY:.3f}, at the end {(now - base) / MEMORY:.3f}")
    edge.terminate()
    origin.stop()


def idle():
    origin = Nginx(f'location / {{ add_header Cache-Control "public, max-age=3600"; return 200 "{"x" * 1024}"; }}')
    edge = server(origin.url, f", max_connections: {options.connections + 100}, keep_alive_timeout_ms: 600000")
    edge.get("/object")
    before, held = edge.resident_bytes(), []
    for i in range(options.connections):
        s = socket.socket()
        s.setsockopt(socket.SOL_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
        s.bind((f"127.0.1.{1 + i // 20_000}", 0))
        s.connect(edge.edge)
        s.sendall(b"GET /object HTTP/1.1\r\nHost: bench.example\r\n\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 200")
        held.append(s)
    now = edge.resident_bytes()
    print(f"idle: {len(held)} connections, each after a hit: {now / 1e6:.0f} MB resident, {(now - before) / len(held):.0f} B each")
    for s in held:
        s.close()
    edge.terminate()
    origin.stop()


def collapse(clients=10_000):
    """An origin that answers a second after the first request, and counts."""
    asked = []
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)

    def answer(connection):
        with connection:
            while connection.recv(65536):
                asked.append(time.monotonic())
                time.sleep(1 if len(asked) == 1 else 0)
                all_sent.wait(60)
                connection.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 1024\r\n\r\n" + b"x" * 1024)

    def accept():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    all_sent = threading.Event()
    threading.Thread(target=accept, daemon=True).start()
    edge = server(f"http://127.0.0.1:{listener.getsockname()[1]}", f", max_connections: {clients + 100}", ", collapse_timeout_ms: 60s")
    held = []
    for _ in range(clients):
        held.append(socket.create_connection(edge.edge))
    for s in held:
        s.sendall(b"GET /one HTTP/1.1\r\nHost: bench.example\r\n\r\n")
    # Time enough for all of them to be read.
    time.sleep(2)
    started = time.monotonic()
    all_sent.set()
    good = 0
    for s in held:
        s.settimeout(60)
        data = b""
        while not data.endswith(b"x" * 1024):
            data += s.recv(4096)
        good += data.startswith(b"HTTP/1.1 200")
    print(f"collapse: {clients} requests for one key at once: {len(asked)} asked of the origin, {good} answered, "
          f"the last {time.monotonic() - started:.2f} s after the origin's answer")
    check(len(asked) == 1 and good == clients, "one fetch for all")
    listener.close()
    edge.terminate()


for name in options.only.split(","):
    {"churn": churn, "idle": idle, "collapse": collapse}[name]()
