#!/usr/bin/env python3
"""The command line as a user types it: check, sql over files and standard input, log, tail, live queries, replay."""
import subprocess, threading
from support import *

work = folder()

# check
good = work / "good.yaml"
good.write_text("origins: [{url: http://127.0.0.1:3000}]\n")
check(run("check", "-c", good).returncode == 0, "a good configuration")
bad = work / "bad.yaml"
bad.write_text("origins: [{url: http://127.0.0.1:3000}]\nedge:\n  lissten: 80\n  header_timeout_ms: soon\n")
answer = run("check", "-c", bad)
check(answer.returncode == 1 and "bad.yaml:3:3: edge.lissten: unknown key; did you mean listen?" in answer.stderr
      and "bad.yaml:4:22" in answer.stderr, f"a bad one is explained:\n{answer.stderr}")
check(run("check", "-c", work / "absent.yaml").returncode == 1, "a missing one")
check(run("up", "-c", bad, "--data", work / "d").returncode == 1, "up refuses it too")
check("origin" in run("up", "--data", work / "d").stderr, "up without an origin says so")

# Swift's own libraries are inside: the binary runs where no Swift is.
linked = subprocess.run(["ldd", BINARY], capture_output=True, text=True)
check(linked.returncode == 0 and "libswift" not in linked.stdout and "libFoundation" not in linked.stdout, f"no library of Swift is asked for:\n{linked.stdout}")

# sql over files
bids = work / "bids.ndjson"
with open(bids, "w") as f:
    for i in range(1000):
        f.write(json.dumps({"ts": f"2026-01-01T00:00:{i // 20:02d}.{i % 20:02d}0Z", "auction": i % 7, "price": i, "item": {"name": f"n{i % 3}"}}) + "\n")


def sql(text, *more, **options):
    answer = run("sql", text, "--format", "json", *more, **options)
    check(answer.returncode == 0, f"{text}: {answer.stderr}") if answer.returncode else None
    return [json.loads(line) for line in answer.stdout.splitlines()]


rows = sql("SELECT auction, count(*) AS n, max(price) AS top FROM bids GROUP BY auction ORDER BY auction", "--table", f"bids={bids}")
check(rows[0] == {"auction": 0, "n": 143, "top": 994} and len(rows) == 7, f"grouping a file: {rows[0]}")
rows = sql("SELECT window_start, count(*) AS n FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end", "--table", f"bids={bids}")
check([r["n"] for r in rows] == [200] * 5 and rows[0]["window_start"].startswith("2026-01-01T00:00:00"), f"windows over a file: {rows[0]}")
check(sql("SELECT item.name AS name, count(*) AS n FROM bids GROUP BY 1 ORDER BY 1", "--table", f"bids={bids}")[0] == {"name": "n0", "n": 334}, "nested names")
csv = work / "people.csv"
csv.write_text('name,age,city\n"Ada, Countess",36,London\nAlan,41,\n')
check(sql("SELECT name, age FROM people WHERE city IS NULL OR city = ''", "--table", f"people={csv}") == [{"name": "Alan", "age": 41}], "CSV with a header")
check(sql("SELECT sum(price) AS s FROM bids", "--table", "bids=-", stdin=bids.read_text()) == [{"s": 499500}], "standard input")
check(run("sql", "SELECT 1 AS one, 'x' AS two", "--format", "csv").stdout == "one,two\n1,x\n", "csv out")
table = run("sql", "SELECT 1 AS one, 'x' AS two").stdout
check("one" in table and "two" in table and "x" in table, "a table by default")
if SAMPLE_LOG.exists():
    rows = sql("SELECT http.response.status_code AS s, count(*) AS n FROM a GROUP BY 1 ORDER BY n DESC", "--table", f"a={SAMPLE_LOG}")
    check(rows[0] == {"s": 200, "n": 9125}, f"a real access log: {rows[0]}")

