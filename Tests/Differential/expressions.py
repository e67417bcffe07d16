"""Random expressions, as trees that can be written in both dialects and made smaller."""

TYPES = ("int", "double", "text", "bool", "time")


class Node:
    """`ours` and `theirs` are templates over the children: "{0} + {1}"."""

    def __init__(self, type, ours, children=(), theirs=None):
        self.type, self.ours, self.theirs, self.children = type, ours, theirs or ours, tuple(children)

    def text(self, peer=False):
        parts = [child.text(peer) for child in self.children]
        return (self.theirs if peer else self.ours).format(*parts)

    def size(self):
        return 1 + sum(child.size() for child in self.children)

    def smaller(self):
        """Trees of the same type with fewer nodes: one of its own parts, or itself with one part made smaller."""
        def descend(node):
            for child in node.children:
                if child.type == self.type:
                    yield child
                yield from descend(child)
        if self.children:
            yield Node(self.type, LITERALS[self.type][0], theirs=LITERALS[self.type][1])
        yield from descend(self)
        for place, child in enumerate(self.children):
            for less in child.smaller():
                yield Node(self.type, self.ours, self.children[:place] + (less,) + self.children[place + 1:], self.theirs)


LITERALS = {
    "int": ("1", "1"), "double": ("CAST(1.5 AS DOUBLE)", "1.5::DOUBLE"), "text": ("'a'", "'a'"),
    "bool": ("TRUE", "TRUE"), "time": ("TIMESTAMP '2024-01-01 00:00:00'", "TIMESTAMP '2024-01-01 00:00:00'"),
}

