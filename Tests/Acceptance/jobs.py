#!/usr/bin/env python3
"""A job of windows, filters and tables by key, and one of joins, sessions and file sinks, are killed with -9 at random moments
under load, and go on with one to three shards; what they wrote is what an uninterrupted run gives, each row once. Then the
command line as users meet it.
`jobs.py BINARY [ROUNDS]`."""
import random, sys, threading, time
from support import *
from support import ledger
from support.ledger import event, mark, tick

ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
random.seed(20261125)


def send(server, topic, places):
    body = "".join(json.dumps(event(topic, place)) + "\n" for place in places)
    status, _, answer = server.api(f"/api/v1/topics/{topic}/events?durability=commit", "POST", body)
    return status == 200


def next_offset(server, topic):
    status, _, body = server.api(f"/api/v1/topics/{topic}")
    return json.loads(body)["partitions"][0]["next_offset"] if status == 200 else 0


def written(server):
    windows = server.sql("SELECT window_start, k, n, total, kinds FROM windows")
    rows = [(ledger.seen(r["window_start"]), r["k"], r["n"], r["total"], r["kinds"]) for r in windows]
    return rows, sorted((row["v"], row["k"]) for row in server.sql("SELECT v, k FROM sevens"))


def tables(server):
    totals = server.sql(ledger.TABLES + "SELECT v, n, k FROM totals")
    pairs = server.sql(ledger.TABLES + "SELECT v, a, b FROM pairs")
    return (sorted((r["v"], r["n"], r["k"]) for r in totals),
            sorted(((r["v"], r["a"], r["b"]) for r in pairs), key=lambda r: r[0]))


def job(server, name="ledger"):
    status, _, body = server.api(f"/api/v1/jobs/{name}")
    return json.loads(body) if status == 200 else None


def killed_under_load(server, start):
    """Kills and starts the server again and again; returns it with the number of events that each topic got."""
    sent = {"ticks": 1, "marks": 1}
    for _ in range(ROUNDS):
        end = time.monotonic() + random.uniform(0.02, 0.4)
        stopped = threading.Event()

        def write():
            try:
                while not stopped.is_set():
                    topic, place = random.choice((("ticks", tick), ("ticks", tick), ("marks", mark)))
                    count = random.choice((1, 5, 60, 300))
                    if send(server, topic, [place(sent[topic] + i) for i in range(count)]):
                        sent[topic] += count
            except (OSError, http.client.HTTPException, ValueError):
                pass

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(max(0, end - time.monotonic()))
        server.process.kill()
        server.process.wait()
        stopped.set()
        writer.join(20)
        server = start()
        sent = {topic: next_offset(server, topic) for topic in sent}
    return server, sent