# bad SQL
for text, place in (("SELEC 1", "1:1"), ("SELECT FROM", "1:8"), ("SELECT 1 +", ""), ("SELECT nope FROM bids", "1:8"), ("SELECT * FROM bidz", "1:15"),
                    ("SELECT auction FROM bids GROUP BY price", "1:8"), ("SELECT lowr('a')", "1:8"), ("SELECT 'a", "1:8"),
                    ("SELECT 1; DROP TABLE x", ""), ("SELECT " + "(" * 5000 + "1" + ")" * 5000, ""), ("", "")):
    answer = run("sql", text, "--table", f"bids={bids}")
    first = (answer.stderr.splitlines() or [""])[0]
    check(answer.returncode == 1 and first and (not place or place.split(":")[1] in answer.stderr), f"{text[:40]!r} is refused: {first[:160]}")
answer = run("sql", "SELECT auctoin FROM bids", "--table", f"bids={bids}")
check("auction" in answer.stderr, f"with a suggestion: {answer.stderr.strip()}")
broken = work / "broken.ndjson"
broken.write_text('{"a": 1}\nnot json\n{"a": 2, "b": {"c": [1,2]}}\n{"a":\n')
answer = run("sql", "SELECT sum(a) AS s FROM t", "--table", f"t={broken}", "--format", "json")
check(json.loads(answer.stdout)["s"] == 3 and "2" in answer.stderr, f"broken lines are skipped, counted and reported: {answer.stderr.strip()[:200]}")
check(run("sql", "SELECT 1 FROM t", "--table", f"t={work}/absent").returncode == 1, "a missing file")

# log, without a server and with one
data = work / "data"
answer = run("log", "append", "deploys", "--data", data, stdin='{"service": "shop", "version": 1}\n{"service": "blog", "version": "two"}\n')
check(answer.returncode == 0, f"append without a server: {answer.stdout.strip()}{answer.stderr}")
server = Server("--origin", "http://127.0.0.1:9", data=data)
answer = run("log", "append", "deploys", "--data", data, stdin='{"service": "shop", "version": 3, "who": "ada"}\n')
check(answer.returncode == 0 and "2" in answer.stdout, f"append to a server: {answer.stdout.strip()}{answer.stderr}")
lines = run("log", "read", "deploys", "--data", data).stdout.splitlines()
check([json.loads(l)["service"] for l in lines] == ["shop", "blog", "shop"] and json.loads(lines[2])["who"] == "ada", f"read: {lines}")
check("two" in lines[1], "what does not fit the column's type is kept")
check("deploys" in run("log", "topics", "--data", data).stdout, "topics")
check(run("log", "read", "nowhere", "--data", data).returncode == 1, "an unknown topic")
check(run("log", "append", "bad name!", "--data", data, stdin="{}\n").returncode == 1, "a bad topic name")
check(run("log", "verify", "--data", data).returncode == 0, "verify beside the running server")


def gauge(name):
    lines = server.api("/metrics")[2].decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name + " "))


asked = 0


def ask(path):
    """The origin is away: each is a 5xx and an event."""
    global asked
    server.get(path)
    asked += 1


class Lines(list):
    """What a process has printed so far, read by a thread: no test hangs on a line that doesn't come."""

    def __init__(self, stream):
        super().__init__()
        threading.Thread(target=lambda: [self.append(line) for line in stream], daemon=True).start()


# tail and live windows see requests as they happen
tail = subprocess.Popen([BINARY, "tail", "--where", "http.response.status_code >= 500", "--data", str(data)], stdout=subprocess.PIPE, text=True)
live = subprocess.Popen([BINARY, "sql", "--live", "--format", "json", "--data", str(data),
                         "SELECT window_start, count(*) AS n FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '1' SECOND)) GROUP BY window_start, window_end"],
                        stdout=subprocess.PIPE, text=True)
tailed, windows = Lines(tail.stdout), Lines(live.stdout)
# One that counts as running may not follow yet.
until("tail and a live window tell of requests", lambda: ask("/page?x=%1B[31m") or (tailed and windows), 60)
check("/page" in tailed[0] and ("502" in tailed[0] or "503" in tailed[0]), f"tail: {tailed[0].strip()}")
check(json.loads(windows[0])["n"] > 0, f"a live window closes: {windows[0].strip()}")
tail.kill(), live.kill()
until("both are gone", lambda: gauge("squilla_queries_running") == 0, 60)

