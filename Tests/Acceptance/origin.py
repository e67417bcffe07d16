#!/usr/bin/env python3
"""The edge in front of nginx, with curl and plain sockets: cache, ranges, streaming in bounded memory, drain, reload."""
import hashlib, os, random, subprocess, threading
from support import *

nginx = Nginx("""
    location /cached/ { add_header Cache-Control "public, max-age=60"; }
    location /private/ { add_header Cache-Control "private, no-store"; }
    location /big/ { add_header Cache-Control "no-store"; }
    location /upload { proxy_pass http://127.0.0.1:1; }
""")
for name in ("cached", "private", "big"):
    (nginx.root / name).mkdir()
page = os.urandom(100_000)
(nginx.root / "cached/page").write_bytes(page)
(nginx.root / "private/page").write_bytes(b"mine")
(nginx.root / "index.html").write_text("<h1>home</h1>")

config = folder() / "squilla.yaml"
config.write_text(f"origins:\n  - url: {nginx.url}\n")
check(run("check", "-c", config).returncode == 0, "the configuration is valid")
server = Server("-c", config)

# Cache
first = server.get("/cached/page")
second = server.get("/cached/page")
check(first[0] == 200 and first[2] == page, "a miss gives the origin's bytes")
check(second[2] == page and "hit" in second[1]["cache-status"], f"then a hit: {second[1]['cache-status']}")
check("age" in second[1] and "via" in second[1], "a hit has Age and Via")
etag = second[1]["etag"]
check(server.get("/cached/page", {"If-None-Match": etag})[0] == 304, "If-None-Match gives 304")
part = server.get("/cached/page", {"Range": "bytes=100-199"})
check(part[0] == 206 and part[2] == page[100:200] and part[1]["content-range"] == "bytes 100-199/100000", "a range out of the stored object")
check(server.get("/cached/page", {"Range": "bytes=200000-"})[0] == 416, "an unsatisfiable range")
head = server.get("/cached/page", method="HEAD")
check(head[0] == 200 and head[2] == b"" and head[1]["content-length"] == "100000", "HEAD out of the stored object")
server.get("/private/page")
check("hit" not in server.get("/private/page")[1]["cache-status"].split(";")[1], "private is not stored")
check(server.get("/absent")[0] == 404, "the origin's 404 passes")
curl = subprocess.run(["curl", "-sS", "-D", "-", f"http://{server.edge[0]}:{server.edge[1]}/cached/page", "-o", "/dev/null"],
                      capture_output=True, text=True)
check("HTTP/1.1 200" in curl.stdout and "Cache-Status:" in curl.stdout.title(), "curl agrees")

# Events, within a second
def rows_of(path):
    return server.sql(f"SELECT http.response.status_code AS s, cache.status AS c FROM requests WHERE url.path = '{path}' ORDER BY `@timestamp`")
rows = until("events are visible", lambda: (r := rows_of("/cached/page")) and len(r) >= 7 and r, 20)
check(rows[0]["c"] == "miss" and rows[1]["c"] == "hit", f"each request is an event: {[r['c'] for r in rows]}")

# A large body, both ways, in bounded memory
big = nginx.root / "big/file"
size = 1 << 30
with open(big, "wb") as f:
    block = os.urandom(1 << 20)
    for _ in range(size >> 20):
        f.write(block)
before = server.resident_bytes()
peak = before
with subprocess.Popen(["curl", "-sS", f"http://{server.edge[0]}:{server.edge[1]}/big/file"], stdout=subprocess.PIPE) as download:
    received = 0
    while piece := download.stdout.read(1 << 20):
        received += len(piece)
        peak = max(peak, server.resident_bytes())
check(received == size, "1 GiB comes through whole")
check(peak - before < 64 << 20, f"with {(peak - before) / (1 << 20):.1f} MiB of growth (bar: 64)")
# A slow reader must not make us buffer what the origin can send.
before = server.resident_bytes()
slow = subprocess.Popen(["curl", "-sS", "--limit-rate", "1M", f"http://{server.edge[0]}:{server.edge[1]}/big/file", "-o", "/dev/null"])
time.sleep(3)
growth = server.resident_bytes() - before
slow.kill()
check(growth < 64 << 20, f"a slow reader makes it grow by {growth / (1 << 20):.1f} MiB")
os.unlink(big)

# Drain: no accepted request fails
failures, done, stopping = [], [0], threading.Event()
def visitor():
    connection = http.client.HTTPConnection(*server.edge, timeout=10)
    while True:
        try:
            connection.request("GET", "/cached/page")
            response = connection.getresponse()
            if response.status != 200 or len(response.read()) != len(page):
                failures.append(response.status)
            done[0] += 1
            if response.getheader("Connection") == "close":
                connection.close()
                if stopping.is_set():
                    return
        except ConnectionRefusedError:
            return
        except (OSError, http.client.HTTPException) as error:
            # Closing an idle kept connection is allowed; the client then sees its next request not taken.
            if isinstance(error, (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)) and stopping.is_set():
                return
            failures.append(repr(error))
            return
threads = [threading.Thread(target=visitor) for _ in range(16)]
for t in threads:
    t.start()
time.sleep(1)

# Reload under load: a bad file leaves the old one running and says why
config.write_text(f"origins:\n  - url: {nginx.url}\n    retires: 3\n")
status, _, body = server.api("/api/v1/reload", "POST")
check(status == 400 and b"did you mean retries" in body, f"a bad file is refused: {body.decode()[:200]}")
config.write_text(f"origins:\n  - url: {nginx.url}\n    retries: 3\ncache: {{memory_bytes: 64MiB}}\n")
status, _, body = server.api("/api/v1/reload", "POST")
check(status == 200, f"a good one is taken: {body.decode()[:200]}")
server.process.send_signal(signal.SIGHUP)
time.sleep(0.5)
check(not failures, f"reloads fail no request {failures[:3]}")

count = server.sql("SELECT count(*) AS n FROM requests")[0]["n"]
stopping.set()
check(server.terminate() == 0, "SIGTERM drains and exits with 0")
for t in threads:
    t.join(20)
check(not failures, f"no request failed in {done[0]}: {failures[:3]}")
offline = run("sql", "SELECT count(*) AS n FROM requests WHERE url.path = '/cached/page'", "--format", "json", "--data", server.data)
logged = json.loads(offline.stdout)["n"]
check(logged >= done[0], f"no event is lost: {logged} logged, {done[0]} answered and counted by the clients")
