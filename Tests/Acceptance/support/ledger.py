"""Events of two topics, the jobs over them that are killed, and what an uninterrupted run of these gives."""
import bisect, collections, json, time

BASE = 1_700_000_000
DELAY, CLOSING = 60_000_000, 200_000_000  # microseconds: what watermarks lag behind; how far behind the others the last event is

SOURCES = """
CREATE TABLE ticks (`@timestamp` TIMESTAMP_LTZ(6), k VARCHAR, v BIGINT,
  WATERMARK FOR `@timestamp` AS `@timestamp` - INTERVAL '60' SECOND) WITH ('topic' = 'ticks');
CREATE TABLE marks (`@timestamp` TIMESTAMP_LTZ(6), v BIGINT, m BIGINT,
  WATERMARK FOR `@timestamp` AS `@timestamp` - INTERVAL '60' SECOND) WITH ('topic' = 'marks');
"""

# Of the topics of tables by key the latest row of each key counts.
TABLES = """
CREATE TABLE totals (v BIGINT, n BIGINT, k VARCHAR, PRIMARY KEY (v) NOT ENFORCED);
CREATE TABLE pairs (v BIGINT, a BIGINT, b BIGINT, PRIMARY KEY (v) NOT ENFORCED);
"""

TO_TOPICS = SOURCES + TABLES + """
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


def to_files(folder):
    """A job of joins over intervals and windows, and of windows, that writes files in `folder`."""
    names = ("near", "joined", "counted")
    sinks = "".join(f"CREATE TABLE {name} WITH ('connector' = 'filesystem', 'path' = '{folder / name}', "
                    "'sink.rolling-policy.file-size' = '16kb');\n" for name in names)
    return SOURCES + sinks + """
EXECUTE STATEMENT SET BEGIN
  INSERT INTO near
    SELECT t.`@timestamp` AS at, t.v, m.m
    FROM ticks AS t LEFT JOIN marks AS m ON t.v = m.v
      AND m.`@timestamp` BETWEEN t.`@timestamp` - INTERVAL '4' SECOND AND t.`@timestamp` + INTERVAL '2' SECOND;
  INSERT INTO joined
    SELECT COALESCE(t.window_start, m.window_start) AS w, t.v AS tick, m.v AS mark, m.m
    FROM TABLE(TUMBLE(TABLE ticks, DESCRIPTOR(`@timestamp`), INTERVAL '5' SECOND)) AS t
    FULL JOIN TABLE(TUMBLE(TABLE marks, DESCRIPTOR(`@timestamp`), INTERVAL '5' SECOND)) AS m
      ON t.window_start = m.window_start AND t.window_end = m.window_end AND t.v = m.v;
  INSERT INTO counted
    SELECT window_start AS w, v, COUNT(*) AS n
    FROM TABLE(SESSION(TABLE marks PARTITION BY v, DESCRIPTOR(`@timestamp`), INTERVAL '3' SECOND))
    GROUP BY window_start, window_end, v;
END
"""


# Events, a little out of order, well within the watermark. A place is (index, microseconds).

def tick(index):
    return index, index * 50_000 + index * 7 % 11 * 300_000


def mark(index):
    return index, index * 80_000 + index * 5 % 13 * 200_000


def stamp(micros):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(BASE + micros // 1_000_000)) + f".{micros % 1_000_000:06d}Z"


def event(topic, place):
    index, micros = place
    values = {"k": "abc"[index % 3], "v": index % 500} if topic == "ticks" else {"v": index * 8 // 5 % 500 // 4 * 4, "m": index}
    return {"@timestamp": stamp(micros), **values}


def seen(text):
    """The microseconds that an answer's time stands for."""
    whole, _, rest = text.rstrip("Z").partition(".")
    seconds = int(time.mktime(time.strptime(whole.replace("T", " "), "%Y-%m-%d %H:%M:%S"))) - time.timezone - BASE
    return seconds * 1_000_000 + int(rest.ljust(6, "0") or 0)


def hops(ticks, passed):
    """The windows that a watermark has passed, and the rows whose v is divided by seven."""
    windows, sevens = {}, []
    for place in ticks:
        e = event("ticks", place)
        if e["v"] % 7 == 0:
            sevens.append((e["v"], e["k"]))
        start = place[1] // 5_000_000 * 5_000_000
        for s in (start - 5_000_000, start):
            if s + 10_000_000 <= passed:
                windows.setdefault((s, e["k"]), []).append(e["v"])
    return {(s, k, len(v), sum(v), len(set(v))) for (s, k), v in windows.items()}, sorted(sevens)


def by_key(ticks):
    """The rows of `totals` and `pairs`."""
    totals, pairs = {}, {}
    for place in ticks:
        e = event("ticks", place)
        n, k = totals.get(e["v"], (0, ""))
        totals[e["v"]] = (n + 1, max(k, e["k"]))
        if e["v"] < 40 and e["k"] in "ab":
            pair = pairs.setdefault(e["v"], [None, None])
            side = "ab".index(e["k"])
            pair[side] = (pair[side] or 0) + 1
    return [(v, *t) for v, t in sorted(totals.items())], [(v, *p) for v, p in sorted(pairs.items())]


def joins(ticks, marks, passed):
    """What the three targets of `to_files` hold once a watermark has passed, as bags of tuples."""
    of_value, of_window = collections.defaultdict(list), collections.defaultdict(list)
    for place in marks:
        v, m = event("marks", place)["v"], place[0]
        of_value[v].append((place[1], m))
        of_window[place[1] // 5_000_000 * 5_000_000, v].append(m)
    for all in of_value.values():
        all.sort()
    near, joined, met = collections.Counter(), collections.Counter(), set()
    for place in ticks:
        v, at = event("ticks", place)["v"], place[1]
        all = of_value.get(v, ())
        found = [m for _, m in all[bisect.bisect_left(all, (at - 4_000_000,)):bisect.bisect_left(all, (at + 2_000_001,))]]
        if found or at + 2_000_000 < passed:
            near.update((at, v, m) for m in found or [None])
        window = at // 5_000_000 * 5_000_000
        inside = of_window.get((window, v), ())
        met.add((window, v))
        if inside or window + 5_000_000 <= passed:  # pairs don't wait for the end of their window
            joined.update((window, v, v if inside else None, m) for m in inside or [None])
    for (window, v), all in of_window.items():
        if window + 5_000_000 <= passed and (window, v) not in met:
            joined.update((window, None, v, m) for m in all)
    return {"near": near, "joined": joined, "counted": collections.Counter(sessions(of_value, passed))}


def sessions(of_value, passed):
    for v, all in of_value.items():
        times = [t for t, _ in all]
        start, last, n = times[0], times[0], 0
        for t in times + [float("inf")]:
            if t - last > 3_000_000:
                if last + 3_000_000 <= passed:
                    yield start, v, n
                start, n = t, 0
            last, n = t, n + 1


def in_files(folder):
    """What the three targets' closed files hold, in the form of `joins`."""
    found = {}
    for name, time_name in (("near", "at"), ("joined", "w"), ("counted", "w")):
        files = [f for f in (folder / name).iterdir() if not f.name.startswith(".")]
        rows = (json.loads(line) for f in files for line in f.read_text().splitlines())
        found[name] = collections.Counter((seen(r[time_name]), *(v for c, v in r.items() if c != time_name)) for r in rows)
    return found
