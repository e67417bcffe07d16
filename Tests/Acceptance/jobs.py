#!/usr/bin/env python3
"""A job with windows and a filter is killed with -9 at random moments under load; what it wrote is what an uninterrupted
run gives, each row once. Then the command line as users meet it. `jobs.py BINARY [ROUNDS]`."""
import json, random, sys, threading, time
from support import *

ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
BASE = 1_700_000_000
random.seed(20261125)

JOB = """
CREATE TABLE ticks (`@timestamp` TIMESTAMP_LTZ(6), k VARCHAR, v BIGINT,
  WATERMARK FOR `@timestamp` AS `@timestamp` - INTERVAL '60' SECOND) WITH ('topic' = 'ticks');
TABLES
EXECUTE STATEMENT SET BEGIN
  INSERT INTO windows
    SELECT window_start, k, COUNT(*) AS n, SUM(v) AS total, COUNT(DISTINCT v) AS kinds
    FROM TABLE(HOP(TABLE ticks, DESCRIPTOR(`@timestamp`), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
    GROUP BY window_start, window_end, k;
  INSERT INTO sevens SELECT v, k FROM ticks WHERE MOD(v, 7) = 0;
  INSERT INTO totals SELECT v, COUNT(*), MAX(k) FROM ticks GROUP BY v;
  INSERT INTO pairs
    SELECT COALESCE(a.v, b.v), a.n, b.n
    FROM (SELECT v, COUNT(*) AS n FROM ticks WHERE k = 'a' AND v < 40 GROUP BY v) a
    FULL JOIN (SELECT v, COUNT(*) AS n FROM ticks WHERE k = 'b' AND v < 40 GROUP BY v) b ON a.v = b.v;
END
"""

# Tables by key: of their topics the latest row of each key counts.
TABLES = """
CREATE TABLE totals (v BIGINT, n BIGINT, k VARCHAR, PRIMARY KEY (v) NOT ENFORCED);
CREATE TABLE pairs (v BIGINT, a BIGINT, b BIGINT, PRIMARY KEY (v) NOT ENFORCED);
"""


