"""Reads case files: tables, their events in order, and statements with the verdict that is expected."""
import dataclasses, json, pathlib, re

VERDICTS = ("same", "differs", "flink refuses", "squilla refuses", "both fail")


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    declaration: str  # what stands in the parentheses of CREATE TABLE


@dataclasses.dataclass(eq=False)
class Case:
    file: pathlib.Path
    name: str
    tables: list  # of Table
    rows: list  # of (table's name, event), in the order in which they come
    sql: str
    flink_sql: str
    settings: list
    expected: str = "same"
    ways: tuple = ("stored", "live")
    compare_changes: bool = False
    reads_json: bool = False


class Malformed(Exception):
    pass


def read(file):
    """All cases of a file. Lines: `table NAME (…)`, events `NAME {…}`, `== NAME` begins a case, `: …` says something of it."""
    tables, rows, cases, case = {}, [], [], None
    for number, line in enumerate(file.read_text().splitlines(), 1):
        try:
            if line.startswith("== "):
                case = Case(file, line[3:].strip(), list(tables.values()), list(rows), "", "", [])
                cases.append(case)
            elif line.startswith("table "):
                if case is not None:
                    tables, rows, case = {}, [], None
                name, declaration = re.fullmatch(r"table (\w+) \((.*)\)", line).groups()
                tables[name] = Table(name, declaration)
            elif case is None and line and not line.startswith("#"):
                name, _, event = line.partition(" ")
                rows.append((tables[name].name, json.loads(event)))
            elif line.startswith(": "):
                direct(case, line[2:].strip())
            elif case is not None and line.startswith("-- in Flink: "):
                case.flink_sql += line.removeprefix("-- in Flink: ") + "\n"
            elif case is not None and not line.startswith("#"):
                case.sql += line + "\n"
        except (AttributeError, KeyError, ValueError) as error:
            raise Malformed(f"{file.name}, line {number}: {line} ({error})") from error
    for case in cases:
        case.sql = case.sql.strip()
        case.flink_sql = case.flink_sql.strip() or case.sql
    return cases


def direct(case, text):
    """One line of `:`, its reason behind a semicolon left out."""
    word = text.partition(";")[0].strip()
    if word in VERDICTS:
        case.expected = word
    elif word in ("live", "stored"):
        case.ways = (word,)
    elif word == "json":
        case.reads_json = True
    elif word == "changes":
        case.compare_changes, case.ways = True, ("live",)
    elif text.startswith("set "):
        case.settings.append(tuple(text[4:].split(" = ", 1)))
    else:
        raise ValueError(f"nothing is called {word}")
