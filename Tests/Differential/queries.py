"""Random queries out of random expressions. A query is a dictionary of parts; `smaller` leaves some out."""
import copy

from expressions import Node, aggregate, expression, over, TYPES

COLUMNS = [("id", "int"), ("i", "int"), ("n", "int"), ("x", "double"), ("s", "text"), ("u", "text"), ("f", "bool"),
           ("ts", "time"), ("ev", "time")]
WINDOW = [("window_start", "time"), ("window_end", "time")]
SIZES = [("'1' HOUR", 3_600, 3_600), ("'2' HOUR", 3_600, 7_200), ("'1' DAY", 86_400, 86_400), ("'15' MINUTE", 300, 900)]


# {0} is the first key, {1} all of them.
SETS = ["ROLLUP ({1})", "CUBE ({1})", "GROUPING SETS (({0}), ({1}), ())", "GROUPING SETS (({1}), (), ())",
        "{0}, ROLLUP ({1})", "ROLLUP ({0}), CUBE ({0})"]
TIES = ["EXISTS (SELECT 1 FROM v WHERE v.i = t.i)", "NOT EXISTS (SELECT 1 FROM v WHERE v.i = t.i AND v.n > t.n)",
        "NOT EXISTS (SELECT 1 FROM v WHERE v.s = t.s AND t.f)", "t.i IN (SELECT v.n FROM v WHERE v.f = t.f)",
        "t.i NOT IN (SELECT v.n FROM v WHERE v.s = t.s)", "t.n NOT IN (SELECT v.i FROM v WHERE v.i > t.i)",
        "t.s NOT IN (SELECT v.u FROM v WHERE v.f = t.f AND v.u IS NOT NULL)",
        "EXISTS (SELECT 1 FROM v WHERE v.x < t.x AND v.s <> t.s)", "NOT (t.x IN (SELECT v.x FROM v WHERE v.i = t.n))",
        "t.x > (SELECT AVG(v.x) FROM v WHERE v.f = t.f)", "(SELECT COUNT(*) FROM v WHERE v.i = t.i AND v.n = t.n) < 1",
        "(t.i > 2 OR EXISTS (SELECT 1 FROM v WHERE v.s = t.u))",
        "(t.f OR t.i IN (SELECT v.n FROM v))", "(t.i = 1 OR t.s NOT IN (SELECT v.u FROM v WHERE v.u IS NOT NULL))",
        "t.i > ALL (SELECT v.n FROM v WHERE v.f = t.f)", "t.n <= ANY (SELECT v.i FROM v WHERE v.s = t.s)",
        "(t.i < ALL (SELECT v.n FROM v WHERE v.n > 3)) IS NOT FALSE", "NOT t.i >= ANY (SELECT DISTINCT v.n FROM v)",
        "(t.f OR t.n = ALL (SELECT v.n FROM v WHERE v.i = t.i))", "(t.i <> ANY (SELECT v.i FROM v)) IS NOT TRUE",
        "t.n <> ALL (SELECT v.i FROM v WHERE v.f = t.f)", "t.i > SOME (SELECT MAX(v.n) FROM v GROUP BY v.f)",
        "(t.f OR t.i IN (SELECT v.n FROM v WHERE v.f = t.f))", "(t.i > 3 OR t.s NOT IN (SELECT v.u FROM v WHERE v.i = t.i))",
        "(t.i > 3 OR NOT EXISTS (SELECT 1 FROM v WHERE v.s = t.u AND t.f))",
        "(t.f OR t.x IN (SELECT v.i FROM v WHERE v.s = t.s))"]
# Marks on the rows, among the columns.
MARKS = ["t.i IN (SELECT v.n FROM v WHERE v.f = t.f)", "t.i NOT IN (SELECT v.n FROM v WHERE v.s = t.s)",
         "t.s IN (SELECT v.u FROM v)", "t.n NOT IN (SELECT v.i FROM v WHERE v.i > 1)",
         "EXISTS (SELECT 1 FROM v WHERE v.i = t.n)", "NOT EXISTS (SELECT 1 FROM v WHERE v.s = t.s AND t.i > 0)",
         "CASE WHEN t.n IN (SELECT v.i FROM v WHERE v.f = t.f) THEN 'in' WHEN t.n NOT IN (SELECT v.i FROM v) THEN 'out' END",
         "(t.i IN (SELECT v.n FROM v WHERE v.u = t.u)) IS UNKNOWN", "t.i IN (SELECT v.n FROM v WHERE t.f)",
         "t.i IN (SELECT MAX(v.n) FROM v GROUP BY v.f)",
         "t.f IN (SELECT v.f FROM v WHERE v.n IN (SELECT w.i FROM t AS w) OR v.i = 1)"]


