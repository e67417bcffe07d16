#!/usr/bin/env python3
"""Edge Side Includes as users meet them: the conformance suite over HTTP, and the command at the desk."""
from support import *

suite = subprocess.run([sys.executable, str(ROOT / "Conformance/ESI/run"), "--binary", BINARY], capture_output=True, text=True,
                       timeout=300)
check("; all " in suite.stdout, f"the suite ran\n{suite.stderr}")
check(suite.returncode == 0, f"every case passes:\n{suite.stdout}")

work = folder()
site = work / "site"
site.mkdir()
(site / "hello").write_text("Hello")
page = work / "page.html"
page.write_text('<p><esi:include src="/hello"/>, <esi:vars>$(HTTP_COOKIE{user})</esi:vars></p>\n')
answer = run("esi", page, "--fragments", site, "--header", "Cookie: user=ada", "--explain")
check(answer.returncode == 0 and answer.stdout == "<p>Hello, ada</p>\n", f"a page at the desk: {answer.stdout}{answer.stderr}")
check("include: http://localhost/hello" in answer.stderr, "and what was fetched")
bad = site / "bad.html"
bad.write_text("<p>\n  <esi:include/>\n</p>\n")
answer = run("esi", bad, "--fragments", site)
check(answer.returncode == 1 and "bad.html:2:3" in answer.stderr, f"a mistake has its place: {answer.stderr}")
answer = run("esi", "lint", site)
check(answer.returncode == 1 and "bad.html:2:3: error" in answer.stdout, f"lint finds it: {answer.stdout}")
bad.unlink()
check(run("esi", "lint", site, page).returncode == 0, "and nothing where nothing is wrong")

# The edge in front of an origin that means well, and of one that does not.
import gzip, http.server


BOMB = gzip.compress(bytes(100 << 20))


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen, version = [], 1

    def do_GET(self):
        path = self.path.split("?")[0]
        Origin.seen.append(path)
        head, body = {"Content-Type": "text/html", "Cache-Control": "max-age=600"}, b"?"
        asks = {**head, "Surrogate-Control": 'max-age=3600, content="ESI/1.0"', "ETag": '"t"'}
        include = '<esi:include src="{}" {}/>'.format
        if path == "/page":
            head, body = asks, f"<p>{include('/news', '')}, {include('/you', '')}</p>".encode()
        elif path == "/news":
            body = b"news %d" % Origin.version
        elif path == "/you":
            head, body = {**head, "Cache-Control": "private, no-store"}, self.headers.get("Cookie", "nobody").encode()
        elif path == "/hostile":
            names = ("hangs", "trickles", "binary", "cookie", "bomb", "self", "loop", "truncated", "garbage", "huge")
            def fragment(name):
                # The others have as long as they need on a busy machine.
                limit = 'maxwait="3000"' if name in ("hangs", "trickles") else ""
                return f"[{name}:" + include("/" + name, f'onerror="continue" {limit} dca="esi"') + "]"

            parts = "".join(map(fragment, names))
            head, body = asks, (parts + "end").encode()
        elif path == "/hangs":
            time.sleep(30)
            return
        elif path == "/trickles":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(300):
                self.wfile.write(b"x")
                time.sleep(0.1)
            return
        elif path == "/binary":
            body = bytes(range(256)) * 40 + b"<esi:"
        elif path == "/cookie":
            head, body = {**head, "Set-Cookie": "stolen=1"}, b"c"
        elif path == "/bomb":
            head, body = {**head, "Content-Encoding": "gzip"}, BOMB
        elif path in ("/self", "/loop", "/loop2"):
            other = {"/self": "/self", "/loop": "/loop2", "/loop2": "/loop"}[path]
            body = ("<" + include(other, 'dca="esi"') + ">").encode()
        elif path == "/truncated":
            head, body = {**head, "Content-Length": "1000"}, b"short"
        elif path == "/garbage":
            head, body = {**head, "Content-Encoding": "gzip"}, b"no gzip"
        elif path == "/huge":
            head, body = {**head}, b"h" * (20 << 20)
        self.send_response(200)
        for name, value in {"Content-Length": len(body), **head}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if path == "/truncated":
            self.close_connection = True

    def log_message(self, *arguments):
        pass


class Threads(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *arguments):
        pass


site = Threads(("127.0.0.1", 0), Origin)
threading.Thread(target=site.serve_forever, daemon=True).start()
(work / "squilla.yaml").write_text(f"""
edge: {{listen: "127.0.0.1:0"}}
management: {{listen: "127.0.0.1:0"}}
origins: [{{url: "http://127.0.0.1:{site.server_port}"}}]
esi: {{enabled: true}}
""")
edge = Server("-c", work / "squilla.yaml", listen=False)
for name in ("ada", "bob"):
    status, headers, body = edge.get("/page", {"Cookie": name})
    check((status, body) == (200, f"<p>news 1, {name}</p>".encode()), f"{body.decode()} ({headers.get('cache-status')})")
    check(headers["cache-control"] == "max-age=600" and not {"etag", "surrogate-control", "set-cookie"} & headers.keys(), "its head is a page's")