def main():
    data, files, out = folder() / "data", folder(), folder() / "out"
    settings = folder() / "squilla.yaml"

    def start():
        # What was kept by one number of shards is found by another.
        settings.write_text("origins:\n  - {name: o, url: 'http://127.0.0.1:9'}\n"
                            f"jobs:\n  files: {files}\n  shards: {random.randint(1, 3)}\n")
        return Server("-c", settings, data=data)

    server = start()
    check(send(server, "ticks", [tick(0)]) and send(server, "marks", [mark(0)]), "the topics are made")
    script = folder() / "ledger.sql"
    script.write_text(ledger.TO_TOPICS)
    submitted = run("job", "submit", "ledger", script, "--data", data)
    check(submitted.returncode == 0, f"squilla job submit takes the job {submitted.stderr}")
    # Files are for jobs of the folder, which are taken on at a start.
    (files / "archive.sql").write_text(ledger.to_files(out))
    check(server.terminate() == 0, "the server ends")
    server, sent = killed_under_load(start(), start)
    last = max(tick(sent["ticks"])[1], mark(sent["marks"])[1]) + ledger.CLOSING
    check(send(server, "ticks", [(0, last)]) and send(server, "marks", [(0, last)]),
          f"{sent['ticks']} and {sent['marks']} events were sent over {ROUNDS} kills")
    ticks = [tick(i) for i in range(sent["ticks"])] + [(0, last)]
    marks = [mark(i) for i in range(sent["marks"])] + [(0, last)]
    windows, sevens = ledger.hops(ticks, last - ledger.DELAY)
    for name in ("ledger", "archive"):
        until(f"{name} has read all", lambda: (j := job(server, name)) and j["lag_rows"] == 0 and j["state"] == "started", 60)
    until("the windows are there", lambda: (w := written(server)) and len(w[0]) >= len(windows) and len(w[1]) >= len(sevens), 60)
    rows, found = written(server)
    check(len(rows) == len(set(rows)), f"no window is there twice ({len(rows)} rows)")
    check(set(rows) == windows, f"the {len(windows)} windows are those of an uninterrupted run")
    check(found == sevens, f"the {len(sevens)} filtered rows are those of an uninterrupted run")

    expected = ledger.joins(ticks, marks, last - ledger.DELAY)
    total = sum(bag.total() for bag in expected.values())
    until("the joined rows are there", lambda: job(server, "archive")["rows_out"] >= total, 60)
    check(run("job", "stop", "archive", "--data", data).returncode == 0, "the job that writes files is stopped")
    until("it is stopped", lambda: job(server, "archive")["state"] == "stopped")
    found = ledger.in_files(out)
    for name, bag in expected.items():
        differing = ((found[name] - bag) + (bag - found[name])).total()
        check(differing == 0, f"{bag.total()} rows of {name} are in the files, once each ({differing} differ)")

    expected_tables = ledger.by_key(ticks)
    until("the tables by key are there", lambda: tables(server) == expected_tables, 60)
    check(True, "an updating GROUP BY and an outer join, kept by key, are those of an uninterrupted run")

    view = "CREATE MATERIALIZED VIEW sums AS SELECT k, COUNT(*) AS n FROM ticks GROUP BY k"
    check(run("sql", view, "--data", data).returncode == 0, "a materialized view is made")
    counts = {}
    for place in ticks:
        k = event("ticks", place)["k"]
        counts[k] = counts.get(k, 0) + 1

    def kept(key):
        status, _, body = server.api(f"/api/v1/views/sums?key={key}")
        return json.loads(body)["n"] if status == 200 else None

    until("the view holds all", lambda: all(kept(k) == n for k, n in counts.items()), 60)
    check({r["k"]: r["n"] for r in server.sql("SELECT k, n FROM sums")} == counts, "SELECT reads it as the API does")
    server.process.kill()
    server.process.wait()
    server = start()
    until("the view is there again after a kill -9", lambda: all(kept(k) == n for k, n in counts.items()), 60)
    check(kept("nobody") is None, "a key that is not there is not found")
    check(run("sql", "DROP MATERIALIZED VIEW sums", "--data", data).returncode == 0, "it is dropped")
    until("its job is gone", lambda: job(server, "sums") is None)

    until("the job runs again", lambda: job(server)["state"] == "started", 60)
    listed = run("job", "list", "--data", data)
    check("ledger" in listed.stdout and "started" in listed.stdout, "squilla job list shows it")
    check(run("job", "savepoint", "ledger", "good", "--data", data).returncode == 0, "a savepoint is taken")
    until("the savepoint is there", lambda: job(server)["savepoints"] == ["good"])
    check(run("job", "submit", "ledger", script, "--data", data).returncode != 0, "a second job of the name is refused")
    check(run("job", "stop", "ledger", "--data", data).returncode == 0, "it stops")
    until("the job is stopped", lambda: job(server)["state"] == "stopped")
    check(send(server, "ticks", [tick(7)]), "an event comes meanwhile")
    check(server.terminate() == 0, "the server ends")
    server = start()
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