def names_a_column(node):
    return node.ours in dict(COLUMNS) or any(names_a_column(child) for child in node.children)


def query(rng, depth):
    kind = rng.choice(["plain", "plain", "grouped", "grouped", "window", "distinct", "union", "nested", "inset", "join", "over", "over",
                       "sets", "sets", "tied", "tied", "marked", "marked", "setop"])
    made = {"kind": kind, "where": None, "having": None, "qualify": None, "order": False, "limit": None, "keys": [], "source": "t"}
    columns = COLUMNS
    if kind == "nested":
        made["inner"] = [expression(rng, type, COLUMNS, depth - 1) for type in TYPES]
        columns = [(f"c{place}", type) for place, type in enumerate(TYPES)]
    if kind == "join":
        made["join"] = rng.choice(["JOIN", "LEFT JOIN"])
        columns = [(f"{side}.{name}", type) for side in "tv" for name, type in COLUMNS]
        made["on"] = rng.choice(["i", "n", "s", "id"])
    if rng.random() < 0.6:
        made["where"] = expression(rng, "bool", columns, depth)
    if kind == "sets":
        keys = [expression(rng, rng.choice(TYPES), columns, depth - 1) for _ in range(rng.randrange(1, 4))]
        # A constant would be a place in the SELECT list; equal keys are one.
        keys = [key if names_a_column(key) else Node("int", rng.choice(["i", "n"])) for key in keys]
        made["keys"] = list({key.text(): key for key in keys}.values())
        made["items"] = [aggregate(rng, columns, depth - 1) for _ in range(rng.randrange(1, 3))]
        made["sets"] = rng.choice(SETS)
    elif kind in ("grouped", "window"):
        made["keys"] = [expression(rng, rng.choice(TYPES), columns, depth - 1) for _ in range(rng.randrange(0, 3))]
        made["items"] = [aggregate(rng, columns, depth - 1) for _ in range(rng.randrange(1, 4))]
        if kind == "window":
            made["size"] = rng.randrange(len(SIZES))
        if rng.random() < 0.3:
            made["having"] = Node("bool", "({0} IS NOT NULL)", [aggregate(rng, columns, 1)]) if rng.random() < 0.3 else \
                Node("bool", "(COUNT(*) > {0})", [Node("int", rng.choice(["0", "1", "3"]))])
    elif kind == "over":
        made["items"] = [over(rng, columns, depth - 1) for _ in range(rng.randrange(1, 4))]
        if rng.random() < 0.4:
            bound = rng.choice(["<= 3", "= 1", "< 2", "BETWEEN 2 AND 3"])
            made["qualify"] = Node("bool", "({0} %s)" % bound, [over(rng, columns, 1, rank_only=True)])
    else:
        made["items"] = [expression(rng, rng.choice(TYPES), columns, depth) for _ in range(rng.randrange(1, 4))]
    if kind == "tied":
        made["ties"] = rng.sample(TIES, rng.randrange(1, 3))
    if kind == "marked":
        made["marks"] = rng.sample(MARKS, rng.randrange(1, 3))
        made["ties"] = rng.sample(TIES, rng.randrange(0, 2))
    if kind == "setop":
        made["operation"] = rng.choice(["INTERSECT", "EXCEPT"]) + rng.choice(["", " ALL", " DISTINCT"])
        if "DISTINCT" in made["operation"]:
            made["operation"] = made["operation"].split()[0]
    if rng.random() < 0.4:
        made["order"] = [rng.choice(["", " ASC", " DESC", " DESC NULLS FIRST", " NULLS LAST"])
                         for _ in range(len(made["keys"]) + len(made["items"]) + len(made.get("marks") or []) + 1)]
        if rng.random() < 0.5:
            made["limit"] = (rng.randrange(0, 9), rng.randrange(0, 3))
    return made


