#!/usr/bin/env python3
"""CPU per cached hit behind 0, 1, 10 and 100 rules, none of which fires: Squilla, nginx (`if`), Varnish (VCL) and HAProxy
(`http-request deny`) in the same run.

    Benchmarks/edge/rules.py [--rules 0,1,10,100] [--peers squilla,haproxy,nginx,varnish] [--rounds N] [--seconds N]

A rule asks whether the path begins so, or one of ten header fields has that value. What a rule costs is the difference to
none, divided by how many there are; machines as in `hits.py`.
"""
import argparse, sys
import hits, race


def split(name):
    peer, count = name.rsplit("-", 1)
    return peer, range(int(count))


def more(name):
    rules = "".join(f"""  - {{name: r{i}, when: "url.path LIKE '/no{i}/%' OR header('x-h{i % 10}') = 'v{i}'", deny: true}}\n""" for i in split(name)[1])
    return f"rules:\n{rules}" if rules else ""


def command(name, work, port, origin):
    peer, rules = split(name)
    folder = work / name
    folder.mkdir()
    line = hits.command(peer, folder, port, origin)
    if peer == "nginx":
        text = "".join(f"if ($uri ~ ^/no{i}/) {{ return 403; }} if ($http_x_h{i % 10} = v{i}) {{ return 403; }}\n" for i in rules)
        path = folder / "nginx.conf"
        path.write_text(path.read_text().replace("location / {", text + "location / {"))
    if peer == "haproxy":
        text = "".join(f"    http-request deny if {{ path_beg /no{i}/ }} or {{ req.hdr(x-h{i % 10}) v{i} }}\n" for i in rules)
        path = folder / "haproxy.cfg"
        path.write_text(path.read_text().replace("    http-request cache-use c\n", text + "    http-request cache-use c\n", 1))
    if peer == "varnish":
        text = "".join(f'  if (req.url ~ "^/no{i}/" || req.http.x-h{i % 10} == "v{i}") {{ return (synth(403)); }}\n' for i in rules)
        (folder / "default.vcl").write_text(f"""vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{origin}"; }}
sub vcl_recv {{
{text}}}""")
        where = line.index("-b")
        line[where:where + 2] = ["-f", str(folder / "default.vcl")]
    return line


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rules", default="0,1,10,100")
    options, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    counts = options.rules.split(",")
    options = race.arguments("squilla,haproxy,nginx,varnish", seconds=3)
    peers = options.peers.split(",")
    options.peers = ",".join(f"{peer}-{count}" for count in counts for peer in peers)
    medians = race.race(options, "hit behind rules", "public, max-age=3600", command, more=more)
    print("\nns for each rule")
    for peer in peers:
        costs = [f"{c}: {(medians[f'{peer}-{c}'] - medians[f'{peer}-{counts[0]}']) / int(c) * 1000:.0f}"
                 for c in counts[1:] if f"{peer}-{c}" in medians]
        print(f"{peer:10} {'  '.join(costs)}")
