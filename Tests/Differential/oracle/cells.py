"""Brings the cells of both engines' answers into one form. Flink's column types say how."""
import collections, json, re

MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?Z?")


class Number(str):
    """A number as it was written."""


def ours(value, type):
    if isinstance(value, Number):
        return number(value, type)
    return common(value, type)


def theirs(value, type):
    if isinstance(value, str) and type.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        return number(value, type)
    return common(value, type)


def number(text, type):
    if type.startswith("DOUBLE"):
        return float("%.12g" % float(text)) + 0.0
    if type.startswith("FLOAT"):
        return float("%.6g" % float(text)) + 0.0
    if type.startswith("DECIMAL"):
        return str(text)
    whole = type.startswith(("TINYINT", "SMALLINT", "INT", "BIGINT")) and re.fullmatch(r"-?\d+", text)
    return int(text) if whole else str(text)


def common(value, type):
    if isinstance(value, (list, dict)) or type.startswith(("ARRAY", "MAP", "ROW", "MULTISET")):
        try:
            return json.dumps(plain(json.loads(value, parse_float=Number) if isinstance(value, str) else value), sort_keys=True)
        except ValueError:
            return value
    if type.startswith("TIMESTAMP"):
        return moment(value)
    return value


def plain(value):
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (Number, float, int)) and not isinstance(value, bool):
        return float(value)
    return value


def document(value):
    """A text that holds JSON, in the form of ours: we answer JSON as such, Flink as text."""
    if isinstance(value, str) and not isinstance(value, Number):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    return json.dumps(plain(value), sort_keys=True) if isinstance(value, (list, dict)) else value


def moment(text):
    """Flink leaves out seconds of zero, we end with Z."""
    found = MOMENT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return text
    day, minutes, seconds, rest = found.groups()
    return f"{day} {minutes}:{seconds or '00'}.{(rest or '').ljust(6, '0')[:6]}"


def is_closing(row):
    """Events named END, or of 2026, only carry the watermark on."""
    return any(isinstance(v, str) and ("END" in v or v.startswith(("2026-", "2025-12-31"))) for v in row)


def materialised(changes):
    rows = collections.Counter()
    for kind, row in changes:
        rows[row] += 1 if kind in ("+I", "+U") else -1
    return collections.Counter({row: n for row, n in rows.items() if n})
