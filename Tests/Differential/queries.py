"""Random queries out of random expressions. A query is a dictionary of parts; `smaller` leaves some out."""
import copy

from expressions import Node, aggregate, expression, over, TYPES

COLUMNS = [("id", "int"), ("i", "int"), ("n", "int"), ("x", "double"), ("s", "text"), ("u", "text"), ("f", "bool"),
           ("ts", "time"), ("ev", "time")]
WINDOW = [("window_start", "time"), ("window_end", "time")]
SIZES = [("'1' HOUR", 3_600, 3_600), ("'2' HOUR", 3_600, 7_200), ("'1' DAY", 86_400, 86_400), ("'15' MINUTE", 300, 900)]


def query(rng, depth):
    kind = rng.choice(["plain", "plain", "grouped", "grouped", "window", "distinct", "union", "nested", "inset", "join", "over", "over"])
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
    if kind in ("grouped", "window"):
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
    if rng.random() < 0.4:
        made["order"] = [rng.choice(["", " ASC", " DESC", " DESC NULLS FIRST", " NULLS LAST"])
                         for _ in range(len(made["keys"]) + len(made["items"]) + 1)]
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
    head = "SELECT DISTINCT " if kind == "distinct" else "SELECT "
    body = head + ", ".join(f"{o} AS {n}" for o, n in zip(outputs, names)) + f" FROM {source}"
    conditions = [write(made["where"])] if made["where"] else []
    if kind == "inset":
        conditions.append("i IN (SELECT n FROM v WHERE n IS NOT NULL)")
    if conditions:
        body += " WHERE " + " AND ".join(conditions)
    if group:
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
    if made["kind"] in ("distinct", "union", "inset"):
        yield {**made, "kind": "plain"}
