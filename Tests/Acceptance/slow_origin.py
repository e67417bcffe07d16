#!/usr/bin/env python3
"""An origin that hangs, and one that sends a byte a second: what other routes serve is as if nobody waited there; limits
and time-outs hold for those who do."""
import statistics
from support import *

nginx = Nginx("""location / { add_header Cache-Control "max-age=600"; }""")
(nginx.root / "page").write_text("the page")
for number in range(200):
    (nginx.root / f"miss{number}").write_text(str(number))

slow_listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
slow_port = slow_listener.getsockname()[1]
healed = threading.Event()
asked = []


def answer(connection):
    try:
        while head := connection.recv(65536):
            path = head.split()[1].decode()
            asked.append(path)
            if healed.is_set():
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                continue
            if path.startswith("/drip"):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nCache-Control: max-age=60\r\n\r\n")
            while True:
                time.sleep(1)
                if path.startswith("/drip"):
                    connection.sendall(b"x")
                elif connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"":
                    return
    except BlockingIOError:
        time.sleep(60)
    except OSError:
        pass
    finally:
        connection.close()


def serve():
    while True:
        threading.Thread(target=answer, args=(slow_listener.accept()[0],), daemon=True).start()


threading.Thread(target=serve, daemon=True).start()
config = folder() / "squilla.yaml"
config.write_text(f"""
edge: {{workers: 2}}
origins:
  - {{name: fast, url: "{nginx.url}"}}
  - {{name: slow, url: "http://127.0.0.1:{slow_port}", hosts: [slow.test], max_connections: 100, max_pending_requests: 100,
      first_byte_timeout_ms: 20s, between_bytes_timeout_ms: 30s, outliers: {{consecutive_failures: 0, consecutive_errors: 0}}}}
""")
server = Server("-c", config)


def hits(count=400):
    """Seconds that hits take, on one connection."""
    connection = http.client.HTTPConnection(*server.edge, timeout=10)
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        connection.request("GET", "/page")
        response = connection.getresponse()
        if (response.status, response.read()) != (200, b"the page"):
            check(False, f"a hit is answered ({response.status})")
        times.append(time.perf_counter() - begun)
    return sorted(times)


hits()
alone = hits()

waiting = []
for number in range(600):
    client = socket.create_connection(server.edge, timeout=30)
    kind = "drip" if number % 3 == 0 else "hang"
    client.sendall(f"GET /{kind}{number} HTTP/1.1\r\nHost: slow.test\r\n\r\n".encode())
    waiting.append((kind, client))
until("the slow origin has as many requests as it may have", lambda: len(asked) >= 100)
beside = hits()
# Of the machine's other load both halves have the same share; a hit that waits for the slow origin takes a second and more.
check(beside[-4] < 0.9, f"99 of 100 hits take at most {beside[-4] * 1000:.2f} ms ({alone[-4] * 1000:.2f} before)")
print(f"median {statistics.median(alone) * 1e6:.0f} µs without, {statistics.median(beside) * 1e6:.0f} µs with 600 slow requests")
begun = time.monotonic()
answers = [server.get(f"/miss{number}") for number in range(200)]
check(all(status == 200 and body == str(number).encode() for number, (status, _, body) in enumerate(answers)), "200 misses at the other origin are answered")
check(time.monotonic() - begun < 18, "while the slow ones still wait")
check(len(asked) <= 200, f"the slow origin has {len(asked)} requests at a time, within its limit")

statuses = {}
for kind, client in waiting:
    if kind == "hang":
        client.settimeout(60)
        line = client.recv(64)
        statuses[line[9:12]] = statuses.get(line[9:12], 0) + 1
check(set(statuses) <= {b"503", b"504"} and statuses.get(b"504", 0) > 0, f"those that hang get 504 after their time-out, those over the limits 503: {statuses}")
for kind, client in waiting:
    client.close()

# A crowd at one slow key is one request; the origin that is well again is asked again.
before = len(asked)
crowd = []
for _ in range(200):
    client = socket.create_connection(server.edge, timeout=30)
    client.sendall(b"GET /drip-crowd HTTP/1.1\r\nHost: slow.test\r\n\r\n")
    crowd.append(client)
until("the crowd gets the first bytes", lambda: all(b"200 OK" in client.recv(4096, socket.MSG_PEEK) for client in crowd))
check(asked.count("/drip-crowd") == 1, "200 clients of one slow key are one request")
for client in crowd:
    client.close()
healed.set()
until("the origin that is well again serves", lambda: server.get("/fine", {"Host": "slow.test"})[2] == b"ok")
check(server.terminate() == 0, "the server ends")
