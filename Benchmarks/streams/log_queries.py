#!/usr/bin/env python3
"""SQL over our own log: a tumbling count per key (q12), percentiles per second and status, a hopping count (q5). M events
per CPU-second of the whole process, start included, the groups summed up rather than printed; then with two shards
against one, as stored queries and as jobs that catch up with the topic, by the clock on the wall. As jobs alone: sessions, an
interval join and counts for good, which go to shards by their key. At any moment one bidder makes most of the bids, and a key
is one shard's; prices are spread, so that the count per price shows what is not that. In the last one every second row has one
key, and the others have one of very many.

A job has other threads than its shards (checkpoints and the log encode and write its answers), so one shard keeps more than
one core busy, and on as many cores as shards it can't be outrun by as many times. Hence a third figure: one shard, with all
of the process on one core, against so many shards on all. Beside each rate stands how many cores the process kept busy.

    Benchmarks/streams/log_queries.py BINARY [--events N] [--rounds N] [--shards N] [--only stored|job]
                                  [--query TEXT]
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests/Acceptance"))
from support import Server, folder, until  # noqa: E402

# Half of Nexmark's bids are on hot auctions; bidders as in its q12. The rest is what a request's event would have.
FILL = """
CREATE TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, dateTime TIMESTAMP(3))
WITH ('connector' = 'nexmark', 'events.num' = '{events}', 'base-time' = '{base}');
INSERT INTO bids SELECT dateTime AS `@timestamp`, auction, bidder, price, channel,
  CASE WHEN price % 100 < 90 THEN 200 WHEN price % 100 < 96 THEN 304 WHEN price % 100 < 99 THEN 404 ELSE 503 END AS status
