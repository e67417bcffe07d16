#!/usr/bin/env python3
"""What HTTP/2 hits and TLS handshakes cost, beside nginx and HAProxy in the same run.

    Benchmarks/edge/connections.py [--rounds N] [--seconds N] [--peers squilla,nginx,haproxy] [--binary PATH]

Each server has one worker on the first core; clients run on the second. Figures are CPU time of the server's processes
from /proc, medians of interleaved rounds: a 1 KB hit over HTTP/2 in cleartext (h2load -c16 -m10) and over TLS, and a
TLS 1.3 connection with one small request, with a full handshake and with a resumed one (openssl s_time, ECDSA P-256).
"""
import argparse, pathlib, re, shutil, socket, statistics, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from race import HAPROXY, ROOT, Process, cpu_seconds, folder, free_port, origin as started_origin, wait_until


def haproxy(work, origin, plain, secure):
    (work / "haproxy.cfg").write_text(f"""{HAPROXY}
cache c
    total-max-size 64
    max-object-size 1000000
    max-age 3600
frontend f
    bind 127.0.0.1:{plain}
    bind 127.0.0.1:{secure} ssl crt {work}/both.pem alpn h2,http/1.1
    http-request cache-use c
    http-response cache-store c
    default_backend b
backend b
    http-request cache-use c
    http-response cache-store c
    server o 127.0.0.1:{origin}
""")
    return ["haproxy", "-f", f"{work}/haproxy.cfg", "-db"]


def nginx(work, origin, plain, secure):
    (work / "cache").mkdir()
    (work / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {work}/nginx.pid; error_log {work}/nginx.err; user root;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; proxy_cache_path {work}/cache keys_zone=c:64m max_size=1g;
 ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {work}/edge.pem; ssl_certificate_key {work}/edge.key;
 upstream o {{ server 127.0.0.1:{origin}; keepalive 16; }}
 server {{ listen 127.0.0.1:{plain} http2; listen 127.0.0.1:{secure} ssl http2; location / {{ proxy_pass http://o;
   proxy_http_version 1.1; proxy_set_header Connection ""; proxy_cache c; proxy_cache_valid 200 1h; }} }} }}""")
    return ["nginx", "-c", f"{work}/nginx.conf"]


def squilla(work, origin, plain, secure, binary):
    (work / "squilla.yaml").write_text(f"""
data: {work}/data
edge:
  workers: 1
  listen:
    - 127.0.0.1:{plain}
    - {{address: "127.0.0.1:{secure}", tls: {{certificates: [{{certificate: {work}/edge.pem, key: {work}/edge.key}}]}}}}
origins: [{{url: "http://127.0.0.1:{origin}"}}]
management: {{listen: "127.0.0.1:{free_port()}"}}
""")
    return [binary, "up", "-c", f"{work}/squilla.yaml"]


class Peer(Process):
    def __init__(self, name, command, plain, secure):
        super().__init__(name, ["taskset", "-c", "0"] + command)
        self.plain, self.secure = plain, secure
        self.figures = {}

    def measure(self, what, command, pattern):
        before = cpu_seconds(self.process.pid)
        out = subprocess.run(["taskset", "-c", "1"] + command, capture_output=True, text=True)
        used = cpu_seconds(self.process.pid) - before
        count = int(re.search(pattern, out.stdout).group(1))
        self.figures.setdefault(what, []).append(used / max(1, count) * 1e6)

    def round(self, seconds):
        load = ["h2load", "-c16", "-m10", "-t1", f"-D{seconds}"]
        for what, url in (("h2 hit", f"http://127.0.0.1:{self.plain}/object"),
                          ("h2 hit over TLS", f"https://127.0.0.1:{self.secure}/object")):
            self.measure(what, load + [url], r"(\d+) succeeded")
        time_it = ["openssl", "s_time", "-connect", f"127.0.0.1:{self.secure}", "-tls1_3", "-time", str(seconds), "-www", "/object"]
        self.measure("full handshake", time_it + ["-new"], r"(\d+) connections in \d+ real")
        self.measure("resumed handshake", time_it + ["-reuse"], r"(\d+) connections in \d+ real")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--peers", default="squilla,nginx,haproxy")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    options = parser.parse_args()
    work = folder()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
                    "-subj", "/CN=edge", "-keyout", f"{work}/edge.key", "-out", f"{work}/edge.pem"], capture_output=True, check=True)
    (work / "both.pem").write_text((work / "edge.pem").read_text() + (work / "edge.key").read_text())
    source, origin = started_origin(work, 1024, "public, max-age=3600")
    peers = []
    try:
        for name in options.peers.split(","):
            plain, secure = free_port(), free_port()
            make = {"haproxy": haproxy, "nginx": nginx, "squilla": squilla}[name]
            extra = [options.binary] if name == "squilla" else []
            peers.append(Peer(name, make(work, origin, plain, secure, *extra), plain, secure))
        for peer in peers:
            for port in (peer.plain, peer.secure):
                wait_until(lambda: socket.create_connection(("127.0.0.1", port), 1).close(), peer, port)
            subprocess.run(["curl", "-s", "--http2-prior-knowledge", f"http://127.0.0.1:{peer.plain}/object"], capture_output=True)
        for number in range(options.rounds):
            for peer in peers:
                peer.round(options.seconds)
            print(f"round {number + 1} done", flush=True)
    finally:
        for peer in peers:
            peer.stop()
        source.stop()
        shutil.rmtree(work, ignore_errors=True)
    print(f"\nCPU µs each (median of {options.rounds}), and ours by theirs")
    for what in peers[0].figures:
        ours = statistics.median(peers[0].figures[what])
        print(f"{what:20}" + "".join(f"{p.name} {statistics.median(p.figures[what]):9.2f} ({ours / statistics.median(p.figures[what]):.2f})   "
                                     for p in peers))


if __name__ == "__main__":
    main()