# Type of the result, types of the parts, our text, DuckDB's where it differs. DuckDB carries integers as BIGINT.
SHAPES = [
    ("int", ("int", "int"), "({0} + {1})"), ("int", ("int", "int"), "({0} - {1})"),
    ("int", ("int",), "({0} * 3)"), ("int", ("int",), "({0} / 7)", "({0} // 7)"),
    ("int", ("int",), "({0} / -2)", "({0} // -2)"), ("int", ("int",), "MOD({0}, 5)"),
    ("int", ("int",), "({0} % -3)"), ("int", ("int",), "ABS({0})"), ("int", ("int",), "(- {0})"),
    ("int", ("int",), "SIGN({0})"), ("int", ("text",), "CHAR_LENGTH({0})"),
    ("int", ("text", "text"), "POSITION({0} IN {1})"), ("int", ("bool",), "CAST({0} AS INT)"),
    ("int", ("int", "int"), "NULLIF({0}, {1})"), ("int", ("int", "int"), "COALESCE({0}, {1})"),
    ("int", ("text",), "TRY_CAST(REPLACE({0}, 'a', '1') AS INT)"),
    ("int", ("time",), "EXTRACT(YEAR FROM {0})"), ("int", ("time",), "EXTRACT(MONTH FROM {0})"),
    ("int", ("time",), "EXTRACT(DAY FROM {0})"), ("int", ("time",), "HOUR({0})"), ("int", ("time",), "MINUTE({0})"),
    ("int", ("time",), "SECOND({0})"), ("int", ("time",), "WEEK({0})"), ("int", ("time",), "QUARTER({0})"),
    ("int", ("time",), "DAYOFYEAR({0})"),
    ("int", ("time",), "(DAYOFWEEK({0}) - 1)", "dayofweek({0})"),
    ("int", ("time", "time"), "TIMESTAMPDIFF(HOUR, {0}, {1})", "datesub('hour', {0}, {1})"),
    ("int", ("time", "time"), "TIMESTAMPDIFF(MONTH, {0}, {1})", "datesub('month', {0}, {1})"),
    ("int", ("time", "time"), "TIMESTAMPDIFF(DAY, {0}, {1})", "datesub('day', {0}, {1})"),
    ("double", ("double", "double"), "({0} + {1})"), ("double", ("double", "double"), "({0} - {1})"),
    ("double", ("double", "double"), "({0} * {1})"), ("double", ("double",), "({0} / 4)"),
    ("double", ("int",), "CAST({0} AS DOUBLE)"), ("double", ("double",), "FLOOR({0})"),
    ("double", ("double",), "CEIL({0})"), ("double", ("double",), "ABS({0})"), ("double", ("double",), "ROUND({0}, 0)"),
    ("double", ("double",), "SQRT(ABS({0}))"), ("double", ("double", "double"), "COALESCE({0}, {1})"),
    ("double", ("int", "double"), "({0} + {1})"), ("double", ("double",), "EXP({0} / 1000)"),
    ("text", ("text",), "UPPER({0})"), ("text", ("text",), "LOWER({0})"), ("text", ("text",), "TRIM({0})"),
    ("text", ("text",), "SUBSTRING({0} FROM 2)"), ("text", ("text",), "SUBSTRING({0} FROM 1 FOR 2)"),
    ("text", ("text",), "SUBSTRING({0} FROM 3 FOR 9)"), ("text", ("text",), "SUBSTRING({0} FROM -1 FOR 1)"),
    ("text", ("text", "text"), "({0} || {1})"), ("text", ("text", "text"), "REPLACE({0}, 'b', {1})"),
    ("text", ("text",), "LPAD({0}, 4, 'xy')"), ("text", ("text",), "RPAD({0}, 3, '-')"),
    ("text", ("text",), "LEFT({0}, 2)"), ("text", ("text",), "RIGHT({0}, 2)"), ("text", ("text",), "REPEAT({0}, 2)"),
    ("text", ("int",), "CAST({0} AS VARCHAR)"), ("text", ("text", "text"), "COALESCE({0}, {1})"),
    ("text", ("bool",), "CAST({0} AS VARCHAR)", "UPPER(CAST({0} AS VARCHAR))"),
    ("text", ("text", "text"), "NULLIF({0}, {1})"), ("text", ("text",), "LTRIM({0})"), ("text", ("text",), "RTRIM({0})"),
    ("text", ("text",), "TRIM(LEADING 'a' FROM {0})", "LTRIM({0}, 'a')"),
    ("text", ("text",), "REGEXP_REPLACE({0}, '[ab]+', '_')", "REGEXP_REPLACE({0}, '[ab]+', '_', 'g')"),
    ("text", ("time",), "DATE_FORMAT({0}, 'yyyy-MM-dd HH:mm')", "strftime({0}, '%Y-%m-%d %H:%M')"),
    ("time", ("time", "time"), "COALESCE({0}, {1})"), ("time", ("time",), "({0} + INTERVAL '90' MINUTE)"),
    ("time", ("time",), "({0} - INTERVAL '1' DAY)"), ("time", ("time",), "({0} + INTERVAL '1' MONTH)"),
    ("time", ("time",), "FLOOR({0} TO HOUR)", "date_trunc('hour', {0})"),
    ("time", ("time",), "FLOOR({0} TO MONTH)", "date_trunc('month', {0})"),
    ("time", ("time",), "FLOOR({0} TO WEEK)", "(date_trunc('week', {0} + INTERVAL 1 DAY) - INTERVAL 1 DAY)"),
    ("time", ("time",), "CAST(CAST({0} AS VARCHAR) AS TIMESTAMP)"),
    ("bool", ("bool", "bool"), "({0} AND {1})"), ("bool", ("bool", "bool"), "({0} OR {1})"),
    ("bool", ("bool",), "(NOT {0})"), ("bool", ("bool",), "({0} IS TRUE)"), ("bool", ("bool",), "({0} IS NOT FALSE)"),
    ("bool", ("text",), "({0} LIKE 'a%')"), ("bool", ("text",), "({0} NOT LIKE '%b_')"),
    ("bool", ("text",), "({0} LIKE '%a%b%')"), ("bool", ("text",), "({0} LIKE '_')"),
    ("bool", ("int",), "({0} IN (1, 2, 3))"), ("bool", ("int",), "({0} NOT IN (0, NULL, 5))"),
    ("bool", ("text",), "({0} IN ('a', 'ab', ''))"), ("bool", ("text", "text"), "({0} IN ('b', {1}))"),
    ("bool", ("int", "int", "int"), "({0} BETWEEN {1} AND {2})"), ("bool", ("int", "double"), "({0} < {1})"),
    ("bool", ("time",), "({0} >= '2024-01-02 00:00:00')"),
]
for kind in TYPES:
    for sign in ("=", "<>", "<", "<=", ">", ">="):
        SHAPES.append(("bool", (kind, kind), "({0} %s {1})" % sign))
    SHAPES.append(("bool", (kind,), "({0} IS NULL)"))
    SHAPES.append(("bool", (kind,), "({0} IS NOT NULL)"))
    SHAPES.append(("bool", (kind, kind), "({0} IS DISTINCT FROM {1})"))
    SHAPES.append((kind, ("bool", kind, kind), "CASE WHEN {0} THEN {1} ELSE {2} END"))
    SHAPES.append((kind, ("bool", kind), "CASE WHEN {0} THEN {1} END"))
    SHAPES.append((kind, ("int", kind, kind), "CASE {0} WHEN 1 THEN {1} WHEN NULL THEN {2} ELSE {1} END"))
    SHAPES.append((kind, ("bool", kind, kind), "IF({0}, {1}, {2})"))