# a live group without a window answers what changes
counting = subprocess.Popen([BINARY, "sql", "--live", "--format", "json", "--data", str(data),
                             "SELECT url.path AS path, count(*) AS n FROM requests GROUP BY url.path"], stdout=subprocess.PIPE, text=True)
changes = Lines(counting.stdout)


def of(path):
    return [(row["op"], row["n"]) for row in map(json.loads, list(changes)) if row["path"] == path]


until("it follows", lambda: ask("/probe") or of("/probe"), 60)
ask("/one")
until("a live count is a change", lambda: of("/one"), 60)
ask("/one")
until("and another", lambda: len(of("/one")) >= 3, 60)
check(of("/one") == [("+I", 1), ("-U", 1), ("+U", 2)], f"and is taken back: {of('/one')}")
counting.kill()

# subscriptions: SQL and MQL, a sample, a cap that drops and tells
subscribers = [
    subprocess.Popen([BINARY, "subscribe", "--data", str(data), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for arguments in (["SELECT url.path FROM requests WHERE http.response.status_code >= 500"],
                      ["--mql", "select e['url']['path'] as p where http.response.status_code >= 500 and url.path ==~ /.page1./"],
                      ["--events-per-second", "1", "--client-id", "slow", "SELECT url.path FROM requests"])]
outs, told = [Lines(subscriber.stdout) for subscriber in subscribers], Lines(subscribers[2].stderr)
until("all follow", lambda: ask("/page1x") or all(outs), 60)
for i in range(20):
    ask(f"/page{i}")
paths = lambda: sorted(path for line in list(outs[0]) if (path := json.loads(line)["url.path"]) != "/page1x")
until("a subscriber gets every row", lambda: len(paths()) >= 20, 60)
check(paths() == sorted(f"/page{i}" for i in range(20)), f"each once: {paths()}")
check(json.loads(outs[1][0])["p"].startswith("/page1"), "MQL is understood")
until("a cap is told", lambda: any('"caps_reached":["events_per_second"]' in line for line in list(told)), 60)
for subscriber in subscribers:
    subscriber.kill()
answer = run("subscribe", "--mql", "select url.pth", "--data", data)
check(answer.returncode == 1 and "column 8" in answer.stderr and "url.path" in answer.stderr, f"a wrong criterion: {answer.stderr.strip()}")
answer = run("tail", "--where", "http.response.status >= 500", "--data", data)
check(answer.returncode == 1 and "status_code" in answer.stderr, f"a wrong filter: {answer.stderr.strip()}")
answer = run("sql", "--live", "SELECT url.path FROM requests ORDER BY url.path", "--data", data)
check(answer.returncode == 1 and "no last one" in answer.stderr, f"a live answer has no order: {answer.stderr.strip()}")
until("--since", lambda: sql("SELECT count(*) AS n FROM requests WHERE http.response.status_code >= 500", "--since", "10m", "--data", data)[0]["n"] == asked)
check(sql("SELECT count(*) AS n FROM requests", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z", "--data", data)[0]["n"] == 0, "--from and --to")
check(run("status", "--data", data).returncode == 0, "status")

# replay
if SAMPLE_LOG.exists():
    answer = run("replay", SAMPLE_LOG, "--target", f"http://{server.edge[0]}:{server.edge[1]}", "--speed", "1000000x", timeout=120)
    check(answer.returncode == 0 and "9,999" in answer.stdout.replace("9999", "9,999"), f"replay: {answer.stdout.strip()[-300:]}{answer.stderr[-200:]}")
    until("every replayed request is an event", lambda: server.sql("SELECT count(*) AS n FROM requests")[0]["n"] >= asked + 9999, 60)
check(run("replay", good, "--target", "http://127.0.0.1:1").returncode != 0, "replay to nobody fails")
check(server.terminate() == 0, "and ends well")
