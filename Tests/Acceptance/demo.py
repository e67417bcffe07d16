#!/usr/bin/env python3
"""The demo: starts fast, serves, has something to see at once, stays small; idle connections cost little."""
from support import *

start = time.monotonic()
server = Server("--no-visitors", command="demo", data=folder() / "data")
until("the first request is served", lambda: server.get("/")[0] == 200)
took = time.monotonic() - start
check(took < 10, f"start to first request in {took * 1000:.0f} ms (its own process start and polling included)")
for path in ("/healthz", "/api/v1/status", "/metrics", "/"):
    status, headers, body = server.api(path)
    check(status == 200 and body, f"{path} is served ({len(body)} B, {headers.get('content-type')})")
check(server.resident_bytes() < 100 << 20, f"resident without visitors: {server.resident_bytes() / 1e6:.0f} MB (bar: 100)")

# The front page is cached for an hour, its part for the visitor is not.
carts = {}
for items in (0, 1, 7):
    status, headers, body = server.get("/", {"Cookie": f"items={items}", "Accept-Language": "en"})
    text = body.decode()
    carts[items] = text[text.index('<p class="visitor">') + 19:].split("<")[0]
    check(status == 200 and "esi:" not in text and headers["cache-control"] == "private, no-cache"
          and "surrogate-control" not in headers, f"the front page is put together: {carts[items]}")
    check(items == 0 or "cache-status" not in headers or "hit" in headers["cache-status"], f"from the cache: {headers.get('cache-status')}")
check(carts == {0: "Your cart is empty.", 1: "One thing waits in your cart.", 7: "7 things wait in your cart."}, "and differs by visitor")
pages = until("events of the page and its parts", lambda: (r := server.sql(
    "SELECT cache.status AS status, esi.includes AS includes FROM requests WHERE url.path = '/' AND esi.includes = 1")) and [p["status"] for p in r].count("hit") >= 2 and r)
check(pages, f"the page is a hit: {pages}")
parts = server.sql("SELECT count(*) AS n, count(DISTINCT esi.parent) AS pages FROM requests WHERE url.path = '/parts/visitor'")
check(parts[0]["n"] >= 3 and parts[0]["pages"] == parts[0]["n"], f"each of its parts is an event of its own: {parts}")

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