CONSTANTS = {
    "int": ["0", "1", "-3", "7", "100"], "double": ["CAST(0 AS DOUBLE)", "CAST(-2.5 AS DOUBLE)", "CAST(0.25 AS DOUBLE)"],
    "text": ["''", "'a'", "'ab'", "'%'", "' b '", "'é'", "'10'"], "bool": ["TRUE", "FALSE"],
    "time": ["TIMESTAMP '2024-02-29 23:59:59'", "TIMESTAMP '1969-12-31 12:00:00'", "TIMESTAMP '2024-01-01 00:00:00'"],
}


def expression(rng, type, columns, depth):
    """- columns: (name, type) that may be named."""
    mine = [name for name, kind in columns if kind == type]
    if depth <= 0 or rng.random() < 0.2:
        if mine and rng.random() < 0.75:
            return Node(type, rng.choice(mine))
        if rng.random() < 0.12:
            names = {"int": "INT", "double": "DOUBLE", "text": "VARCHAR", "bool": "BOOLEAN", "time": "TIMESTAMP"}
            return Node(type, f"CAST(NULL AS {names[type]})")
        return Node(type, rng.choice(CONSTANTS[type]))
    shape = rng.choice([s for s in SHAPES if s[0] == type])
    parts = [expression(rng, kind, columns, depth - 1) for kind in shape[1]]
    return Node(type, shape[2], parts, shape[3] if len(shape) > 3 else None)


def aggregate(rng, columns, depth):
    """An aggregate call, its type in front."""
    kind = rng.choice(["count", "count", "sum", "min", "max", "avg", "distinct", "sumd", "list", "listd"])
    if kind == "count":
        call = Node("int", "COUNT(*)") if rng.random() < 0.5 else Node(
            "int", "COUNT({0})", [expression(rng, rng.choice(TYPES), columns, depth)])
    elif kind == "distinct":
        call = Node("int", "COUNT(DISTINCT {0})", [expression(rng, rng.choice(TYPES), columns, depth)])
    elif kind == "sum":
        call = Node("int", "SUM({0})", [expression(rng, "int", columns, depth)], "SUM({0})::BIGINT")
    elif kind == "sumd":
        call = Node("int", "SUM(DISTINCT {0})", [expression(rng, "int", columns, depth)], "SUM(DISTINCT {0})::BIGINT")
    elif kind == "list":
        # Equal keys are ordered by the text here.
        way = rng.choice([" NULLS FIRST", " DESC NULLS LAST", " NULLS LAST", " DESC NULLS FIRST"])
        parts = [expression(rng, "text", columns, depth), expression(rng, rng.choice(TYPES), columns, depth)]
        call = Node("text", "LISTAGG({0}, '-') WITHIN GROUP (ORDER BY {1}%s)" % way, parts,
                    "LISTAGG({0}, '-' ORDER BY {1}%s, {0})" % way)
    elif kind == "listd":
        way = rng.choice(["", " DESC"])
        call = Node("text", "LISTAGG(DISTINCT {0}, '-') WITHIN GROUP (ORDER BY {0}%s)" % way,
                    [expression(rng, "text", columns, depth)], "LISTAGG(DISTINCT {0}, '-' ORDER BY {0}%s)" % way)
    elif kind == "avg":
        call = Node("double", "AVG({0})", [expression(rng, "double", columns, depth)])
    else:
        type = rng.choice(["int", "double", "text", "time"])
        call = Node(type, kind.upper() + "({0})", [expression(rng, type, columns, depth)])
    if rng.random() < 0.25 and "SUM" not in call.ours:
        condition = expression(rng, "bool", columns, depth)
        place = len(call.children)
        test = f" FILTER (WHERE {{{place}}})"
        return Node(call.type, call.ours + test, call.children + (condition,), call.theirs + test)
    return call


