#!/usr/bin/env python3
"""Nexmark: every query over the same JSON lines in Squilla and in DuckDB, the rows compared as multisets. CPU-seconds are of
the whole process, start and output included; DuckDB runs on one thread.

    Benchmarks/streams/nexmark.py [--events N] [--queries q0,cep1,…] [--out-of-order N] [--binary PATH] [--no-peer] [--flink]

`--flink` asks Flink in DuckDB's place, in streaming mode over event time, what its changes come to; it wants a Python with
apache-flink, and Java. What Flink refuses is told and not counted. 20,000 events are enough for it.
"""
import argparse, collections, json, os, pathlib, re, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUERIES = pathlib.Path(__file__).resolve().parent / "nexmark"
TABLES = ("person", "auction", "bid")

DUCKDB = """
import duckdb, json, sys
db = duckdb.connect()
db.execute("SET threads TO 1")
db.execute("SET enable_progress_bar TO false")
db.execute("SET TimeZone = 'UTC'")
text, out = sys.argv[1], sys.argv[2]
for name, path, columns in json.loads(sys.argv[3]):
    columns = "{" + ", ".join(f"'{c}': '{t}'" for c, t in columns) + "}"
    db.execute(f"CREATE VIEW {name} AS SELECT * FROM read_json('{path}', format='newline_delimited', columns={columns})")
db.execute(f"COPY ({text}) TO '{out}' (FORMAT json)")
"""
COLUMNS = {
    "person": [("id", "BIGINT"), ("name", "VARCHAR"), ("emailAddress", "VARCHAR"), ("creditCard", "VARCHAR"),
               ("city", "VARCHAR"), ("state", "VARCHAR"), ("dateTime", "TIMESTAMP"), ("extra", "VARCHAR")],
    "auction": [("id", "BIGINT"), ("itemName", "VARCHAR"), ("description", "VARCHAR"), ("initialBid", "BIGINT"),
                ("reserve", "BIGINT"), ("dateTime", "TIMESTAMP"), ("expires", "TIMESTAMP"), ("seller", "BIGINT"),
                ("category", "BIGINT"), ("extra", "VARCHAR")],
    "bid": [("auction", "BIGINT"), ("bidder", "BIGINT"), ("price", "BIGINT"), ("channel", "VARCHAR"),
            ("url", "VARCHAR"), ("dateTime", "TIMESTAMP"), ("extra", "VARCHAR")],
    "side_input": [("id", "BIGINT"), ("label", "VARCHAR")],
}


def measured(command, out=None):
    """CPU-seconds of a command, and what it says when it fails."""
    with tempfile.TemporaryFile() as error:
        process = subprocess.Popen(command, stdout=out or subprocess.DEVNULL, stderr=error)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        error.seek(0)
        failure = error.read().decode(errors="replace").strip() if process.returncode else None
        return usage.ru_utime + usage.ru_stime, failure


def generate(folder, options):
    """Each table as JSON lines, once a number of events."""
    paths = {}
    for table in TABLES:
        path = folder / f"{table}-{options.events}-{options.out_of_order}.ndjson"
        if not path.exists():
            text = (f"CREATE TABLE {table} WITH ('connector' = 'nexmark', 'events.num' = '{options.events}', "
                    f"'out-of-order-group-size' = '{options.out_of_order}'); SELECT * FROM {table}")
            with open(path.with_suffix(".part"), "wb") as out:
                command = [options.binary, "sql", text, "--format", "json", "--data", str(folder / "none")]
                cpu, failure = measured(command, out)
            if failure is not None:
                sys.exit(f"generating {table}: {failure}")
            path.with_suffix(".part").rename(path)
            print(f"{table}: {path.stat().st_size / 1e6:.0f} MB in {cpu:.2f} CPU-s", flush=True)
        paths[table] = path
    side = folder / "side_input.ndjson"
    side.write_text("".join('{"id":%d,"label":"side %d"}\n' % (n, n) for n in range(10_000)))
    paths["side_input"] = side
    return paths


