#!/usr/bin/env python3
"""Streams as nobody wants them: rows that can't be computed, events of other centuries, columns that change their type, an
input that falls silent, a place that takes nothing, state without end. Jobs go on, or say what is to be done.
`badstreams.py BINARY`."""
from support import *


def send(server, topic, rows):
    body = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
    status, _, said = server.api(f"/api/v1/topics/{topic}/events?durability=commit", "POST", body)
    return status, said.decode()


def submit(server, name, sql):
    status, _, said = server.api("/api/v1/jobs", "POST", {"name": name, "sql": sql})
    return status, said.decode()


def job(server, name):
    return json.loads(server.api(f"/api/v1/jobs/{name}")[2])


def lines(server, name):
    return run("job", "logs", name, "--data", server.data).stdout


def answer(server, sql):
    """The rows; none where there is no such table yet."""
    status, _, body = server.api("/api/v1/query", "POST", {"query": sql})
    return [json.loads(line) for line in body.decode().splitlines()] if status == 200 else []


def rows(server, sql, count):
    return until(f"{sql} gives {count} rows", lambda: len(found := answer(server, sql)) == count and found)


def poison(server):
    send(server, "p", [{"at": "2024-01-01T00:00:01Z", "v": "1"}, {"at": "2024-01-01T00:00:02Z", "v": "x"}])
    table = "CREATE TABLE p (at TIMESTAMP(3), v VARCHAR, WATERMARK FOR at AS at) WITH ('topic' = 'p');"
    check(submit(server, "poison", table + "INSERT INTO good SELECT CAST(v AS INT) AS v FROM p")[0] == 201, "a job runs")
    rows(server, "SELECT v FROM good", 1)
    status, said = send(server, "p", '{"v": "5"}\nnot json\n')
    check(status == 400 and "line 2" in said and "nothing was appended" in said, "a line that is no JSON is refused")
    send(server, "p", [{"at": "nonsense", "v": "7"}, {"at": 12, "v": {"a": 1}}, {"v": "8" * 30}])
    dead = rows(server, "SELECT error.code AS c, event.original AS e, dead_letter.source AS s, dead_letter.first_offset AS o "
                "FROM `dead-letters`", 2)
    check([(row["c"], row["s"], row["o"]) for row in dead] == [("cast_failure", "p", 1), ("out_of_range", "p", 4)],
          f"rows that can't be computed are dead letters with reason and place ({dead})")
    check(job(server, "poison")["state"] == "started" and job(server, "poison")["restarts"] == 0, "and the job goes on")


