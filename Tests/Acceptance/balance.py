#!/usr/bin/env python3
"""Origins of several endpoints and purging, on the built binary: an endpoint that is killed and comes back costs no
request, one that hangs leaves hits alone, a purge is seen by every worker at once and needs the token, and two edges that
point at each other refuse the circle. `balance.py BINARY`."""
import statistics, sys, threading, time
from support import *

ORIGIN = """
import http.server, sys, time
name, port = sys.argv[1], int(sys.argv[2])
version = 0
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, body, *fields):
        self.send_response(200)
        for key, value in fields: self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        global version
        if self.path.startswith("/hang"): time.sleep(3600)
        if self.path.startswith("/next"): version += 1
        if self.path.startswith("/stored"):
            return self.answer(b"%s %d" % (self.path.encode(), version), ("Cache-Control", "max-age=600"),
                               ("Surrogate-Key", "all page-" + self.path[8:]))
        self.answer(name.encode(), ("Cache-Control", "no-store"))
    def log_message(self, *a): pass
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
Server(("127.0.0.1", port), Handler).serve_forever()
"""


class Origin:
    def __init__(self, name, port=None):
        self.name, self.port = name, port or free_port()
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-c", ORIGIN, self.name, str(self.port)])
        atexit.register(self.kill)
        until(f"origin {self.name} answers", lambda: request(("127.0.0.1", self.port), "/up")[0] == 200)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


def configured(text, *arguments):
    path = folder() / "squilla.yaml"
    path.write_text(text)
    return Server("-c", path, *arguments)


def failover():
    origins = [Origin(name) for name in "abc"]
    endpoints = ", ".join("{url: %s}" % origin.url for origin in origins)
    server = configured(f"""
origins:
  - name: shop
    endpoints: [{endpoints}]
    balance: {{policy: least_request}}
    check: {{path: /up, interval_ms: 200ms, timeout_ms: 10s, fall: 1, rise: 1}}
    retries: 2
""")
    stop, answers, lock = threading.Event(), [], threading.Lock()

    def client(number):
        connection = http.client.HTTPConnection(*server.edge, timeout=20)
        while not stop.is_set():
            begun = time.monotonic()
            connection.request("GET", f"/{number}/{len(answers)}")
            response = connection.getresponse()
            body = response.read().decode()
            with lock:
                answers.append((begun, response.status, body))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    state = lambda: {e["endpoint"]: e["state"] for o in json.loads(server.api("/api/v1/origins")[2]) for e in o["endpoints"]}
    time.sleep(1)
    origins[1].kill()
    until("the killed endpoint is out", lambda: state()[f"127.0.0.1:{origins[1].port}"] != "available")
    time.sleep(1)
    out = time.monotonic()
    time.sleep(0.5)
    origins[1].start()
    until("it is back", lambda: state()[f"127.0.0.1:{origins[1].port}"] == "available", 60)
    back = time.monotonic()
    until("it is asked again", lambda: any(body == "b" for at, _, body in answers if at > back))
    stop.set()
    for thread in threads:
        thread.join(30)
    failed = [answer for answer in answers if answer[1] != 200]
    check(not failed, f"none of {len(answers)} requests failed while an endpoint was killed and came back {failed[:3]}")
    check(not any(body == "b" for at, _, body in answers if out < at < out + 0.4), "nothing was sent where nobody is")
    table = run("origins", "--data", server.data).stdout
    check("127.0.0.1:%d" % origins[0].port in table and "available" in table, "squilla origins shows the endpoints")
    until("events name the endpoints", lambda: server.sql(
        "SELECT count(DISTINCT origin.endpoint) AS e FROM requests WHERE origin.tier = 'origin'")[0]["e"] == 3)
    server.terminate()


def slow_origin_leaves_hits_alone():
    slow, fast = Origin("slow"), Origin("fast")
    server = configured(f"""
origins:
  - {{name: slow, url: {slow.url}, hosts: [slow.example], first_byte_timeout_ms: 60s}}
  - {{name: fast, url: {fast.url}}}
""")

    def hits(count):
        connection, times = http.client.HTTPConnection(*server.edge, timeout=20), []
        for _ in range(count):
            start = time.perf_counter()
            connection.request("GET", "/stored/x")
            body = connection.getresponse().read()
            times.append(time.perf_counter() - start)
            assert body.startswith(b"/stored/x"), body
        return statistics.median(times) * 1e6

    before = hits(3000)
    waiting = []
    for number in range(200):
        s = socket.create_connection(server.edge)
        s.sendall(b"GET /hang/%d HTTP/1.1\r\nHost: slow.example\r\n\r\n" % number)
        waiting.append(s)
    time.sleep(0.5)
    during = hits(3000)
    check(during < before * 3 + 50_000, f"a hit took {before:.0f} us before, {during:.0f} us while 200 requests hung elsewhere")
    for s in waiting:
        s.close()
    server.terminate()


def purge():
    origin = Origin("o")
    server = configured(f"""
edge: {{workers: 2}}
management: {{token: correct-horse}}
origins: [{{url: {origin.url}}}]
""")
    for number in range(50):
        server.get(f"/stored/{number}")
    until("all is stored", lambda: server.get("/stored/49")[2] == b"/stored/49 0")
    status, _, _ = server.api("/api/v1/purge", "POST", {"tags": ["all"]})
    check(status == 401, "a purge without the token is refused")
    check(server.get("/stored/7")[1]["cache-status"].startswith("squilla; hit"), "and purges nothing")
    request(("127.0.0.1", origin.port), "/next")
    token = {"SQUILLA_TOKEN": "correct-horse"}
    answer = run("purge", "--tag", "page-7", "--data", server.data, env=token)
    check(json.loads(answer.stdout)["objects"] == 1, f"a purge by tag says what it met {answer.stdout} {answer.stderr}")
    check(server.get("/stored/7")[2] == b"/stored/7 1", "what was purged is fetched anew")
    check(server.get("/stored/8")[2] == b"/stored/8 0", "the rest stays")
    stale = 0
    for round_number in range(20):
        request(("127.0.0.1", origin.port), "/next")
        document = json.loads(run("purge", "--tag", "all", "--data", server.data, env=token).stdout)
        for number in range(50):
            stale += server.get(f"/stored/{number}")[2] != b"/stored/%d %d" % (number, round_number + 2)
    check(stale == 0, "no worker served anything stale after the answer, 20 times over 50 objects")
    check(document["objects"] == 50, "the last purge met all")
    answer = run("purge", f"http://{server.edge[0]}:{server.edge[1]}/stored/3", "--soft", "--data", server.data, env=token)
    check(json.loads(answer.stdout)["objects"] == 1, "softly by URL")
    answer = run("purge", "--all", "--data", server.data, env=token)
    check(json.loads(answer.stdout)["objects"] == 50, "everything")
    check(run("purge", "--data", server.data, env=token).returncode != 0, "nothing to purge is an error")
    server.terminate()


def loop():
    ports = [free_port(), free_port()]
    servers = [Server("--listen", f"127.0.0.1:{ports[i]}", "--management", "127.0.0.1:0", "--origin",
                      f"http://127.0.0.1:{ports[1 - i]}", listen=False) for i in range(2)]
    status, _, body = servers[0].get("/x")
    check(status == 508 and b"request_loop" in body, f"two edges that point at each other answer 508 ({status})")
    for server in servers:
        server.terminate()


failover()
slow_origin_leaves_hits_alone()
purge()
loop()