check((Origin.seen.count("/page"), Origin.seen.count("/news"), Origin.seen.count("/you")) == (1, 1, 2), "each part has a cache life of its own")
for fields in ({"If-None-Match": '"t"'}, {"Range": "bytes=0-2"}):
    check(edge.get("/page", {"Cookie": "ada", **fields})[::2] == (200, b"<p>news 1, ada</p>"), f"all of it for {fields}")
Origin.version = 2
host = f"http://{edge.edge[0]}:{edge.edge[1]}"
check(run("purge", host + "/news", "--data", edge.data).returncode == 0, "a purge of a fragment")
check(b"news 2" in edge.get("/page")[2] and Origin.seen.count("/page") == 1, "leaves the page")

before = edge.resident_bytes()
start = time.monotonic()
status, headers, body = edge.get("/hostile", timeout=60)
took = time.monotonic() - start
check(status == 200 and body.endswith(b"end") and took < 25, f"bad fragments: {len(body)} bytes in {took:.1f} s")
check(b"[hangs:]" in body and b"[bomb:]" in body and b"[cookie:c]" in body and b"[garbage:]" in body and b"[huge:]" in body, "each fails alone")
check("set-cookie" not in headers and b"esi:include" not in body, "no cookie and no markup of theirs comes through")
check(edge.resident_bytes() - before < 150 << 20, f"resident {(edge.resident_bytes() - before) / 1e6:+.0f} MB")
events = until("events", lambda: (r := edge.sql("SELECT * FROM requests WHERE url.path = '/hostile'")) and r)
check(events[0]["esi.failed"] >= 6 and events[0]["esi.refused"] >= 3 and events[0]["esi.error.code"], f"the event tells: {events[0]['esi.error.message']}")



def codes():
    rows = edge.sql("SELECT error.code AS c, count(*) AS n FROM requests WHERE esi.parent IS NOT NULL AND error.code IS NOT NULL GROUP BY 1")
    found = {row["c"]: row["n"] for row in rows}
    return found if {"esi_timeout", "esi_decoded_bytes", "esi_bad_coding"} <= found.keys() else None


print("ok:", until("events of the fragments say what was wrong", codes))
metrics = edge.api("/metrics")[2].decode()
check('squilla_esi_errors_total{code="decoded_bytes"} 1' in metrics, "and the counters")
check(edge.get("/page")[0] == 200, "it still serves")
check(edge.terminate() == 0, "and stops")

# Killed with -9 while pages are put together, with a tier on disk: whatever is answered whole is right.
(work / "killed.yaml").write_text(f"""
origins: [{{url: "http://127.0.0.1:{site.server_port}"}}]
esi: {{enabled: true}}
cache: {{disk: {{path: {work}/disk, large_bytes: 1}}}}
""")
data, pages, wrong = folder() / "data", [0], []


def visit(edge, name):
    """Asks for pages until the server is gone."""
    try:
        while True:
            status, _, body = edge.get("/page", {"Cookie": name, "Host": "esi.test"})
            if (status, body) != (200, f"<p>news 2, {name}</p>".encode()):
                return wrong.append(body)
            pages[0] += 1
    except (OSError, http.client.HTTPException):
        pass


for _ in range(3):
    edge = Server("-c", work / "killed.yaml", data=data)
    visitors = [threading.Thread(target=visit, args=(edge, f"visitor{number}")) for number in range(8)]
    for visitor in visitors:
        visitor.start()
    before = pages[0]
    time.sleep(0.8)
    until("pages are put together", lambda: wrong or pages[0] >= before + 40, 60)
    edge.kill()
    for visitor in visitors:
        visitor.join()
check(not wrong and pages[0] > 100, f"{pages[0]} pages over three kills with -9 are whole: {wrong[:1]}")
edge = Server("-c", work / "killed.yaml", data=data)
check(edge.get("/page", {"Cookie": "ada", "Host": "esi.test"})[2] == b"<p>news 2, ada</p>", "and the next one too")
rows = until("its events", lambda: (r := edge.sql("SELECT count(*) AS n, sum(esi.includes) AS parts FROM requests WHERE url.path = '/page'")) and r[0]["n"] and r)
check(rows[0]["parts"] == 2 * rows[0]["n"] > 0, f"what the log has of them is whole: {rows[0]}")
check(edge.terminate() == 0, "and it stops")
