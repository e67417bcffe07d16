#!/usr/bin/env python3
"""What compression costs: Squilla beside nginx in the same run, both with zlib at the same level.

    Benchmarks/edge/compression.py [--binary BINARY] [--bytes N] [--level N] [--rounds N] [--seconds N]

An origin (nginx) gives an HTML page. `passed` is not stored: it is compressed for each client. `stored` is a hit: Squilla
sends the form that it made once, nginx compresses anew. `plain` is the same without `Accept-Encoding`, so that the
difference is the compression. Figures are CPU time of the server's processes from /proc divided by the requests that wrk
counted, the median of rounds that are interleaved. Each server has one worker.
"""
import argparse, collections, os, pathlib, random, re, shutil, statistics, subprocess, tempfile, urllib.request
from race import ROOT, Process, cpu_seconds, free_port, wait_for


def page(size):
    """Repetitive as HTML is, with words that differ."""
    source = random.Random(7)
    words = ["".join(source.choices("etaoinshrdlucmfwypvbgkjqxz", k=source.randint(2, 9))) for _ in range(800)]
    text = "<!doctype html><title>page</title>"
    while len(text) < size:
        text += f'<li class="item"><a href="/p/{source.choice(words)}">{" ".join(source.choices(words, k=8))}</a></li>\n'
    return text[:size].encode()


class Server(Process):
    def __init__(self, name, command, port):
        super().__init__(name, command)
        self.port, self.figures = port, collections.defaultdict(list)

    def round(self, case, seconds):
        kind, accept = case
        arguments = ["-H", f"Accept-Encoding: {accept}"] if accept else []
        before = cpu_seconds(self.process.pid)
        out = subprocess.run(["wrk", "-t1", "-c16", f"-d{seconds}s", *arguments, f"http://127.0.0.1:{self.port}/{kind}"],
                             capture_output=True, text=True).stdout
        used = cpu_seconds(self.process.pid) - before
        self.figures[case].append(used / int(re.search(r"(\d+) requests in", out).group(1)) * 1e6)

    def size(self, case):
        kind, accept = case
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{kind}", headers={"Accept-Encoding": accept} if accept else {})
        return len(urllib.request.urlopen(request).read())


def nginx(folder, name, text):
    path = pathlib.Path(folder, f"{name}.conf")
    user = "user root;" if os.getuid() == 0 else ""
    temporary = " ".join(f"{kind}_temp_path {folder}/{name}-{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi", "client_body"))
    path.write_text(f"worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.log; {user}\n"
                    f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; keepalive_requests 1000000; {temporary}\n{text} }}\n")
    return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(path)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    parser.add_argument("--bytes", type=int, default=64 << 10)
    parser.add_argument("--level", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="bench-")
    os.chmod(folder, 0o755)
    for kind in ("passed", "stored"):
        pathlib.Path(folder, kind).write_bytes(page(options.bytes))
    origin, own, peer = free_port(), free_port(), free_port()
    servers = [Server("origin", nginx(folder, "origin", f"""
        server {{ listen 127.0.0.1:{origin}; root {folder}; default_type text/html;
          location /passed {{ add_header Cache-Control no-store; }}
          location /stored {{ add_header Cache-Control max-age=3600; }} }}"""), origin)]
    wait_for(servers[0], origin, "/passed")
    level = options.level
    config = pathlib.Path(folder, "squilla.yaml")
    config.write_text(f"""
data: {folder}/data
edge: {{listen: 127.0.0.1:{own}, workers: 1}}
management: {{listen: 127.0.0.1:{free_port()}}}
origins: [{{url: "http://127.0.0.1:{origin}"}}]
cache: {{compression: {{levels: {{gzip: {level}}}, passed_levels: {{gzip: {level}}}}}}}
""")
    servers.append(Server("squilla", [options.binary, "up", "--config", str(config)], own))
    servers.append(Server("nginx", nginx(folder, "peer", f"""
        proxy_cache_path {folder}/cache keys_zone=c:10m;
        upstream o {{ server 127.0.0.1:{origin}; keepalive 32; }}
        gzip on; gzip_proxied any; gzip_comp_level {level}; gzip_min_length 512;
        server {{ listen 127.0.0.1:{peer};
          location / {{ proxy_pass http://o; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Accept-Encoding "";
                        proxy_cache c; }} }}"""), peer))
    cases = [("passed", ""), ("passed", "gzip"), ("stored", ""), ("stored", "gzip"), ("passed", "br"), ("passed", "zstd")]
    try:
        for server in servers[1:]:
            wait_for(server, server.port, "/passed")
            wait_for(server, server.port, "/stored")
        for _ in range(options.rounds):
            for case in cases:
                for server in servers[1:]:
                    if server.name == "squilla" or case[1] in ("", "gzip"):
                        server.round(case, options.seconds)
        squilla, other = servers[1], servers[2]
        median = lambda server, case: statistics.median(server.figures[case])
        print(f"{options.bytes} bytes, gzip level {level}; CPU us a request, bytes sent")
        for case in cases:
            line = f"{case[0]:7} {case[1] or 'plain':6} squilla {median(squilla, case):7.1f} {squilla.size(case):7}"
            if other.figures[case]:
                line += f"   nginx {median(other, case):7.1f} {other.size(case):7}   {median(squilla, case) / median(other, case):.2f} x"
            print(line)
        extra = [median(s, ("passed", "gzip")) - median(s, ("passed", "")) for s in (squilla, other)]
        print(f"compression alone, passed: squilla {extra[0]:.1f}, nginx {extra[1]:.1f}, {extra[0] / extra[1]:.2f} x")
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
