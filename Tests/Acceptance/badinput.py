#!/usr/bin/env python3
"""Hostile clients and origins against the built binary. After each attack the edge still serves, and the request is
an event that says whose fault it was."""
import socketserver, struct, threading
from support import *


class Origin(socketserver.ThreadingTCPServer):
    """Answers each path in its own bad way."""
    allow_reuse_address = daemon_threads = True
    request_queue_size = 512

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.hits = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            path = line.split()[1].decode()
            self.server.hits[path] = self.server.hits.get(path, 0) + 1
            if not self.answer(path):
                return

    def answer(self, path):
        send = self.wfile.write
        if path.startswith("/ok"):
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: max-age=60\r\n\r\nok")
            return True
        if path.startswith("/hang"):
            time.sleep(8)
        elif path.startswith("/short"):
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nCache-Control: max-age=60\r\n\r\nonly this")
        elif path.startswith("/torn-chunk"):
            send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\n5\r\nhel")
        elif path.startswith("/bad-chunk"):
            send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n")
        elif path.startswith("/garbage"):
            send(bytes(range(256)) * 40)
        elif path.startswith("/close"):
            pass
        elif path.startswith("/headers"):
            send(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(10_000)) + b"\r\n")
        elif path.startswith("/long-header"):
            send(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10_000_000)
        elif path.startswith("/two-lengths"):
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!")
        elif path.startswith("/slow"):
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            for _ in range(8):
                send(b"x")
                self.wfile.flush()
                time.sleep(1)
        return False


origin = Origin()
config = folder() / "squilla.yaml"
config.write_text(f"""
edge: {{header_timeout_ms: 8s, body_timeout_ms: 1s, keep_alive_timeout_ms: 5s, write_timeout_ms: 2s, max_body_bytes: 1MiB}}
origins:
  # A busy machine may give the origin no moment for some seconds.
  - {{url: "http://127.0.0.1:{origin.server_address[1]}", first_byte_timeout_ms: 20s, between_bytes_timeout_ms: 20s, retries: 1}}
  - {{name: hasty, hosts: [hasty.example], url: "http://127.0.0.1:{origin.server_address[1]}", first_byte_timeout_ms: 3s,
      between_bytes_timeout_ms: 1500ms, retries: 1}}
""")
server = Server("-c", config)
BASE = b"Host: a.example\r\n"


def status_of(data, timeout=30):
    answer = raw(server.edge, data, timeout)
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else answer[:60]


def alive():
    check(server.get("/ok")[0] == 200, "still serves")