def clocks(server):
    send(server, "c", [{"@timestamp": "2024-01-01T00:00:01Z", "k": "a"}])
    submit(server, "clocks", "INSERT INTO counts SELECT window_start, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE c, "
           "DESCRIPTOR(`@timestamp`), INTERVAL '1' SECOND)) GROUP BY window_start, window_end")
    rows(server, "SELECT n FROM counts", 1)
    for time_ in ("2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "-5000-01-01T00:00:00Z", 9e18):
        check(send(server, "c", [{"@timestamp": time_, "k": "b"}])[0] == 200, f"an event of {time_} is taken")
    until("the job's log tells of the future", lambda: "ahead of the clock" in lines(server, "clocks"))
    until("the event of the past is late", lambda: job(server, "clocks")["late_rows"] == 1)
    send(server, "c", [{"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5)), "k": "now"}])
    until("the window of now closes", lambda: any(row["window_start"] > "2026" for row in answer(
        server, "SELECT window_start FROM counts WHERE n >= 1")), 60)
    check(job(server, "clocks")["late_rows"] == 1, "only the event of the past is late")


def types(server):
    send(server, "sc", [{"k": "a", "v": 1}])
    submit(server, "types", "INSERT INTO sums SELECT k, v + 1 AS w FROM sc")
    rows(server, "SELECT w FROM sums", 1)
    for batch in ([{"k": "b", "v": "text"}], [{"k": "c", "v": 2.5}], [{"k": "d", "v": 5, "new": True}, {"k": 9}]):
        send(server, "sc", batch)
    sums = rows(server, "SELECT k, w FROM sums", 5)
    check([(row["k"], row["w"]) for row in sums] == [("a", 2), ("b", None), ("c", None), ("d", 6), ("9", None)],
          f"what a column still holds is read ({sums})")
    until("the job's log tells of the type", lambda: "column v of sc has become" in lines(server, "types"))
    send(server, "turns", [{"k": "a", "n": 1}])
    submit(server, "loop", "INSERT INTO turns SELECT k, n + 1 AS n FROM turns WHERE n < 5")
    rows(server, "SELECT n FROM turns", 5)
    check("its own rows come back" in lines(server, "loop"), "a job that reads what it writes is told so")
    check(submit(server, "types", "INSERT INTO x SELECT k FROM sc")[0] == 409, "a second job of the name is refused")
    status, said = submit(server, "none", "INSERT INTO x SELECT nothing FROM sc")
    check(status == 400 and "no column nothing" in said, "a column that is not there is an error with its place")


def silence(server):
    send(server, "l", [{"@timestamp": f"2024-01-01T00:00:0{i}Z", "k": "a"} for i in range(5)])
    send(server, "r", [{"@timestamp": "2024-01-01T00:00:00Z", "k": "a"}])
    join = ("SELECT l.k, l.window_start AS w FROM TABLE(TUMBLE(TABLE l, DESCRIPTOR(`@timestamp`), INTERVAL '1' SECOND)) AS l "
            "LEFT JOIN TABLE(TUMBLE(TABLE r, DESCRIPTOR(`@timestamp`), INTERVAL '1' SECOND)) AS r "
            "ON l.window_end = r.window_end AND l.window_start = r.window_start AND l.k = r.k")
    submit(server, "goes-on", "INSERT INTO joined " + join)
    rows(server, "SELECT w FROM joined", 5)
    check(True, "an input that is silent holds no other up")
    waiting = ("CREATE TABLE r (k STRING, `@timestamp` TIMESTAMP(3), WATERMARK FOR `@timestamp` AS `@timestamp`) WITH "
               "('topic' = 'r', 'scan.watermark.idle-timeout' = '0 s'); ")
    submit(server, "waits", waiting + "INSERT INTO joined2 " + join)
    sources = until("the job reads", lambda: (j := job(server, "waits"))["rows_in"] == 6 and [
        (n["name"], n.get("watermark", "")[:16]) for n in j["plan"]["nodes"] if n["kind"] == "source"])
    check(len(sources) == 2 and len(answer(server, "SELECT w FROM joined2")) <= 1,
          f"one that is told to wait waits, and the job shows for whom ({sources})")


def refusals(server):
    port = free_port()
    submit(server, "hook", f"CREATE TABLE h (k STRING) WITH ('connector' = 'http', 'url' = 'http://127.0.0.1:{port}/x', "
           "'format' = 'json'); INSERT INTO h SELECT k FROM sc")
    sink = until("the job says what refuses", lambda: (s := job(server, "hook")["sinks"]) and s[0].get("refusal") and s[0])
    check(str(port) in sink["refusal"] and sink["attempts"] > 0, f"it names the place and tries again ({sink['refusal']})")
    status, said = submit(server, "file", "CREATE TABLE h (k STRING) WITH ('connector' = 'filesystem', 'path' = '/tmp/x', "
                            "'format' = 'json'); INSERT INTO h SELECT k FROM sc")
    check(status == 400 and "can't read or write files" in said, "a job from the network writes no files")
    send(server, "st", [{"k": "first"}])
    submit(server, "state", "INSERT INTO big SELECT k, COUNT(*) AS n FROM st GROUP BY k EMIT CHANGES")
    for part in range(8):
        send(server, "st", [{"k": f"{part * 3_000 + i:08}" + "y" * 80} for i in range(3_000)])
    failed = until("the job fails", lambda: (j := job(server, "state"))["state"] == "failed" and j)
    check("GROUP BY holds the most" in failed["failure"] and "table.exec.state.ttl" in failed["failure"],
          "state past its budget fails the job, which says what holds it and what helps")
    for cron, reason in (("61 * * * *", "the minute '61' is none"), ("@never", "unknown"), ("* * 31 2 *", "never comes")):
        status, _, said = server.api(
            "/api/v1/clusters", "POST", {"name": "c", "sql": f"SET 'job.cron' = '{cron}'; INSERT INTO x SELECT k FROM sc"})
        check(status == 400 and reason in said.decode(), f"the schedule {cron} is refused in words")


def main():
    settings = folder() / "squilla.yaml"
    settings.write_text("origins: [{name: o, url: 'http://127.0.0.1:9'}]\njobs: {http_hosts: ['*'], state_bytes: 1MiB}\n")
    server = Server("-c", settings)
    for part in (poison, clocks, types, silence, refusals):
        part(server)
    states = {j["name"]: j["state"] for j in json.loads(server.api("/api/v1/jobs")[2])}
    check({name for name, state in states.items() if state != "started"} == {"state"}, f"all other jobs run ({states})")
    check(server.terminate() == 0, "the server ends in order")


main()
