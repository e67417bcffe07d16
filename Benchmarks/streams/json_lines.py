#!/usr/bin/env python3
"""SQL from JSON lines: a tumbling count per key over bid events of about 250 B, beside DuckDB and, where it is
installed, Flink, in the same run. M events per CPU-second of the whole process, start included.

    Benchmarks/streams/json_lines.py [--events N] [--rounds N] [--flink]

`--flink` wants a Python with apache-flink, and Java. Its CPU-seconds are those of a query in a running JVM, one slot, object
reuse, after a first query that warms it up: its start, some ten seconds, is left out.

2,000,000 events on a busy two-core machine, squilla / duckdb / flink: q12 5.77 / 2.78 / 0.26, q7 6.71 / 3.33 / 0.41,
percentiles 4.84 / 2.73 / 0.22 (exact ones in DuckDB and Flink, estimates of 0.8 % here); 0.2 GB, 0.2 GB and 1.7 to 2.0 GB.

Since keys of no column are passed by and the leading rows of a rank are picked: 4.57 / 2.02, 4.98 / 2.26, 3.60 / 1.92 on a
machine at whose pace it had been 3.79, 4.18 and 3.08; q5 3.15 / 1.01, before 2.00.
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
    "q5: hop 10 s/2 s, the auction with the most bids": (
        "SELECT window_start, auction, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY n DESC, auction) AS r"
        " FROM (SELECT window_start, window_end, auction, count(*) AS n FROM TABLE(HOP(TABLE bids, DESCRIPTOR(date_time), INTERVAL '2' SECOND,"
        " INTERVAL '10' SECOND)) GROUP BY window_start, window_end, auction)) WHERE r <= 1",
        "SELECT w, auction, n FROM (SELECT w, auction, count(*) n FROM (SELECT auction, time_bucket(INTERVAL 2 SECOND, date_time)"
        " - INTERVAL 2 SECOND * unnest(range(5)) AS w FROM bids) GROUP BY ALL) QUALIFY row_number() OVER (PARTITION BY w ORDER BY n DESC, auction) = 1"),
    "percentiles per second": (
        "SELECT window_start, channel, count(*) AS n, APPROX_PERCENTILE(price, 0.5) AS p50, APPROX_PERCENTILE(price, 0.99) AS p99"
        " FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(date_time), INTERVAL '1' SECOND)) GROUP BY window_start, window_end, channel",
        "SELECT time_bucket(INTERVAL 1 SECOND, date_time) w, channel, count(*) n, quantile_cont(price, 0.5) p50, quantile_cont(price, 0.99) p99 FROM bids GROUP BY ALL"),
}

# Where Flink wants other words. It has no estimate of percentiles.
FLINK = {"percentiles per second": "SELECT window_start, channel, count(*) AS n, PERCENTILE(price, 0.5) AS p50, PERCENTILE(price, 0.99) AS p99"
         " FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(date_time), INTERVAL '1' SECOND)) GROUP BY window_start, window_end, channel"}


FLINK_TYPES = {"q12: tumbling count per key": ("TIMESTAMP_LTZ(3)", "BIGINT", "BIGINT"),
               "q7: tumbling maximum": ("TIMESTAMP_LTZ(3)", "BIGINT", "BIGINT"),
               "q5: hop 10 s/2 s, the auction with the most bids": ("TIMESTAMP_LTZ(3)", "BIGINT", "BIGINT"),
               "percentiles per second": ("TIMESTAMP_LTZ(3)", "STRING", "BIGINT", "DOUBLE", "DOUBLE")}


class FlinkPeer:
    """Writes its answers as JSON lines, as Squilla does."""

    def __init__(self, path):
        sys.path.insert(0, str(ROOT / "Tests/Differential"))
        from oracle.flink import Flink
        self.folder = tempfile.TemporaryDirectory(prefix="squilla-flink-")
        self.flink = Flink({"pipeline.auto-watermark-interval": "200 ms", "pipeline.object-reuse": "true"})
        self.flink.execute(
            "CREATE TABLE bids (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, date_time TIMESTAMP_LTZ(3), "
            f"WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND) WITH ('connector' = 'filesystem', 'path' = '{path}', "
            "'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601')")
        self.number = 0
        self.ask(next(iter(QUERIES)))

    def ask(self, title):
        """CPU-seconds, resident bytes and rows."""
        self.number += 1
        out = pathlib.Path(self.folder.name) / f"out{self.number}"
        before = self.usage()
        columns = ", ".join(f"c{i} {type}" for i, type in enumerate(FLINK_TYPES[title]))
        self.flink.execute(
            f"CREATE TABLE out{self.number} ({columns}) WITH ('connector' = 'filesystem', 'path' = '{out}', 'format' = 'json')")
        self.flink.execute(f"INSERT INTO out{self.number} {FLINK.get(title, QUERIES[title][0])}").wait()
        after = self.usage()
        rows = sum(line.count(b"\n") for file in out.rglob("*") if file.is_file() for line in [file.read_bytes()])
        return after[0] - before[0], after[1], rows

    def usage(self):
        ticks, resident = 0, 0
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == os.getpid():
                    ticks += sum(map(int, fields[11:15]))
                    resident += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
            except (OSError, ValueError):
                pass  # it has ended
        return ticks / os.sysconf("SC_CLK_TCK"), resident


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
    parser.add_argument("--flink", action="store_true")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    options = parser.parse_args()
    path = pathlib.Path(tempfile.gettempdir()) / f"squilla-bids-{options.events}.ndjson"
    if not path.exists():
        print(f"writing {options.events:,} bids …", flush=True)
        generate(path, options.events)
    print(f"{path.stat().st_size / options.events:.0f} B an event")
    peers = ["squilla", "duckdb"]
    try:
        import duckdb
    except ImportError:
        peers = [p for p in peers if p != "duckdb"]
        print("duckdb is not installed: left out")
    flink = None
    if options.flink:
        try:
            flink = FlinkPeer(path)
            peers.append("flink")
        except Exception as error:  # not installed, or no Java
            print(f"flink is left out: {error}")
    for title, (ours, theirs) in QUERIES.items():
        results = {p: [] for p in peers}
        groups, resident = {}, {}
        for _ in range(options.rounds):
            for peer in peers:
                if peer == "flink":
                    cpu, memory, groups[peer] = flink.ask(title)
                    results[peer].append(options.events / cpu / 1e6)
                    resident[peer] = memory
                    continue
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
