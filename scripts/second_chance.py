#!/usr/bin/env python3
"""Compiles Sources/Delivery/SecondChance/Program/second_chance.c with clang (Swift's own will do) and writes the
instructions, as numbers, into SecondChanceProgram.swift beside it. `--check` writes nothing and exits 1 where they differ,
77 where there is no clang for BPF."""
import os, shutil, struct, subprocess, sys, tempfile

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
folder = os.path.join(root, "Sources/Delivery/SecondChance/Program")
target = os.path.join(folder, "SecondChanceProgram.swift")


def compiled(clang):
    with tempfile.TemporaryDirectory() as temporary:
        out = os.path.join(temporary, "out.o")
        headers = f"/usr/include/{os.uname().machine}-linux-gnu"
        subprocess.run(
            [clang, "-target", "bpf", "-mcpu=v3", "-O2", "-Wall", "-Werror", f"-I{headers}", "-c",
             os.path.join(folder, "second_chance.c"), "-o", out], check=True)
        with open(out, "rb") as file:
            return file.read()


def sections(elf):
    start = struct.unpack_from("<Q", elf, 40)[0]
    count, names = struct.unpack_from("<HH", elf, 60)
    rows = [struct.unpack_from("<IIQQQQIIQQ", elf, start + 64 * index) for index in range(count)]
    text = elf[rows[names][4]:]
    return {text[row[0]:text.index(b"\0", row[0])].decode(): elf[row[4]:row[4] + row[5]] for row in rows}


def rendered(elf):
    found = sections(elf)
    assert not found[".text"], "a function was not inlined"
    code, symbols, names = found["tc"], found[".symtab"], found[".strtab"]
    places = {"settings_map": [], "counters_map": []}
    for offset in range(0, len(found[".reltc"]), 16):
        place, kind = struct.unpack_from("<QQ", found[".reltc"], offset)
        assert kind & 0xFFFFFFFF == 1, "a relocation that is no map"
        name = struct.unpack_from("<I", symbols, 24 * (kind >> 32))[0]
        places[names[name:names.index(b"\0", name)].decode()].append(place // 8)
    words = struct.unpack(f"<{len(code) // 8}Q", code)
    lines = ["        " + " ".join(f"0x{word:016x}," for word in words[index:index + 5]) for index in range(0, len(words), 5)]
    return "\n".join([
        "// Written by scripts/second_chance.py from second_chance.c. Do not edit.",
        "",
        "enum SecondChanceProgram {",
        "    /// Which instructions load the address of the map of settings.",
        f"    static let settingsPlaces = {places['settings_map']}",
        "    /// Which instructions load the address of the map of counters.",
        f"    static let countersPlaces = {places['counters_map']}",
        "",
        "    // swift-format-ignore",
        "    static let instructions: [UInt64] = [",
        *lines,
        "    ]",
        "}",
        ""])


clang = next((path for path in (shutil.which("clang"), "/opt/swift/usr/bin/clang") if path and os.path.exists(path)), None)
targets = subprocess.run([clang, "--print-targets"], capture_output=True, text=True).stdout if clang else ""
if "bpf" not in targets:
    print("no clang with BPF")
    sys.exit(77)
text = rendered(compiled(clang))
if "--check" in sys.argv:
    with open(target) as file:
        same = file.read() == text
    print("the program is that of its source" if same else f"run scripts/second_chance.py: {target} is not of its source")
    sys.exit(0 if same else 1)
with open(target, "w") as file:
    file.write(text)