def event(index, at=None):
    # A little out of order, well within the watermark.
    seconds = index * 0.05 + index * 7 % 11 * 0.3 if at is None else at
    micro = int(seconds * 1e6)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(BASE + micro // 1_000_000)) + f".{micro % 1_000_000:06d}Z"
    return {"@timestamp": text, "k": "abc"[index % 3], "v": index % 500}


def send(server, events):
    body = "".join(json.dumps(e) + "\n" for e in events)
    status, _, answer = server.api("/api/v1/topics/ticks/events?durability=commit", "POST", body)
    return status == 200


def next_offset(server):
    status, _, body = server.api("/api/v1/topics/ticks")
    return json.loads(body)["partitions"][0]["next_offset"] if status == 200 else 0


def expected(events, closing):
    windows, sevens = {}, []
    for index, at in events:
        e = event(index, at)
        seconds = index * 0.05 + index * 7 % 11 * 0.3 if at is None else at
        if e["v"] % 7 == 0:
            sevens.append((e["v"], e["k"]))
        start = int(seconds // 5) * 5
        for s in (start - 5, start):
            if s + 10 <= closing - 60:
                windows.setdefault((s, e["k"]), []).append(e["v"])
    return ({(s, k, len(v), sum(v), len(set(v))) for (s, k), v in windows.items()}, sorted(sevens))


def written(server):
    windows = server.sql("SELECT window_start, k, n, total, kinds FROM windows")
    rows = []
    for row in windows:
        seconds = time.mktime(time.strptime(row["window_start"][:19].replace("T", " "), "%Y-%m-%d %H:%M:%S"))
        rows.append((int(seconds - time.timezone) - BASE, row["k"], row["n"], row["total"], row["kinds"]))
    return rows, sorted((row["v"], row["k"]) for row in server.sql("SELECT v, k FROM sevens"))


def expected_tables(events):
    totals, pairs = {}, {}
    for index, at in events:
        e = event(index, at)
        n, k = totals.get(e["v"], (0, ""))
        totals[e["v"]] = (n + 1, max(k, e["k"]))
        if e["v"] < 40 and e["k"] in "ab":
            pair = pairs.setdefault(e["v"], [None, None])
            place = "ab".index(e["k"])
            pair[place] = (pair[place] or 0) + 1
    return ([(v, *t) for v, t in sorted(totals.items())], [(v, *p) for v, p in sorted(pairs.items())])


def tables(server):
    totals = server.sql(TABLES + "SELECT v, n, k FROM totals")
    pairs = server.sql(TABLES + "SELECT v, a, b FROM pairs")
    return (sorted((r["v"], r["n"], r["k"]) for r in totals), sorted(((r["v"], r["a"], r["b"]) for r in pairs), key=lambda r: r[0]))


def job(server, name="ledger"):
    status, _, body = server.api(f"/api/v1/jobs/{name}")
    return json.loads(body) if status == 200 else None


def main():
    data = folder() / "data"
    server = Server("--origin", "http://127.0.0.1:9", data=data)
    check(send(server, [event(0)]), "the topic is made")
    script = folder() / "ledger.sql"
    script.write_text(JOB.replace("TABLES", TABLES))
    submitted = run("job", "submit", "ledger", script, "--data", data)
    check(submitted.returncode == 0, f"squilla job submit takes the job {submitted.stderr}")
    sent = 1
    for _ in range(ROUNDS):
        end = time.monotonic() + random.uniform(0.02, 0.4)
        stopped = threading.Event()

        def write():
            nonlocal sent
            try:
                while not stopped.is_set():
                    count = random.choice((1, 5, 60, 300))
                    if send(server, [event(sent + i) for i in range(count)]):
                        sent += count
            except (OSError, http.client.HTTPException, ValueError):
                pass

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(max(0, end - time.monotonic()))
        server.process.kill()
        server.process.wait()
        stopped.set()
        writer.join(20)
        server = Server("--origin", "http://127.0.0.1:9", data=data)
        sent = next_offset(server)
    last = sent * 0.05 + 200
    check(send(server, [event(0, last)]), f"{sent} events were sent over {ROUNDS} kills")
    events = [(i, None) for i in range(sent)] + [(0, last)]
    windows, sevens = expected(events, last)
    until("the job has read all", lambda: (j := job(server)) and j["lag_rows"] == 0 and j["state"] == "started", 60)
    until("the windows are there", lambda: len(written(server)[0]) >= len(windows), 60)
    rows, found = written(server)
    check(len(rows) == len(set(rows)), f"no window is there twice ({len(rows)} rows)")
    check(set(rows) == windows, f"the {len(windows)} windows are those of an uninterrupted run")
    check(found == sevens, f"the {len(sevens)} filtered rows are those of an uninterrupted run")

    until("the tables by key are there", lambda: tables(server) == expected_tables(events), 60)
    check(True, "an updating GROUP BY and an outer join, kept by key, are those of an uninterrupted run")

    view = "CREATE MATERIALIZED VIEW sums AS SELECT k, COUNT(*) AS n FROM ticks GROUP BY k"
    check(run("sql", view, "--data", data).returncode == 0, "a materialized view is made")
    counts = {}
    for index, at in events:
        counts[event(index, at)["k"]] = counts.get(event(index, at)["k"], 0) + 1

    def kept(key):
        status, _, body = server.api(f"/api/v1/views/sums?key={key}")
        return json.loads(body)["n"] if status == 200 else None

    until("the view holds all", lambda: all(kept(k) == n for k, n in counts.items()), 60)
    check({r["k"]: r["n"] for r in server.sql("SELECT k, n FROM sums")} == counts, "SELECT reads it as the API does")
    server.process.kill()
    server.process.wait()
    server = Server("--origin", "http://127.0.0.1:9", data=data)
    until("the view is there again after a kill -9", lambda: all(kept(k) == n for k, n in counts.items()), 60)
    check(kept("nobody") is None, "a key that is not there is not found")
    check(run("sql", "DROP MATERIALIZED VIEW sums", "--data", data).returncode == 0, "it is dropped")
    until("its job is gone", lambda: job(server, "sums") is None)

    listed = run("job", "list", "--data", data)
    check("ledger" in listed.stdout and "started" in listed.stdout, "squilla job list shows it")
    check(run("job", "savepoint", "ledger", "good", "--data", data).returncode == 0, "a savepoint is taken")
    until("the savepoint is there", lambda: job(server)["savepoints"] == ["good"])
    check(run("job", "submit", "ledger", script, "--data", data).returncode != 0, "a second job of the name is refused")
    check(run("job", "stop", "ledger", "--data", data).returncode == 0, "it stops")
    until("the job is stopped", lambda: job(server)["state"] == "stopped")
    check(send(server, [event(7)]), "an event comes meanwhile")
    check(server.terminate() == 0, "the server ends")
    server = Server("--origin", "http://127.0.0.1:9", data=data)
    check(job(server)["state"] == "accepted", "a stopped job stays stopped over a restart")
    check(run("job", "restart", "ledger", "--data", data).returncode == 0, "it is restarted")
    until("the event that came meanwhile is read", lambda: job(server)["lag_rows"] == 0 and len(written(server)[1]) == len(sevens) + 1)
    check(written(server)[1] == sorted(sevens + [(7, "b")]), "it went on where it stood")
    logs = run("job", "logs", "ledger", "--data", data)
    check(logs.returncode == 0, "squilla job logs works")
    bad = run("job", "submit", "bad", "-", "--data", data, stdin="INSERT INTO x SELECT nope FROM ticks")
    check(bad.returncode != 0 and "nope" in bad.stderr, "a wrong column is named")
    metrics = server.api("/metrics")[2].decode()
    check('squilla_job_rows_out_total{job="ledger"}' in metrics, "the metrics tell of it")
    check(run("job", "remove", "ledger", "--data", data).returncode != 0, "a running job is not removed")
    run("job", "stop", "ledger", "--data", data)
    until("the job is stopped", lambda: job(server)["state"] == "stopped")
    check(run("job", "remove", "ledger", "--data", data).returncode == 0, "a stopped job is removed")
    check(job(server) is None, "it is gone")
    server.terminate()


main()
