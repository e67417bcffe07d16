#!/usr/bin/env python3
"""Rules on the built binary, as operators and clients meet them: every action in each of its phases, rules that are wrong, a
reload under load, explain-request with a server and without, the debug field, purges of what rules changed.
`rules.py BINARY`."""
import http.server, re, threading
from support import *

seen = []


class Origin(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked; `/status/N` with that status; `h.NAME=VALUE` parameters become fields."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        seen.append((self.path, dict((k.lower(), v) for k, v in self.headers.items())))
        status = int(m[1]) if (m := re.match(r"/status/(\d+)", self.path)) else 200
        body = f"{self.server.name} {self.command} {self.path}\n".encode() * (200 if self.path.startswith("/long") else 1)
        self.send_response(status)
        fields = {"Cache-Control": "max-age=60", "Content-Type": "text/plain", "X-Powered-By": "old"}
        fields |= {k.replace("_", "-"): v for k, v in re.findall(r"[?&]h\.([A-Za-z_]+)=([^&]*)", self.path)}
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    do_HEAD = do_GET

    def log_message(self, *a):
        pass


def origin(name):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    server.daemon_threads, server.name = True, name
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


main, other = origin("main"), origin("other")
SECRET = "a secret of the acceptance test"
HEAD = f"""
origins:
  - {{name: main, url: http://127.0.0.1:{main}}}
  - {{name: other, url: http://127.0.0.1:{other}, hosts: [other.example]}}
  - {{name: dead, url: "http://127.0.0.1:{free_port()}", hosts: [dead.example], retries: 0}}
edge:
  debug: {{secret: "{SECRET}", max_life_ms: 10m}}
"""
RULES = """
rules:
  - {name: denied, when: "url.path = '/denied'", deny: true}
  - {name: gone, when: "url.path LIKE '/gone/%'", deny: 410}
  - name: who
    when: url.path = '/who'
    respond: {status: 200, headers: {Content-Type: application/json, X-Ip: "${client.ip}"}, body: '{"ip": "${client.ip}"}'}
  - {name: away, when: "url.path = '/away'", redirect: {to: "https://a.example${url.path}", status: 308}}
  - {name: throttled, when: "url.path = '/throttled'", throttle: {key: "header('x-key')", rate: 1/m, burst: 2}}
  - {name: moved, when: "url.path LIKE '/blog/%'", rewrite: "${REGEXP_REPLACE(url.path, '^/blog/', '/posts/')}"}
  - {name: tidy, strip_query: [utm_*], sort_query: true}
  - {name: tell-origin, set_headers: {X-Set: "${url.path}"}, add_headers: {X-Added: b}, drop_headers: [X-Secret-*]}
  - {name: tenants, when: "url.path LIKE '/tenant%'", add_cache_key: ["header('x-tenant')"]}
  - {name: one-app, when: "url.path LIKE '/app/%'", cache_key: [url.domain, "'app'"]}
  - {name: kept, when: "url.path = '/kept'", ttl: 100, grace: 1h}
  - {name: past, when: "url.path = '/past'", bypass: true}
  - {name: tagged, when: "url.path LIKE '/tag/%'", tags: ["t-${SPLIT_INDEX(url.path, '/', 2)}", all]}
  - {name: plain, when: "header('x-player') = '1'", compress: false}
  - {name: staff, when: "cookie('staff') = '1'", origin: other}
  - {name: split, when: "url.path = '/split'", canary: {by: "cookie('uid')", split: {main: 50, other: 50}}}
  - {name: missed, phase: miss, set_headers: {X-Miss: "1"}}
  - {name: miss-denied, phase: miss, when: "url.path = '/miss-denied'", deny: 451}
  - {name: fetched, phase: fetch, when: "http.response.status_code = 404", ttl: 50}
  - {name: refused, phase: fetch, when: "url.path = '/refused'", bypass: true}
  - {name: uncookied, phase: fetch, when: "url.extension = 'css'", drop_headers: [Set-Cookie], set_headers: {X-Fetch: "1"}}
  - name: tell-client
    phase: deliver
    set_headers: {X-Cache: "${cache.status}"}
    drop_headers: [X-Powered-By]
  - name: sorry
    phase: error
    when: http.response.status_code >= 500
    respond: {status: 503, headers: {Retry-After: "30", X-Error: "${error.code}"}, body: Back soon}
"""
work = folder()
config = work / "squilla.yaml"
config.write_text(HEAD + RULES)
check("warning" not in run("check", "-c", config).stderr, "the rules are good")
server = Server("-c", config)


def get(path, headers=None, **more):
    status, fields, body = server.get(path, headers, **more)
    return status, fields, body.decode(errors="replace")


def last(path):
    return next(fields for target, fields in reversed(seen) if target == path)


# Actions that answer
check(get("/denied")[0] == 403 and get("/gone/x")[0] == 410, "deny")
status, fields, body = get("/who")
check((status, fields["x-ip"], json.loads(body)["ip"]) == (200, "127.0.0.1", "127.0.0.1"), "respond")
check((lambda a: (a[0], a[1]["location"]))(get("/away?q=1")) == (308, "https://a.example/away?q=1"), "redirect keeps the query")
statuses = [get("/throttled", {"X-Key": "k"})[0] for _ in range(4)]
check(statuses == [200, 200, 429, 429] and get("/throttled", {"X-Key": "l"})[0] == 200, f"throttle by key: {statuses}")
check(int(get("/throttled", {"X-Key": "k"})[1]["retry-after"]) <= 60, "Retry-After")
check(get("/miss-denied")[0] == 451, "deny in phase miss")
status, fields, body = get("/x", {"Host": "dead.example"})
check((status, body, fields["x-error"]) == (503, "Back soon", "origin_connect_refused"), f"phase error: {status} {fields} {body}")

# Actions that change the request
check(get("/blog/7?b=1")[2] == "main GET /posts/7?b=1\n", "rewrite")
check(get("/q?b=2&utm_a=1&a=1")[2] == "main GET /q?a=1&b=2\n", "strip_query and sort_query")
check(get("/q?a=1&b=2&utm_b=9")[1]["x-cache"] == "hit", "one key for both")
get("/fields", {"X-Secret-A": "1", "X-Set": "mine", "X-Added": "a"})
fields = last("/fields")
check((fields["x-set"], "x-secret-a" in fields, fields["x-miss"]) == ("/fields", False, "1"), f"set, drop, phase miss: {fields}")

# About the cache
check([get("/tenant", {"X-Tenant": t})[1]["x-cache"] for t in "aab"] == ["miss", "hit", "miss"], "add_cache_key")
check([get(p)[1]["x-cache"] for p in ("/app/1", "/app/2")] == ["miss", "hit"], "cache_key")
get("/kept?h.Cache_Control=no-store")
check(re.search("hit; ttl=(100|9\\d)$", get("/kept?h.Cache_Control=no-store")[1]["cache-status"]), "ttl outweighs no-store")
check([get("/unkept?h.Cache_Control=no-store")[1]["x-cache"] for _ in "12"] == ["bypass"] * 2, "and is for its condition only")
check([get("/past")[1]["x-cache"] for _ in "12"] == ["bypass"] * 2, "bypass in receive")
check([get("/refused")[1]["x-cache"] for _ in "12"] == ["bypass"] * 2, "bypass in fetch")
check([get("/status/404?h.Cache_Control=no-store")[1]["x-cache"] for _ in "12"] == ["miss", "hit"], "ttl by the answer")
get("/tag/7"), get("/tag/8")
check(json.loads(run("purge", "--data", server.data, "--tag", "t-7").stdout)["objects"] == 1, "a rule's tag is purged")
check([get(p)[1]["x-cache"] for p in ("/tag/7", "/tag/8")] == ["miss", "hit"], "and no other")
get("/long", {"Accept-Encoding": "gzip"})
check(get("/long", {"Accept-Encoding": "gzip"})[1].get("content-encoding") == "gzip", "compressed without a rule")
check("content-encoding" not in get("/long", {"Accept-Encoding": "gzip", "X-Player": "1"})[1], "compress: false")

# Origins
check(get("/o", {"Cookie": "staff=1"})[2].startswith("other ") and get("/o")[2].startswith("main "), "origin, apart in the cache")
went = {uid: get("/split", {"Cookie": f"uid={uid}"})[2].split()[0] for uid in range(40)}
check(set(went.values()) == {"main", "other"}, "canary splits")
check(all(get("/split", {"Cookie": f"uid={uid}"})[2].split()[0] == name for uid, name in went.items()), "and stays")

# The answer
status, fields, _ = get("/a.css?h.Set_Cookie=a%3D1")
check("set-cookie" not in fields and fields["x-fetch"] == "1" and "x-powered-by" not in fields, "phases fetch and deliver")

# Purges reach what rules made of a URL
edge = "http://%s:%d" % server.edge
for tenant in "cd":
    get("/tenant/2", {"X-Tenant": tenant})
answer = json.loads(run("purge", "--data", server.data, f"{edge}/tenant/2").stdout)
check(answer["objects"] == 2, f"a URL is purged under all of its keys: {answer}")
check([get("/tenant/2", {"X-Tenant": t})[1]["x-cache"] for t in "cd"] == ["miss"] * 2, "and none is served")
get("/p?b=2&a=1")
answer = json.loads(run("purge", "--data", server.data, f"{edge}/p?utm_x=1&b=2&a=1").stdout)
check(answer["objects"] == 1 and get("/p?a=1&b=2")[1]["x-cache"] == "miss", f"a URL as clients ask for it is purged: {answer}")

# explain-request
before = len(seen)
text = run("explain-request", "--data", server.data, f"{edge}/p?b=2&a=1&utm_y=3", "-H", "Cookie: staff=0").stdout
check("hit: fresh for" in text and "key: %s/p?a=1&b=2" % edge[7:] in text, f"a running server tells what it has:\n{text}")
check("receive staff" in text and "cookie('staff') = '1', where request.cookies['staff'] = '0'" in text, "and why a rule didn't fire")
check(len(seen) == before, "no origin was asked")
for _ in range(5):
    text = run("explain-request", "--data", server.data, f"{edge}/throttled", "-H", "X-Key: m").stdout
check("throttle not asked" in text and get("/throttled", {"X-Key": "m"})[0] == 200, "no throttle counted it")
text = run("explain-request", "-c", config, "http://other.example/nothing", "--json").stdout
explained = json.loads(text)
check(explained["route"]["origin"] == "other" and explained["cache"]["outcome"] == "miss" and not explained["live"],
      "from the configuration alone")
text = run("explain-request", "-c", config, "http://a.example/", "--status", "404").stdout
check("fetch fetched" in text and "ttl 50 s" in text, f"an answer that is assumed:\n{text}")
for arguments in (["ftp://x/"], ["http://a.example/", "-H", "nothing"], ["http://a.example/", "--status", "99"],
                  ["http://a.example/", "-H", "A: b\r\nC: d"], ["http://a.example/", "--client", "nobody"]):
    for place in (["-c", config], ["--data", server.data]):
        answer = run("explain-request", *place, *arguments)
        check(answer.returncode != 0 and answer.stderr.strip() and "Fatal" not in answer.stderr,
              f"{arguments} is refused: {answer.stderr.strip()[:100]}")
status, _, body = server.api("/api/v1/explain", "POST", {"url": f"{edge}/denied", "nonsense": 1})
check(status == 400 and b"nonsense" in body, "an unknown member")

# The debug field
answer = run("debug-header", "-c", config, f"{edge}/p", "--life", "300")
name, _, ticket = answer.stdout.strip().partition(": ")
check(name == "Squilla-Debug" and 'signature="' in ticket, f"debug-header: {answer.stdout}{answer.stderr}")
told = get("/p?a=1&b=2", {name: ticket})[1].get("squilla-debug", "")
check("cache=hit" in told and 'key="%s/p?a=1&b=2"' % edge[7:] in told and '"receive.tidy"' in told, f"it tells: {told}")
told = get("/p?a=3", {name: ticket})[1].get("squilla-debug", "")
check("cache=miss, why=uri-miss" in told and 'origin="main"' in told and "attempts=1" in told and "first-byte-us=" in told,
      f"of a miss too: {told}")
check("squilla-debug" not in last("/p?a=3"), "the origin does not see it")
check("squilla-debug" not in get("/p?a=3")[1], "the next client is told nothing")
for wrong in (ticket.replace('="', '="0'), ticket.replace("expires=", "expires=1"), "x" * 9000, ""):
    check("squilla-debug" not in get("/p?a=1&b=2", {name: wrong})[1], f"a wrong one tells nothing: {wrong[:50]}")
check("squilla-debug" not in get("/other", {name: ticket})[1], "nor does one for another path")
check(run("debug-header", "-c", config, f"{edge}/p", "--life", "7200").returncode == 1, "it can't outlive max_life_ms")
check(run("debug-header", f"{edge}/p", env={"SQUILLA_DEBUG_SECRET": SECRET}).returncode == 0, "the secret from the environment")

# Rules that are wrong
for wrong, words in (
    ("when: url.pth = '/'\n    deny: true", "did you mean url.path"), ("phase: fetch\n    deny: true", "no meaning in phase fetch"),
    ("origin: nowhere", "there is no origin nowhere"), ("when: \"REGEXP(url.path, '(')\"\n    deny: true", "regular expression"),
    ("ttl: soon", "ttl"), ("canary: {split: {main: 50}}", "100 percent"), ("set_headers: {Content-Length: 1}", "edge's own"),
    ("throttle: {rate: 0/s}", "rate"), ("redirect: {to: /x, status: 200}", "from 301 to 308"), ("nonsense: 1", "nonsense"),
    ("when: http.response.status_code = 200\n    deny: true", "not known in phase receive"), ("stop: true\n    when: (", "rules"),
):
    bad = work / "bad.yaml"
    bad.write_text(HEAD + f"rules:\n  - name: bad\n    {wrong}\n")
    answer = run("check", "-c", bad)
    check(answer.returncode == 1 and words in answer.stderr and "bad.yaml:1" in answer.stderr,
          f"{wrong!r} is refused with its place: {answer.stderr.strip()[:120]}")
bad.write_text(HEAD + "rules:\n" + "  - {name: a, when: \"url.path = '/'\", deny: true}\n" * 2)
check(run("check", "-c", bad).returncode == 1, "two rules of one name")

# A reload under load: each answer is of the old rules or of the new ones, none is lost, and wrong ones change nothing
stop, wrong, counts = threading.Event(), [], {"old": 0, "new": 0}


def load():
    connection = http.client.HTTPConnection(*server.edge, timeout=20)
    while not stop.is_set():
        connection.request("GET", "/load")
        answer = connection.getresponse()
        answer.read()
        word = answer.getheader("X-Edition", "old")
        if answer.status != 200 or word not in counts:
            wrong.append((answer.status, word))
            return
        counts[word] += 1


threads = [threading.Thread(target=load) for _ in range(4)]
for thread in threads:
    thread.start()
for turn in range(6):
    time.sleep(0.2)
    config.write_text(HEAD + RULES + ("  - {name: edition, phase: deliver, set_headers: {X-Edition: new}}\n" if turn % 2 == 0 else ""))
    check(run("reload", "--data", server.data).returncode == 0, f"reload {turn + 1} under load")
config.write_text(HEAD + RULES + "  - {name: broken, when: url.pth, deny: true}\n")
check(run("reload", "--data", server.data).returncode == 1, "wrong rules are refused")
check("x-edition" not in get("/load")[1], "and the old ones stay")
time.sleep(0.2)
stop.set()
for thread in threads:
    thread.join()
check(not wrong and counts["old"] and counts["new"], f"no answer was lost or mixed: {counts} {wrong}")

fired = {rule["name"]: rule["fired"] for rule in json.loads(server.api("/api/v1/rules")[2])}
check(fired["tidy"] > 0 and fired["denied"] == 0, f"counts are of the rules in force: {fired['tidy']}")
print("rules: all as written")