# Requests that must be refused, and the connection closed: `raw` returns only when the server closes.
refused = {
    "a garbage request line": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
    "no version": (b"GET /\r\n\r\n", {400}),
    "an unknown version": (b"GET / HTTP/3.0\r\n" + BASE + b"\r\n", {400, 505}),
    "a request line of 100 kB": (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + BASE + b"\r\n", {414}),
    "a header of 100 kB": (b"GET / HTTP/1.1\r\n" + BASE + b"X: " + b"a" * 100_000 + b"\r\n\r\n", {431}),
    "1,000 headers": (b"GET / HTTP/1.1\r\n" + BASE + b"X: y\r\n" * 1000 + b"\r\n", {431}),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", {400}),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
    "a folded header": (b"GET / HTTP/1.1\r\n" + BASE + b"X: a\r\n b\r\n\r\n", {400}),
    "a bare LF": (b"GET / HTTP/1.1\nHost: a\n\n", {400}),
    "a bare CR": (b"GET / HTTP/1.1\r\n" + BASE + b"X: a\rb\r\n\r\n", {400}),
    "white space before the colon": (b"GET / HTTP/1.1\r\n" + BASE + b"Content-Length : 3\r\n\r\nabc", {400}),
    "a NUL": (b"GET / HTTP/1.1\r\n" + BASE + b"X: a\x00b\r\n\r\n", {400}),
    "length and transfer coding": (b"POST / HTTP/1.1\r\n" + BASE + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "two lengths": (b"POST / HTTP/1.1\r\n" + BASE + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", {400}),
    "a list of lengths": (b"POST / HTTP/1.1\r\n" + BASE + b"Content-Length: 3, 4\r\n\r\nabcd", {400}),
    "a negative length": (b"POST / HTTP/1.1\r\n" + BASE + b"Content-Length: -1\r\n\r\n", {400}),
    "a length with a plus": (b"POST / HTTP/1.1\r\n" + BASE + b"Content-Length: +3\r\n\r\nabc", {400}),
    "a huge length": (b"POST / HTTP/1.1\r\n" + BASE + b"Content-Length: 99999999999999999999\r\n\r\n", {400, 413}),
    "chunked twice": (b"POST / HTTP/1.1\r\n" + BASE + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "an obscured transfer coding": (b"POST / HTTP/1.1\r\n" + BASE + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "chunked not last": (b"POST / HTTP/1.1\r\n" + BASE + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", {400, 501}),
    "a bad chunk size": (b"POST /ok HTTP/1.1\r\n" + BASE + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", {400}),
    "a chunk size past 64 bits": (b"POST /ok HTTP/1.1\r\n" + BASE + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", {400, 413}),
    "a chunk without its end": (b"POST /ok HTTP/1.1\r\n" + BASE + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n", {400}),
    "a body over the limit": (b"POST /ok HTTP/1.1\r\n" + BASE + b"Content-Length: 2000000\r\n\r\n", {413}),
    "half a head, then silence": (b"GET / HTTP/1.1\r\nHost:", {408}),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", {400, 405, 501}),
}
for name, (data, expected) in refused.items():
    status = status_of(data)
    check(status in expected, f"{name} is refused: {status}")
alive()

# A smuggled second request must never be answered.
answer = raw(server.edge, b"POST /ok HTTP/1.1\r\n" + BASE + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /ok/smuggled HTTP/1.1\r\n" + BASE + b"\r\n", 30)
check(answer.count(b"HTTP/1.1 ") == 1 and "/ok/smuggled" not in origin.hits, "a smuggled request is neither answered nor forwarded")

# Slow clients are let go, and hold up nobody.
sockets = []
for _ in range(200):
    s = socket.create_connection(server.edge)
    s.sendall(b"GET /ok HTTP/1.1\r\nHost: a\r\nX-Drip: ")
    sockets.append(s)
alive()
def dripped_out():
    for s in sockets:
        try:
            s.sendall(b"a")
        except OSError:
            return True
until("slowloris connections are closed", dripped_out, 60)
for s in sockets:
    s.close()

# Clients that leave half-way.
for _ in range(50):
    s = socket.create_connection(server.edge)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.sendall(b"POST /ok/left HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf")
    s.close()
alive()

# Origins
for path, expected in {"/hang": {504}, "/close": {502}, "/garbage": {502}, "/headers": {502}, "/long-header": {502},
                       "/two-lengths": {502}}.items():
    status = server.get(path, {"Host": "hasty.example"} if path == "/hang" else None, timeout=60)[0]
    check(status in expected, f"origin's {path}: {status}")
for path in ("/short", "/torn-chunk", "/bad-chunk", "/slow"):
    for attempt in (1, 2):
        answer = raw(server.edge, b"GET %s HTTP/1.1\r\n%s\r\n" % (path.encode(), b"Host: hasty.example\r\n" if path == "/slow" else BASE), 60)
        complete = answer.endswith(b"0\r\n\r\n") or b"HTTP/1.1 50" in answer
        check(complete is False or b"HTTP/1.1 502" in answer, f"origin's {path} is not passed off as whole ({answer[:40]!r}… {len(answer)} B)")
    check(origin.hits[path] >= 2, f"nor stored: {path} went to the origin {origin.hits[path]} times")
alive()

# Collapsing: many at once, one fetch
statuses = []
threads = [threading.Thread(target=lambda: statuses.append(server.get("/ok/collapsed")[0])) for _ in range(200)]
for t in threads:
    t.start()
for t in threads:
    t.join(60)
check(statuses.count(200) == 200 and origin.hits["/ok/collapsed"] == 1, f"200 simultaneous misses are {origin.hits['/ok/collapsed']} fetch")

# Every one of them is an event with a fault
def events():
    rows = server.sql("SELECT error.source AS source, count(*) AS n FROM requests WHERE error.code IS NOT NULL GROUP BY 1")
    found = {row["source"]: row["n"] for row in rows}
    return found if found.get("client", 0) >= len(refused) and found.get("origin", 0) >= 10 else None
print("ok: events:", until("events name whose fault it was", events, 20))

# The management side
for body, expected in (("{", 400), ("[]", 400), ('{"query": 3}', 400), ('{"query": "SELEC 1"}', 400),
                       ('{"query": "SELECT nope FROM requests"}', 400), ('{"query": "SELECT 1", "since": "soon"}', 400)):
    status, _, answer = server.api("/api/v1/query", "POST", body)
    check(status == expected and json.loads(answer)["error"]["message"], f"{body}: {status} {answer.decode().strip()[:160]}")
status, _, answer = server.api("/api/v1/query", "POST", {"query": "SELECT sttus FROM requests"})
error = json.loads(answer)["error"]
check((error["line"], error["column"]) == (1, 8), f"a SQL error has its place: {error}")
check(server.api("/api/v1/nowhere")[0] == 404, "an unknown route is 404")
check(server.api("/api/v1/query", "DELETE")[0] == 405, "a wrong method is 405")
alive()
check(server.terminate() == 0, "and ends well")
