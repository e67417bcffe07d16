#!/usr/bin/env python3
"""Asks random queries of `squilla sql` and of DuckDB over the same random rows. What differs is made as small as it goes and
printed with the rows that it needs.

    Tests/Differential/run.py [--binary PATH] [--seed N] [--queries N] [--depth N]

Ends with 1 when an answer differed. Queries that DuckDB refuses (an overflow, say) are counted and left out.
"""
import argparse, collections, datetime, json, pathlib, random, subprocess, sys, tempfile

import duckdb

import queries

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = {"int": ("BIGINT", "BIGINT"), "double": ("DOUBLE", "DOUBLE"), "text": ("VARCHAR", "VARCHAR"),
         "bool": ("BOOLEAN", "BOOLEAN"), "time": ("TIMESTAMP(3)", "TIMESTAMP")}
TEXTS = ["", "a", "b", "ab", "aab", "ba ", " a", "Ab", "é", "aé漢", "10", "-7", "x_y%", "abcabc"]


def row(rng):
    def value(type, nulls):
        if rng.random() < nulls:
            return None
        if type == "int":
            return rng.choice([0, 1, 2, 3, 5, -1, -7, 42, 1_000, rng.randrange(-50, 50)])
        if type == "double":
            return rng.choice([0.0, 0.5, -0.5, 1.5, 2.5, -3.25, 100.0, rng.randrange(-400, 400) / 8])
        if type == "text":
            return rng.choice(TEXTS)
        if type == "bool":
            return rng.random() < 0.5
        base = datetime.datetime(2024, 1, 1) if rng.random() < 0.8 else datetime.datetime(1969, 12, 30)
        moment = base + datetime.timedelta(seconds=rng.choice([0, 1, 59, 3_599, 3_600, rng.randrange(0, 200_000)]))
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % rng.choice([0, 0, 1, 999])
    return {name: value(type, 0 if name == "id" else 0.2) for name, type in queries.COLUMNS}


class Pair:
    """Both engines over the same two tables."""

    def __init__(self, binary, folder, rng):
        self.binary, self.folder = binary, folder
        self.tables = {"t": [row(rng) for _ in range(rng.randrange(1, 60))], "v": [row(rng) for _ in range(12)]}
        self.load()

    def load(self):
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")
        self.prefix, self.arguments = "", []
        for name, rows in self.tables.items():
            path = self.folder / f"{name}.ndjson"
            path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))
            theirs = ", ".join(f"'{c}': '{TYPES[t][1]}'" for c, t in queries.COLUMNS)
            self.db.execute(f"CREATE TABLE {name} AS SELECT * FROM read_json('{path}', format='newline_delimited', columns={{{theirs}}})")
            ours = ", ".join(f"{c} {TYPES[t][0]}" for c, t in queries.COLUMNS)
            self.prefix += f"CREATE TABLE {name} ({ours}, WATERMARK FOR ev AS ev);\n"
            self.arguments += ["--table", f"{name}={path}"]

    def ours(self, made):
        command = [self.binary, "sql", "--format", "json", *self.arguments, "--", self.prefix + queries.text(made)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode < 0:
            return "crash", [done.stderr[-300:]]
        if done.returncode:
            return "error", [done.stderr.strip()]
        return "rows", [tuple(cell(v) for v in json.loads(line).values()) for line in done.stdout.splitlines()]

    def theirs(self, made):
        try:
            return "rows", [tuple(cell(v) for v in r) for r in self.db.execute(queries.text(made, peer=True)).fetchall()]
        except duckdb.Error as error:
            return "error", [str(error)]

    def verdict(self, made):
        """`None` where both agree or DuckDB refuses, else both answers."""
        peer_state, peer = self.theirs(made)
        if peer_state == "error":
            return ("refused", None, peer)
        state, rows = self.ours(made)
        if state == "error" and any(word in rows[0] for word in ("is not supported", "can't be told")):
            return ("refused", None, rows)
        ordered = made["order"]
        if state == "rows" and (rows == peer if ordered else collections.Counter(rows) == collections.Counter(peer)):
            return None
        return (state, rows, peer)


def cell(value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f").rstrip("0").rstrip(".")
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return float("%.9g" % value) + 0.0
    if isinstance(value, str) and len(value) >= 20 and value[10] == "T" and value[-1] == "Z":
        text = value[:-1].replace("T", " ")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value if isinstance(value, (int, str)) else float(value)


def shrink(pair, made, state):
    """The smallest query, then the fewest rows, that still differ in the same way."""
    tries, changed = 0, True
    while changed and tries < 400:
        changed = False
        for less in queries.smaller(made):
            tries += 1
            found = pair.verdict(less)
            if found and found[0] == state:
                made, changed = less, True
                break
            if tries >= 400:
                break
    for name in ("t", "v"):
        place = 0
        while place < len(pair.tables[name]) and tries < 700:
            kept = pair.tables[name]
            pair.tables[name] = kept[:place] + kept[place + 1:]
            pair.load()
            tries += 1
            found = pair.verdict(made)
            if not (found and found[0] == state):
                pair.tables[name] = kept
                place += 1
    pair.load()
    return made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--differences", type=int, default=5, help="stop after so many")
    parser.add_argument("--refusals", action="store_true", help="show why queries were left out")
    options = parser.parse_args()
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        pair = None
        for number in range(options.queries):
            rng = random.Random(f"{options.seed}/{number}")
            if pair is None or number % 25 == 0:
                pair = Pair(options.binary, pathlib.Path(folder), random.Random(f"{options.seed}/{number}/rows"))
            made = queries.query(rng, options.depth)
            found = pair.verdict(made)
            counts["same" if found is None else "refused" if found[0] == "refused" else "different"] += 1
            if found is None or found[0] == "refused":
                if found and options.refusals:
                    print(f"query {number} refused: {' '.join(found[2][0].split())[:160]}")
                continue
            made = shrink(pair, made, found[0])
            state, ours, theirs = pair.verdict(made)
            print(f"\nquery {number} of seed {options.seed}: {state}\n  ours:   {queries.text(made)}\n  duckdb: {queries.text(made, peer=True)}")
            print(f"  we answer {ours[:5]}\n  duckdb    {theirs[:5]}")
            for name, rows in pair.tables.items():
                print(f"  {name}: " + "; ".join(json.dumps(r, ensure_ascii=False) for r in rows[:3]), flush=True)
            pair = None
            if counts["different"] >= options.differences:
                break
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    sys.exit(1 if counts["different"] else 0)


main()
