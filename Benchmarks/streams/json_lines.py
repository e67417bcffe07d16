#!/usr/bin/env python3
"""SQL from JSON lines: a tumbling count per key over bid events of about 250 B, beside DuckDB and, where it is
installed, Flink, in the same run. M events per CPU-second of the whole process, start included.

    Benchmarks/streams/json_lines.py [--events N] [--rounds N] [--peers squilla,duckdb,flink]
"""
import argparse, json, os, pathlib, random, shutil, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def generate(path, events):
    """Bids in Nexmark's shape: half of them on hot auctions, log-uniform prices, 10 kHz of event time."""
    rng = random.Random(7)
    channels = ["Google", "Facebook", "Baidu", "Apple"]
    base = 1_767_225_600_000_000
    with open(path, "w") as out:
        for n in range(events):
            micros = base + n * 100
            seconds, fraction = divmod(micros, 1_000_000)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%03dZ" % (fraction // 1000)
            bidder = 1000 + (n // 100 * 100 % 5000 if rng.random() < 0.75 else rng.randrange(5000))
            auction = 1000 + (n // 1000 * 100 if rng.random() < 0.5 else rng.randrange(20000))
            channel = rng.choice(channels)
            out.write('{"event_type":2,"auction":%d,"bidder":%d,"price":%d,"channel":"%s",'
                      '"url":"https://www.nexmark.com/%s/item.htm?query=1&channel_id=%d",'
                      '"date_time":"%s","extra":"%s"}\n'
                      % (auction, bidder, round(100 * 10 ** (6 * rng.random())), channel, channel.lower() * 2,
                         rng.randrange(10000), stamp, "qwertyuiopasdfghjklzxcvb" * 3))


def measured(command):
    """CPU-seconds and resident bytes of a command with its children, and its output."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE)
        error = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{command[0]} failed: {error.decode()[-600:]}")
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, out.read()


QUERIES = {
    "q12: tumbling count per key": (
        "SELECT window_start, bidder, count(*) AS n FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(date_time), INTERVAL '10' SECOND))"
        " GROUP BY window_start, window_end, bidder",
        "SELECT time_bucket(INTERVAL 10 SECOND, date_time) w, bidder, count(*) n FROM bids GROUP BY ALL"),
    "q7: tumbling maximum": (
        "SELECT window_start, max(price) AS m, count(*) AS n FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(date_time), INTERVAL '10' SECOND))"
        " GROUP BY window_start, window_end",
        "SELECT time_bucket(INTERVAL 10 SECOND, date_time) w, max(price) m, count(*) n FROM bids GROUP BY ALL"),
    "percentiles per second": (
        "SELECT window_start, channel, count(*) AS n, APPROX_PERCENTILE(price, 0.5) AS p50, APPROX_PERCENTILE(price, 0.99) AS p99"
        " FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(date_time), INTERVAL '1' SECOND)) GROUP BY window_start, window_end, channel",
        "SELECT time_bucket(INTERVAL 1 SECOND, date_time) w, channel, count(*) n, quantile_cont(price, 0.5) p50, quantile_cont(price, 0.99) p99 FROM bids GROUP BY ALL"),
}

DUCKDB = """
import duckdb, sys
duckdb.execute("SET threads TO 1")
duckdb.execute("SET enable_progress_bar TO false")
duckdb.execute("CREATE VIEW bids AS SELECT * FROM read_json(?, format='newline_delimited', columns={'auction':'BIGINT','bidder':'BIGINT','price':'BIGINT','channel':'VARCHAR','date_time':'TIMESTAMP'})".replace('?', repr(sys.argv[1])))
rows = duckdb.execute(sys.argv[2]).fetchall()
print(len(rows), sum(r[-1] if 'n FROM' not in sys.argv[2] else 0 for r in rows))
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="squilla,duckdb")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    options = parser.parse_args()
    path = pathlib.Path(tempfile.gettempdir()) / f"squilla-bids-{options.events}.ndjson"
    if not path.exists():
        print(f"writing {options.events:,} bids …", flush=True)
        generate(path, options.events)
    print(f"{path.stat().st_size / options.events:.0f} B an event")
    peers = options.peers.split(",")
    try:
        import duckdb
    except ImportError:
        peers = [p for p in peers if p != "duckdb"]
        print("duckdb is not installed: left out")
    for title, (ours, theirs) in QUERIES.items():
        results = {p: [] for p in peers}
        groups, resident = {}, {}
        for _ in range(options.rounds):
            for peer in peers:
                if peer == "squilla":
                    command = [options.binary, "sql", ours, "--table", f"bids={path}", "--format", "json"]
                else:
                    command = [sys.executable, "-c", DUCKDB, str(path), theirs]
                cpu, memory, out = measured(command)
                results[peer].append(options.events / cpu / 1e6)
                resident[peer] = memory
                groups[peer] = len(out.splitlines()) if peer == "squilla" else int(out.splitlines()[-1].split()[0])
        print(f"\n{title}")
        for peer in peers:
            print(f"  {peer:10} {statistics.median(results[peer]):6.2f} M events per CPU-second   {groups[peer]} groups   {resident[peer] / 1e6:.0f} MB resident")
        if len(set(groups.values())) > 1:
            sys.exit("the answers differ in the number of groups")


main()