def text(made, peer=False):
    write = lambda node: node.text(peer)
    kind = made["kind"]
    names = [f"k{n}" for n in range(len(made["keys"]))] + [f"a{n}" for n in range(len(made["items"]))]
    outputs = [write(e) for e in made["keys"] + made["items"]]
    source, group = "t", [write(e) for e in made["keys"]]
    if kind == "nested":
        inner = ", ".join(f"{write(e)} AS c{n}" for n, e in enumerate(made["inner"]))
        source = f"(SELECT {inner} FROM t) AS q"
    elif kind == "join":
        source = f"t {made['join']} v ON t.{made['on']} = v.{made['on']}"
    elif kind == "window":
        source = window(made, peer)
        group += ["window_start", "window_end"]
        names.append("w")
        outputs.append("window_start")
    for place, mark in enumerate(made.get("marks") or []):
        names.append(f"m{place}")
        outputs.append(mark)
    head = "SELECT DISTINCT " if kind == "distinct" else "SELECT "
    body = head + ", ".join(f"{o} AS {n}" for o, n in zip(outputs, names)) + f" FROM {source}"
    conditions = [write(made["where"])] if made["where"] else []
    if kind == "inset":
        conditions.append("i IN (SELECT n FROM v WHERE n IS NOT NULL)")
    conditions += made.get("ties") or []
    if conditions:
        body += " WHERE " + " AND ".join(conditions)
    if kind == "sets" and group:
        body += " GROUP BY " + made["sets"].format(group[0], ", ".join(group))
    elif group:
        body += " GROUP BY " + ", ".join(group)
    if made["having"]:
        body += " HAVING " + write(made["having"])
    if made["qualify"]:
        body += " QUALIFY " + write(made["qualify"])
    if kind == "union":
        body += " UNION ALL " + body.replace(" FROM t", " FROM v")
    if made["order"]:
        body += " ORDER BY " + ", ".join(n + order(o, peer) for n, o in zip(names, made["order"]))
        if made["limit"]:
            body += " LIMIT %d OFFSET %d" % made["limit"]
    return body


def order(direction, peer):
    """Nulls are the smallest value here."""
    if not peer or "NULLS" in direction:
        return direction
    return direction + (" NULLS LAST" if "DESC" in direction else " NULLS FIRST")


def window(made, peer):
    size, slide, length = SIZES[made["size"]]
    if not peer:
        if slide == length:
            return f"TABLE(TUMBLE(TABLE t, DESCRIPTOR(ev), INTERVAL {size}))"
        return f"TABLE(HOP(TABLE t, DESCRIPTOR(ev), INTERVAL '{slide}' SECOND, INTERVAL '{length}' SECOND))"
    start = f"time_bucket(INTERVAL {slide} SECOND, ev, TIMESTAMP '1970-01-01') - INTERVAL {slide} SECOND * unnest(range({length // slide}))"
    return (f"(SELECT *, window_start + INTERVAL {length} SECOND AS window_end FROM "
            f"(SELECT *, {start} AS window_start FROM t WHERE ev IS NOT NULL))")


def smaller(made):
    for part in ("where", "having", "qualify", "limit", "order"):
        if made[part]:
            yield {**made, part: None}
    for part in ("keys", "items", "inner"):
        for place, node in enumerate(made.get(part) or []):
            if part == "keys" or (part == "items" and len(made["items"]) > 1):
                less = copy.copy(made)
                less[part] = made[part][:place] + made[part][place + 1:]
                yield less
            for small in node.smaller():
                less = copy.copy(made)
                less[part] = made[part][:place] + [small] + made[part][place + 1:]
                yield less
    for part in ("where", "having", "qualify"):
        if made[part]:
            for small in made[part].smaller():
                yield {**made, part: small}
    if len(made.get("ties") or []) > 1:
        for tie in made["ties"]:
            yield {**made, "ties": [tie]}
    for part in ("ties", "marks"):
        if len(made.get(part) or []) == 1:
            yield {**made, part: []}
    if len(made.get("marks") or []) > 1:
        for mark in made["marks"]:
            yield {**made, "marks": [mark]}
    if made["kind"] == "sets":
        yield {**made, "kind": "grouped"}
    if made["kind"] in ("distinct", "union", "inset", "setop"):
        yield {**made, "kind": "plain"}
