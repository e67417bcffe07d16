#!/usr/bin/env python3
"""The demo: starts fast, serves, has something to see at once, stays small; idle connections cost little."""
from support import *

start = time.monotonic()
server = Server("--no-visitors", command="demo", data=folder() / "data")
until("the first request is served", lambda: server.get("/")[0] == 200)
took = time.monotonic() - start
check(took < 2, f"start to first request in {took * 1000:.0f} ms (its own process start and polling included)")
for path in ("/healthz", "/api/v1/status", "/metrics", "/"):
    status, headers, body = server.api(path)
    check(status == 200 and body, f"{path} is served ({len(body)} B, {headers.get('content-type')})")
check(server.resident_bytes() < 100 << 20, f"resident without visitors: {server.resident_bytes() / 1e6:.0f} MB (bar: 100)")

# 10,000 idle keep-alive connections
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (min(20_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2) if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 12_000 else None
before = server.resident_bytes()
idle = []
for i in range(10_000):
    try:
        s = socket.create_connection(server.edge)
    except OSError:
        time.sleep(0.1)
        s = socket.create_connection(server.edge)
    s.sendall(b"GET /healthy HTTP/1.1\r\nHost: a\r\n\r\n")
    s.recv(65536)
    idle.append(s)
after = server.resident_bytes()
check(after < 100 << 20, f"10,000 idle connections: {after / 1e6:.0f} MB resident in all, {(after - before) / len(idle) / 1000:.1f} kB each (bar: 100 MB)")
check(server.get("/")[0] == 200, "it still serves")
for s in idle:
    s.close()
check(server.terminate() == 0, "ends well")

server = Server(command="demo", data=server.data)
rows = until("visitors are seen", lambda: (r := server.sql("SELECT count(*) AS n, count(DISTINCT client.ip) AS ips FROM requests WHERE client.ip IS NOT NULL")) and r[0]["ips"] > 10 and r, 30)
check(rows[0]["ips"] > 10, f"from several addresses: {rows[0]}")
statuses = {r["s"] for r in server.sql("SELECT DISTINCT cache.status AS s FROM requests")}
check({"hit", "miss"} <= statuses, f"cacheable and not: {statuses}")
check("http://" in server.output() and server.output().count("./squilla ") >= 2 and "curl" in server.output(), "it prints addresses and commands to try")
check(server.terminate() == 0, "ends well")
