#!/usr/bin/env python3
"""Queries whose memory is not enough: they answer what DuckDB does, leave nothing behind, and say so when the disk is full."""
import os, random, signal, subprocess, time
from support import *

try:
    import duckdb
except ImportError:
    duckdb = None

work = folder()
temporary = work / "tmp"
temporary.mkdir()
rng = random.Random(4)


def write(name, count, row):
    with open(work / f"{name}.ndjson", "w") as f:
        for i in range(count):
            f.write(json.dumps(row(i)) + "\n")


write("t", 200_000, lambda i: {"id": i, "k": rng.choice([None, rng.randrange(60_000)]) if i % 9 == 0 else rng.randrange(60_000),
                               "v": rng.randrange(-99, 99), "s": f"text {rng.randrange(90_000)} and more of it"})
write("u", 80_000, lambda i: {"k": rng.randrange(30_000, 90_000), "w": i})
DDL = """CREATE TABLE t (id BIGINT, k BIGINT, v BIGINT, s VARCHAR) WITH ('connector' = 'filesystem', 'path' = '%s/t.ndjson', 'format' = 'json');
CREATE TABLE u (k BIGINT, w BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s/u.ndjson', 'format' = 'json');
""" % (work, work)
QUERIES = {  # by what they are of: a text, and whether its order is told
    "ORDER BY": ("SELECT id, s, v FROM t ORDER BY s DESC, id", True),
    "ORDER BY with LIMIT": ("SELECT id, s FROM t ORDER BY v, s, id LIMIT 70000 OFFSET 20000", True),
    "GROUP BY": ("SELECT s, COUNT(*), SUM(v), MIN(id), COUNT(DISTINCT v) FROM t GROUP BY s", False),
    "GROUP BY ORDER BY": ("SELECT k, COUNT(*) AS n, MAX(s) FROM t GROUP BY k ORDER BY n DESC, k NULLS FIRST", True),
    "JOIN": ("SELECT t.id, u.w FROM t JOIN u ON t.k = u.k WHERE t.v > 0", False),
    "LEFT JOIN": ("SELECT t.id, t.s, u.w FROM t LEFT JOIN u ON t.k = u.k AND u.w > t.id", False),
    "FULL JOIN": ("SELECT t.id, u.w FROM t FULL JOIN u ON t.k = u.k AND t.v > 50", False),
    "NOT EXISTS": ("SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.k = t.k)", False),
}
environment = {**os.environ, "TMPDIR": str(temporary)}


def ask(text, memory, env=environment):
    command = [str(BINARY), "sql", "--format", "json", "--memory", memory, DDL + text]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=env, cwd=work)


def values(answer):
    return [tuple(json.loads(line).values()) for line in answer.stdout.splitlines()]


db = duckdb.connect() if duckdb else None
if db:
    db.execute(f"CREATE TABLE t AS SELECT * FROM read_json('{work}/t.ndjson', columns={{id: 'BIGINT', k: 'BIGINT', v: 'BIGINT', s: 'VARCHAR'}})")
    db.execute(f"CREATE TABLE u AS SELECT * FROM read_json('{work}/u.ndjson', columns={{k: 'BIGINT', w: 'BIGINT'}})")
for name, (text, isOrdered) in QUERIES.items():
    answer = ask(text, "8MiB")
    check(answer.returncode == 0, f"{name} goes on on disk: {answer.stderr.strip()[:200]}")
    theirs = db.execute(text).fetchall() if db else values(ask(text, "4GiB"))
    ours = values(answer)
    if not isOrdered:
        key = lambda row: tuple((v is None, v) for v in row)
        ours, theirs = sorted(ours, key=key), sorted(theirs, key=key)
    check(ours == [tuple(row) for row in theirs], f"{name}: {len(ours)} rows are those of {'DuckDB' if db else 'a query in memory'}")
    check(not list(temporary.iterdir()), f"{name}: nothing is left behind")

# Interrupted: what it left goes with the next one. Nobody reads its answers, so that it doesn't end before.
process = subprocess.Popen([str(BINARY), "sql", "--format", "json", "--memory", "8MiB", DDL + QUERIES["ORDER BY"][0]], stdout=subprocess.PIPE, env=environment, cwd=work)
deadline = time.monotonic() + 60
while process.poll() is None and time.monotonic() < deadline and not any(temporary.glob("*/spill-*")):
    time.sleep(0.005)
os.kill(process.pid, signal.SIGKILL)
process.wait()
left = list(temporary.glob("*/spill-*"))
check(left, f"killed while {len(left)} files were put aside")
for path in temporary.iterdir():
    os.utime(path, (time.time() - 120,) * 2)
foreign = temporary / "squilla-sql-file"
foreign.write_text("of somebody else")
answer = ask("SELECT COUNT(*) AS n FROM t", "8MiB")
check(values(answer) == [(200_000,)] and list(temporary.iterdir()) == [foreign], "the next one removes what that one left, and nothing else")
foreign.unlink()

# No folder to write in, and a full disk.
answer = ask(QUERIES["ORDER BY"][0], "8MiB", {**environment, "TMPDIR": str(work / "absent")})
check(answer.returncode == 1 and "ORDER BY holds the most" in answer.stderr, f"without a folder it is refused: {answer.stderr.strip()[:160]}")
small = work / "small"
small.mkdir()
if os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)], capture_output=True).returncode == 0:
    try:
        answer = ask(QUERIES["ORDER BY"][0], "8MiB", {**environment, "TMPDIR": str(small)})
        check(answer.returncode == 1 and "fills the disk" in answer.stderr and "No space left" in answer.stderr, f"a full disk: {answer.stderr.strip()[:200]}")
        check(not list(small.iterdir()), "and nothing is left on it")
    finally:
        subprocess.run(["umount", str(small)])
else:
    print("   no tmpfs can be mounted here: a full disk is not tried")