FROM bid
"""
TABLE = "CREATE TABLE bids (`@timestamp` TIMESTAMP_LTZ(6), bidder BIGINT, auction BIGINT, price BIGINT, status BIGINT, WATERMARK FOR `@timestamp` AS `@timestamp` - INTERVAL '4' SECOND) WITH ('topic' = 'bids');\n"
QUERIES = {
    "q12: tumbling count per bidder":
        "SELECT window_start, bidder, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND))"
        " GROUP BY window_start, window_end, bidder",
    "p50 and p99 per second and status":
        "SELECT window_start, status, COUNT(*) AS n, APPROX_PERCENTILE(price, 0.5) AS p50, APPROX_PERCENTILE(price, 0.99) AS p99"
        " FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(`@timestamp`), INTERVAL '1' SECOND)) GROUP BY window_start, window_end, status",
    "q5: hopping count per auction, 10 s by 2 s":
        "SELECT window_end, auction, COUNT(*) AS n FROM TABLE(HOP(TABLE bids, DESCRIPTOR(`@timestamp`), INTERVAL '2' SECOND, INTERVAL '10' SECOND))"
        " GROUP BY window_start, window_end, auction",
}
# Of bids alone. Many bidders are known for minutes, so a join by bidder and auction meets few rows, and one by bidder many.
KEYED = {
    "q11: sessions of bidders, 1 s":
        "SELECT window_start, window_end, bidder, COUNT(*) AS n FROM TABLE(SESSION(TABLE bids PARTITION BY bidder,"
        " DESCRIPTOR(`@timestamp`), INTERVAL '1' SECOND)) GROUP BY window_start, window_end, bidder",
    "a dear bid within 0.1 s after a failed one":
        "SELECT a.auction, a.price, b.price AS dear FROM (SELECT * FROM bids WHERE status = 503) AS a"
        " JOIN (SELECT * FROM bids WHERE price > 100000) AS b ON a.auction = b.auction"
        " AND b.`@timestamp` BETWEEN a.`@timestamp` AND a.`@timestamp` + INTERVAL '0.1' SECOND",
    "count and mean per bidder, for good":
        "SELECT bidder, COUNT(*) AS n, AVG(price) AS mean FROM bids GROUP BY bidder EMIT CHANGES",
    "count and mean per price, for good":
        "SELECT price % 100003 AS price, COUNT(*) AS n, AVG(bidder) AS mean FROM bids GROUP BY price % 100003 EMIT CHANGES",
    "count and mean of one key and of many, for good":
        "SELECT k, COUNT(*) AS n, AVG(bidder) AS mean FROM (SELECT CASE WHEN price % 2 = 0 THEN -1 ELSE price % 100003 END AS k, bidder"
        " FROM bids) GROUP BY k EMIT CHANGES",
}


def stored(binary, data, query, threads):
    """Wall and CPU seconds of a process that answers from the folder, and the number of groups and of what they count."""
    text = f"SET 'parallelism.default' = '{threads}';\nSELECT COUNT(*) AS groups, SUM(n) AS n FROM ({query}) AS w"
    began = time.monotonic()
    process = subprocess.Popen([binary, "sql", "--data", str(data), "--format", "csv", text], stdout=subprocess.PIPE)
    answer = process.stdout.read().decode().split()[-1]
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit("the query failed")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, answer


def cpu_seconds(server):
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def confine(server, cores):
    """All threads of the process to these cores."""
    for thread in os.listdir(f"/proc/{server.process.pid}/task"):
        try:
            os.sched_setaffinity(int(thread), cores)
        except ProcessLookupError:
            pass


def catch_up(server, query, shards, events, keeps=True):
    """Seconds from when a job starts until it has read the topic, and of CPU until it has stopped. What it answers is
    written, or let go of."""
    name = f"j{time.monotonic_ns()}"
    sink = "" if keeps else f"CREATE TABLE {name} WITH ('connector' = 'blackhole');\n"
    text = f"SET 'parallelism.default' = '{shards}';\n{TABLE}{sink}INSERT INTO {name} {query}"
    began, used = time.monotonic(), cpu_seconds(server)
    status, _, answer = server.api("/api/v1/jobs", "POST", {"name": name, "sql": text})
    assert status == 201, answer

    def read():
        job = json.loads(server.api(f"/api/v1/jobs/{name}")[2])
        assert job["state"] != "failed", job
        return job["rows_in"] >= events
    until("the job has read all", read, 120)  # looks every 20 ms
    seconds = time.monotonic() - began
    # Behind its last checkpoint, so that nothing of it runs beside the next one.
    server.api(f"/api/v1/jobs/{name}/stop", "POST", {})
    until("the job has stopped", lambda: json.loads(server.api(f"/api/v1/jobs/{name}")[2])["state"] == "stopped", 60)
    status, _, answer = server.api(f"/api/v1/jobs/{name}", "DELETE")
    assert status < 300, answer
    return seconds, cpu_seconds(server) - used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--events", type=int, default=80_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--only", choices=["stored", "job"])
    parser.add_argument("--query", default="", help="those alone whose titles have this in them")
    parser.add_argument("--data", help="a data folder that an earlier run filled, or that is to be filled and kept")
    options = parser.parse_args()
    data = pathlib.Path(options.data) if options.data else folder() / "data"
    settings = data.parent / "log_queries.yaml"
    settings.write_text("log:\n  retention_bytes: 64GiB\n")
    server = Server("--config", settings, "--origin", "http://127.0.0.1:9", data=data)
    have = [t for t in json.loads(server.api("/api/v1/topics")[2]) if t["name"] == "bids"]
    if not have:
        status, _, answer = server.api("/api/v1/jobs", "POST", {"name": "fill", "sql": FILL.format(events=options.events, base=int(time.time() - 7_200) * 1000)})
        assert status == 201, answer
        until("the topic is filled", lambda: json.loads(server.api("/api/v1/jobs/fill")[2])["state"] == "completed", 200)
    topic = [t for t in json.loads(server.api("/api/v1/topics")[2]) if t["name"] == "bids"][0]
    events = sum(p["next_offset"] - p["first_offset"] for p in topic["partitions"])
    print(f"{events:,} events, {sum(p['bytes'] for p in topic['partitions']) / events:.0f} B each in the log", flush=True)
    if options.only != "stored":
        all_cores = os.sched_getaffinity(0)
        one_core = {min(all_cores)}
        several = f"{options.shards} shards"
        ways = {"1 shard": (1, all_cores), "on one core": (1, one_core), several: (options.shards, all_cores)}
        print("\njobs that catch up, M events a second (cores busy)" + " " * 14 + "   ".join(f"{way:14}" for way in ways))
        for title, query in (QUERIES | KEYED).items():
            if options.query not in title:
                continue
            taken = {way: [] for way in ways}
            for _ in range(options.rounds):
                for way, (shards, cores) in ways.items():
                    confine(server, cores)
                    taken[way].append(catch_up(server, query, shards, events, title in QUERIES))
            walls = {way: statistics.median(wall for wall, _ in runs) for way, runs in taken.items()}
            busy = {way: statistics.median(cpu / wall for wall, cpu in runs) for way, runs in taken.items()}
            print(f"  {title:44}" + "".join(f"   {events / walls[way] / 1e6:6.2f} ({busy[way]:4.2f}) " for way in ways)
                  + f"   {walls['1 shard'] / walls[several]:.2f} x   {walls['on one core'] / walls[several]:.2f} x one core",
                  flush=True)
        confine(server, all_cores)
    server.terminate()
    if options.only == "job":
        return
    print("\nstored queries, M events: a CPU-second, a second with 1 thread, with several")
    for title, query in QUERIES.items():
        if options.query not in title:
            continue
        walls, cpus, answers = {1: [], options.shards: []}, [], set()
        for _ in range(options.rounds):
            for threads in walls:
                wall, cpu, answer = stored(options.binary, data, query, threads)
                answers.add(answer)
                walls[threads].append(wall)
                if threads == 1:
                    cpus.append(cpu)
        one, several = (statistics.median(walls[n]) for n in walls)
        print(f"  {title:44} {events / statistics.median(cpus) / 1e6:6.2f}   {events / one / 1e6:6.2f}"
              f"   {events / several / 1e6:6.2f}   {one / several:.2f} x   {' or '.join(answers)}", flush=True)
        if len(answers) > 1:
            sys.exit("one thread and several answer differently")


main()
