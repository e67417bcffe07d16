#!/usr/bin/env python3
"""What the edge takes: start to first served request, resident memory idle, per cached 1 KB object, and per idle
keep-alive connection.

    Benchmarks/edge/footprint.py [BINARY]
"""
import http.client, pathlib, socket, statistics, subprocess, sys, time

sys.argv = sys.argv[:2] if len(sys.argv) > 1 else [sys.argv[0], str(pathlib.Path(__file__).resolve().parents[2] / ".build/release/squilla")]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests/Acceptance"))
from support import *

BODY = 1024
OBJECTS = 100_000

nginx = Nginx(f'location / {{ add_header Cache-Control "public, max-age=3600"; return 200 "{"x" * BODY}"; }}')

# Start to first served request, the client polling without pause
times = []
for _ in range(7):
    port, management = free_port(), free_port()
    data = folder() / "data"
    start = time.perf_counter()
    process = subprocess.Popen([BINARY, "up", "--origin", nginx.url, "--listen", f"127.0.0.1:{port}", "--management",
                                f"127.0.0.1:{management}", "--data", str(data)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            if request(("127.0.0.1", port), "/")[0] == 200:
                break
        except OSError:
            if process.poll() is not None:
                sys.exit(f"the server ended with code {process.returncode} before it answered")
    times.append(time.perf_counter() - start)
    process.kill()
    process.wait()
print(f"start to first served request: median {statistics.median(times) * 1000:.0f} ms")

config = folder() / "squilla.yaml"
config.write_text(f"edge: {{workers: 1}}\norigins: [{{url: \"{nginx.url}\"}}]\ncache: {{memory_bytes: 1GiB}}\nlog: {{requests: false}}\n")
server = Server("-c", config)
for i in range(200):
    server.get(f"/warm/{i}")
idle = server.resident_bytes()
print(f"resident, nothing cached: {idle / 1e6:.1f} MB")

def fill(first, last):
    with socket.create_connection(server.edge) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        expected = None
        for block in range(first, last, 20):
            s.sendall(b"".join(b"GET /object/%07d HTTP/1.1\r\nHost: bench.example\r\n\r\n" % i for i in range(block, block + 20)))
            received = b""
            while received.count(b"HTTP/1.1 200") < 20 or not received.endswith(b"x" * 64) or received.count(b"x" * BODY) < 20:
                received += s.recv(1 << 20)

# What an object is, beside its body: its key, and the field lines that each hit gets from it
head = raw(server.edge, b"GET /warm/1 HTTP/1.1\r\nHost: bench.example\r\nConnection: close\r\n\r\n").partition(b"\r\n\r\n")[0]
own = (b"age:", b"via:", b"cache-status:", b"content-length:", b"connection:")
stored = sum(len(line) + 2 for line in head.split(b"\r\n")[1:] if not line.lower().startswith(own))
content = BODY + stored + len("bench.example/object/0000000")

fill(0, OBJECTS // 2)
half = server.resident_bytes()
fill(OBJECTS // 2, OBJECTS)
full = server.resident_bytes()
facts = json.loads(server.api("/api/v1/status")[2])["cache"]
per_object = (full - half) / (OBJECTS / 2)
print(f"{facts['objects']} objects of {BODY} B: {per_object:.0f} B resident each over the second half, {per_object - content:.0f} B above body, "
      f"head and key ({content} B); the store counts {facts['bytes'] / facts['objects']:.0f} B, {facts['bytes'] / facts['objects'] - content:.0f} B above")

before = server.resident_bytes()
connections = []
for _ in range(5000):
    s = socket.create_connection(server.edge)
    s.sendall(b"GET /object/0000001 HTTP/1.1\r\nHost: bench.example\r\n\r\n")
    s.recv(4096)
    connections.append(s)
print(f"idle keep-alive connection: {(server.resident_bytes() - before) / len(connections):.0f} B")
