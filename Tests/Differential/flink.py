#!/usr/bin/env python3
"""Asks the statements of Tests/Differential/flink/*.cases of Flink, in streaming mode over event time, and of Squilla, and
compares.

    Tests/Differential/flink.py [--binary PATH] [--ask] [--only WORD] [--show] [FILE …]

Flink's answers are kept beside the cases (*.answers.json), so that comparing needs no Flink; `--ask` asks it for those that
are missing, `--ask-all` for all (a Python with `pip install apache-flink`, and Java; otherwise it says so and ends with 77).
Ends with 1 where a verdict is not the expected one. The form of the cases: README.md.
"""
import argparse, collections, hashlib, json, pathlib, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from oracle import cases, cells  # noqa: E402


def key(case):
    """Changes with whatever Flink's answer depends on."""
    parts = [case.flink_sql, *(t.declaration for t in case.tables), json.dumps(case.rows)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def answers(all, files, ask, anew):
    """Flink's answers to all cases, those that are not kept from Flink itself."""
    kept = {}
    for file in files:
        path = file.with_suffix(".answers.json")
        if path.exists():
            kept.update(json.loads(path.read_text()))
    missing = [c for c in all if anew or key(c) not in kept]
    if missing and not ask:
        print(f"{len(missing)} statements have no kept answer (the first: {missing[0].name}); --ask asks Flink")
        sys.exit(1)
    if missing:
        from oracle.flink import Flink, NotInstalled
        try:
            flink = Flink()
        except NotInstalled as reason:
            print(f"skipped: {reason}")
            sys.exit(77)
        for number, case in enumerate(missing):
            kept[key(case)] = flink.answer(case)
            print(f"  asked Flink {number + 1} of {len(missing)}: {case.name}", file=sys.stderr, flush=True)
    for file in files:
        of_file = {key(c): {"name": c.name, **kept[key(c)]} for c in all if c.file == file}
        if missing and of_file:
            lines = (f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in of_file.items())
            file.with_suffix(".answers.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return {c: kept[key(c)] for c in all}


def verdict(case, theirs, ours):
    """`same`, `differs`, `flink refuses`, `squilla refuses` or `both fail`, with what tells them apart."""
    if "error" in theirs or "error" in ours:
        if "error" in theirs and "error" in ours:
            return "both fail", ours["error"]
        return ("flink refuses", theirs["error"]) if "error" in theirs else ("squilla refuses", ours["error"])
    types = theirs["types"]
    mine = [(kind, tuple(cells.ours(v, t) for v, t in zip(row, types, strict=False))) for kind, row in ours["rows"]]
    peer = [(kind, tuple(cells.theirs(v, t) for v, t in zip(row, types))) for kind, row in theirs["rows"]]
    mine, peer = ([r for r in rows if not cells.is_closing(r[1])] for rows in (mine, peer))
    if case.reads_json:
        mine, peer = ([(kind, tuple(map(cells.document, r))) for kind, r in rows] for rows in (mine, peer))
    if case.compare_changes:
        return ("same", "") if mine == peer else ("differs", changes_apart(mine, peer))
    mine, peer = cells.materialised(mine), cells.materialised(peer)
    if mine == peer:
        return "same", ""
    return "differs", f"only ours {list((mine - peer).items())[:6]}\n      only flink {list((peer - mine).items())[:6]}"


def changes_apart(mine, peer):
    """From the first change on that differs."""
    same = next((i for i, (a, b) in enumerate(zip(mine, peer)) if a != b), min(len(mine), len(peer)))
    return f"after {same} changes ours {mine[same:same + 6]}\n      flink's {peer[same:same + 6]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    parser.add_argument("--ask", action="store_true", help="ask Flink for answers that are not kept")
    parser.add_argument("--ask-all", action="store_true", help="ask Flink for all answers anew")
    parser.add_argument("--only", default="", help="cases whose names contain this")
    parser.add_argument("--show", action="store_true", help="show what differs also where that is expected")
    options = parser.parse_args()
    files = options.files or sorted((pathlib.Path(__file__).parent / "flink").glob("*.cases"))
    all = [c for file in files for c in cases.read(file) if options.only in c.name]
    from oracle.squilla import Squilla
    theirs = answers(all, files if not options.only else [], options.ask or options.ask_all, options.ask_all)
    counts, wrong = collections.Counter(), 0
    with tempfile.TemporaryDirectory(prefix="squilla-oracle-") as folder:
        squilla = Squilla(options.binary, pathlib.Path(folder))
        for case in all:
            for way in case.ways:
                expected_bag = theirs[case]
                ours = squilla.answer(case, way, lambda o: verdict(case, expected_bag, o)[0] == "same")
                found, detail = verdict(case, expected_bag, ours)
                counts[found] += 1
                if found != case.expected:
                    wrong += 1
                if found != case.expected or (options.show and found != "same"):
                    print(f"{'WRONG' if found != case.expected else 'as expected'}: {case.file.name}: {case.name} ({way}): "
                          f"{found}, expected: {case.expected}\n      {detail}", flush=True)
        squilla.close()
    print(f"{len(all)} statements; " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