def over(rng, columns, depth, rank_only=False):
    """A function with OVER. What depends on the order of equal rows is ordered by all columns, so that none are left."""
    kinds = ["ROW_NUMBER()"] if rank_only else [
        "ROW_NUMBER()", "RANK()", "DENSE_RANK()", "PERCENT_RANK()", "CUME_DIST()", "NTILE", "LAG", "LEAD", "FIRST_VALUE",
        "LAST_VALUE", "NTH_VALUE", "aggregate", "aggregate", "aggregate", "aggregate"]
    kind = rng.choice(kinds)
    is_total = kind in ("ROW_NUMBER()", "NTILE", "LAG", "LEAD") or kind.endswith("_VALUE") or rng.random() < 0.4
    nulls = rng.choice(["", "", " IGNORE NULLS"])
    type = rng.choice(TYPES)
    if kind == "aggregate":
        call = aggregate(rng, columns, depth)
    elif kind == "NTILE":
        call = Node("int", f"NTILE({rng.randrange(1, 5)})")
    elif kind in ("LAG", "LEAD"):
        value = [expression(rng, type, columns, depth)]
        text = f"{kind}({{0}}, {rng.randrange(0, 4)}"
        if rng.random() < 0.4:
            value.append(expression(rng, type, columns, depth))
            text += ", {1}"
        call = Node(type, text + nulls + ")", value)
    elif kind == "NTH_VALUE":
        call = Node(type, f"NTH_VALUE({{0}}, {rng.randrange(1, 4)}{nulls})", [expression(rng, type, columns, depth)])
    elif kind.endswith("_VALUE"):
        call = Node(type, f"{kind}({{0}}{nulls})", [expression(rng, type, columns, depth)])
    else:
        call = Node("double" if kind in ("PERCENT_RANK()", "CUME_DIST()") else "int", kind)
    return with_window(rng, call, kind, is_total, columns, depth)


def with_window(rng, call, kind, is_total, columns, depth):
    children = list(call.children)

    def add(node):
        children.append(node)
        return "{%d}" % (len(children) - 1)
    directions = [" NULLS FIRST", " DESC NULLS LAST", " NULLS LAST", " DESC NULLS FIRST"]
    partition = [add(expression(rng, rng.choice(TYPES), columns, depth - 1)) for _ in range(rng.choice([0, 1, 1, 2]))]
    order = [add(expression(rng, rng.choice(TYPES), columns, depth - 1)) + rng.choice(directions)
             for _ in range(rng.choice([0, 1, 1, 2] if is_total else [1, 1, 2]))]
    frame = ""
    takes_frame = kind == "aggregate" or kind.endswith("_VALUE")
    if is_total:
        order += [name + " NULLS FIRST" for name, _ in columns]
        if takes_frame and rng.random() < 0.8:
            places = ["UNBOUNDED PRECEDING", "3 PRECEDING", "1 PRECEDING", "CURRENT ROW", "1 FOLLOWING", "2 FOLLOWING",
                      "UNBOUNDED FOLLOWING"]
            first = rng.randrange(0, 6)
            frame = f" {rng.choice(['ROWS', 'ROWS', 'GROUPS'])} BETWEEN {places[first]} AND {places[rng.randrange(max(first, 1), 7)]}"
            frame += rng.choice(["", "", "", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"])
    elif takes_frame and rng.random() < 0.7:
        name, type = rng.choice([c for c in columns if c[1] in ("int", "double", "time")])
        order = [name + rng.choice(directions)]
        near, far = {"int": ("1", "5"), "double": ("0.5", "3"), "time": ("INTERVAL '1' HOUR", "INTERVAL '1' DAY")}[type]
        places = ["UNBOUNDED PRECEDING", f"{far} PRECEDING", f"{near} PRECEDING", "CURRENT ROW", f"{near} FOLLOWING",
                  f"{far} FOLLOWING", "UNBOUNDED FOLLOWING"]
        first = rng.randrange(0, 6)
        unit = "RANGE"
        if rng.random() < 0.4:
            unit = "GROUPS"
            places = ["UNBOUNDED PRECEDING", "2 PRECEDING", "1 PRECEDING", "CURRENT ROW", "1 FOLLOWING", "2 FOLLOWING",
                      "UNBOUNDED FOLLOWING"]
        frame = f" {unit} BETWEEN {places[first]} AND {places[rng.randrange(max(first, 1), 7)]}"
        # What depends on the order of peers would not be the same.
        frame += rng.choice(["", "", "", " EXCLUDE GROUP"] if kind.endswith("_VALUE") else
                            ["", "", "", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"])
    window = (" PARTITION BY " + ", ".join(partition) if partition else "") + (" ORDER BY " + ", ".join(order) if order else "")
    text = f" OVER ({(window + frame).strip()})"
    theirs = call.theirs.removesuffix("::BIGINT")
    return Node(call.type, call.ours + text, children, f"({theirs}{text}){call.theirs[len(theirs):]}")