def cell(value):
    """One form for what both write: numbers by nine digits, times without their separators and trailing zeros."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)):
        return "%.9g" % value if isinstance(value, float) and value != int(value) else str(int(value))
    text = str(value)
    if len(text) >= 19 and text[4:5] == "-" and text[10:11] in "T " and text[13:14] == ":":
        text = text.replace("T", " ").rstrip("Z")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return text


def rows(path):
    with open(path, "rb") as lines:
        return collections.Counter("|".join(cell(v) for v in json.loads(line).values()) for line in lines if line.strip())


# By the query: the columns that tell its rows apart.
FLINK_KEYS = {"q9": (0,), "q15": (0,), "q16": (0, 1), "q17": (0, 1), "q18": (0, 1), "q19": (0, 4)}

# Whose greedy variable at the end of the rows would have to give one back for the next.
FLINK_FINDS_LESS = ("cep1", "cep2")


class FlinkPeer:
    def __init__(self, paths):
        sys.path.insert(0, str(ROOT / "Tests/Differential"))
        from oracle.flink import Flink
        self.flink = Flink({"pipeline.auto-watermark-interval": "200 ms"})
        for table, columns in COLUMNS.items():
            declared = [f"`{c}` {dict(VARCHAR='STRING', TIMESTAMP='TIMESTAMP_LTZ(3)').get(t, t)}" for c, t in columns]
            if table != "side_input":
                declared.append("WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND")
            self.flink.execute(
                f"CREATE TABLE {table} ({', '.join(declared)}) WITH ('connector' = 'filesystem', 'path' = '{paths[table]}', "
                "'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601')")

    def rows(self, name, text):
        """What the changes come to, or why Flink refuses."""
        from oracle.cells import moment
        from oracle.flink import reason
        found = collections.Counter()
        try:
            # Reserved words there.
            answer = self.flink.collect(re.sub(r"(?<!`)\b(dateTime|value)\b", r"`\1`", text.rstrip().rstrip(";")))
        except Exception as error:  # whatever Java threw
            return reason(error)
        # Where a key tells rows apart Flink leaves out what they were.
        key = FLINK_KEYS.get(name) if all(kind != "-U" for kind, _ in answer["rows"]) else None
        latest = {}
        for kind, row in answer["rows"]:
            values = [moment(v) if t.startswith("TIMESTAMP") else float(v) if v and t.startswith(("DOUBLE", "DECIMAL")) else v
                      for v, t in zip(row, answer["types"])]
            text, is_there = "|".join(map(cell, values)), kind in ("+I", "+U")
            if key is None:
                found[text] += 1 if is_there else -1
            elif is_there:
                latest[tuple(values[c] for c in key)] = text
            else:
                latest.pop(tuple(values[c] for c in key), None)
        found.update(latest.values())
        return collections.Counter({row: n for row, n in found.items() if n})


def compare_flink(name, text, ours, cpu, flink):
    other = flink.rows(name, text)
    if isinstance(other, str):
        print(f"{name:12} ----  Flink refuses: {other[:150]}", flush=True)
        return True
    mine = rows(ours)
    same = mine == other or name in FLINK_FINDS_LESS and not other - mine
    less = f"   {sum((mine - other).values())} of them not found by Flink" if same and mine != other else ""
    print(f"{name:12} {'PASS' if same else 'DIFF'}  {sum(mine.values()):9} rows   squilla {cpu:6.2f} CPU-s{less}", flush=True)
    if not same:
        print(f"    only here:  {list((mine - other).items())[:3]} of {sum((mine - other).values())}")
        print(f"    only there: {list((other - mine).items())[:3]} of {sum((other - mine).values())}")
    return same


def compare(name, folder, paths, options):
    """One query in both. Prints a line, and says whether they agree."""
    text = (QUERIES / f"{name}.sql").read_text()
    used = [t for t in paths if t in text]
    ours, theirs = folder / "ours.json", folder / "theirs.json"
    declared = (QUERIES / "tables.sql").read_text()
    if "side_input" in used:
        declared += "CREATE TABLE side_input (id BIGINT, label VARCHAR);\n"
    command = [options.binary, "sql", "--format", "json", "--memory", "4GiB"]
    for table in paths if used else []:
        command += ["--table", f"{table}={paths[table]}"]
    command += ["--", declared + text]  # a comment in front looks like an option
    with open(ours, "wb") as out:
        cpu, failure = measured(command, out)
    if failure is not None:
        lines = failure.splitlines()
        print(f"{name:12} FAIL  {' / '.join(line.strip() for line in lines)[:200]}", flush=True)
        return False
    if options.no_peer:
        print(f"{name:12} ran   {cpu:6.2f} CPU-s", flush=True)
        return True
    if options.flink:
        return compare_flink(name, text, ours, cpu, options.flink)
    peer = QUERIES / f"{name}.duckdb.sql"
    asked = (peer if peer.exists() else QUERIES / f"{name}.sql").read_text()
    tables = json.dumps([(t, str(paths[t]), COLUMNS[t]) for t in used])
    peer_cpu, failure = measured([sys.executable, "-c", DUCKDB, asked, str(theirs), tables])
    if failure is not None:
        print(f"{name:12} PEER  {failure.splitlines()[-1]}", flush=True)
        return False
    mine, other = rows(ours), rows(theirs)
    same = mine == other
    print(f"{name:12} {'PASS' if same else 'DIFF'}  {sum(mine.values()):9} rows   squilla {cpu:6.2f} CPU-s"
          f"   duckdb {peer_cpu:6.2f} CPU-s", flush=True)
    if not same:
        print(f"    only here:  {list((mine - other).items())[:3]} of {sum((mine - other).values())}")
        print(f"    only there: {list((other - mine).items())[:3]} of {sum((other - mine).values())}")
    return same


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--out-of-order", type=int, default=1)
    parser.add_argument("--queries", help="such as q0,cep1; all by default")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--flink", action="store_true")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    options = parser.parse_args()
    names = options.queries.split(",") if options.queries else sorted(
        (p.stem for p in QUERIES.glob("*[0-9]*.sql") if ".duckdb" not in p.name),
        key=lambda q: (q[0] == "c", int(q.removeprefix("cep").lstrip("q").split("-")[0]), q))
    folder = pathlib.Path(tempfile.gettempdir()) / "squilla-nexmark"
    folder.mkdir(exist_ok=True)
    paths = generate(folder, options)
    if options.flink:
        try:
            options.flink = FlinkPeer(paths)
        except Exception as error:  # not installed, or no Java
            sys.exit(f"Flink can't be asked: {error}")
    same = [compare(name, folder, paths, options) for name in names]
    print(f"{sum(same)} of {len(same)} pass")
    sys.exit(0 if all(same) else 1)


main()
