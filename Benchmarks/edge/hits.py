#!/usr/bin/env python3
"""CPU per cached hit over keep-alive: Squilla, with the request's event written to its log, beside HAProxy's cache,
nginx's proxy_cache and Varnish in the same run.

    Benchmarks/edge/hits.py [--size BYTES] [--rounds N] [--seconds N] [--peers squilla,haproxy,nginx,varnish]

Each server is pinned to the first core and has one worker; wrk (1 thread, 32 connections) runs on the second. The
figure is CPU time of the server's processes from /proc divided by the requests that wrk counted; the median of the
rounds, which are interleaved because shared machines drift. `squilla-silent` is Squilla with `log.requests: false`:
the difference is the cost of the event.
"""
import argparse, os, pathlib, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, path="/object", seconds=15):
    end = time.time() + seconds
    while time.time() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as r:
                return r.read()
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing answers on port {port}")


def cpu_seconds(pid):
    """User and system time of a process and all its descendants."""
    ticks, queue = 0, [pid]
    while queue:
        p = queue.pop()
        try:
            fields = open(f"/proc/{p}/stat").read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
            for task in os.listdir(f"/proc/{p}/task"):
                queue += map(int, open(f"/proc/{p}/task/{task}/children").read().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


class Peer:
    def __init__(self, name, command, port):
        self.name, self.port = name, port
        self.process = subprocess.Popen(["taskset", "-c", "0"] + command, stdout=subprocess.DEVNULL,
                                        stderr=open(f"/tmp/bench-{name}.log", "w"), start_new_session=True)
        self.microseconds, self.rates, self.p99 = [], [], []

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)

    def round(self, seconds, connections, path="/object"):
        before = cpu_seconds(self.process.pid)
        out = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency",
                              f"http://127.0.0.1:{self.port}{path}"], capture_output=True, text=True).stdout
        used = cpu_seconds(self.process.pid) - before
        requests = int(re.search(r"(\d+) requests in", out).group(1))
        if "Non-2xx" in out or "Socket errors" in out:
            print(f"  {self.name}: {out}", file=sys.stderr)
        self.microseconds.append(used / requests * 1e6)
        self.rates.append(requests / seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--peers", default="squilla,squilla-silent,haproxy,nginx")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="squilla-bench-"))
    (work / "www").mkdir()
    (work / "www/object").write_bytes(bytes(97 + i % 26 for i in range(options.size)))
    os.chmod(work, 0o755)
    origin_port = free_port()
    (work / "origin.conf").write_text(f"""
worker_processes 1; daemon off; pid {work}/origin.pid; error_log {work}/origin.err; user root;
events {{}} http {{ access_log off; server {{ listen 127.0.0.1:{origin_port}; root {work}/www;
  location / {{ add_header Cache-Control "public, max-age=3600"; default_type text/plain; }} }} }}""")
    peers, servers = [], [subprocess.Popen(["nginx", "-c", f"{work}/origin.conf"], start_new_session=True)]
    wait_for(origin_port)
    for name in options.peers.split(","):
        port = free_port()
        if name.startswith("squilla"):
            config = work / f"{name}.yaml"
            config.write_text(f"""
data: {work}/{name}-data
edge: {{listen: "127.0.0.1:{port}", workers: 1}}
origins: [{{url: "http://127.0.0.1:{origin_port}"}}]
management: {{listen: "127.0.0.1:{free_port()}"}}
log: {{requests: {"false" if name.endswith("silent") else "true"}}}
""")
            command = [options.binary, "up", "-c", str(config)]
        elif name == "haproxy":
            (work / "haproxy.cfg").write_text(f"""
global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
cache c
    total-max-size 256
    max-object-size 10000000
    max-age 3600
frontend f
    bind 127.0.0.1:{port}
    http-request cache-use c
    http-response cache-store c
    default_backend b
backend b
    http-request cache-use c
    http-response cache-store c
    server o 127.0.0.1:{origin_port}
""")
            command = ["haproxy", "-f", f"{work}/haproxy.cfg", "-db"]
        elif name == "nginx":
            (work / "cache").mkdir()
            (work / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {work}/nginx.pid; error_log {work}/nginx.err; user root;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; proxy_cache_path {work}/cache keys_zone=c:64m max_size=1g;
 upstream o {{ server 127.0.0.1:{origin_port}; keepalive 16; }}
 server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://o; proxy_http_version 1.1;
   proxy_set_header Connection ""; proxy_cache c; proxy_cache_valid 200 1h; }} }} }}""")
            command = ["nginx", "-c", f"{work}/nginx.conf"]
        elif name == "varnish":
            command = ["varnishd", "-F", "-a", f"127.0.0.1:{port}", "-b", f"127.0.0.1:{origin_port}", "-s",
                       "malloc,256m", "-n", f"{work}/varnish"]
        else:
            sys.exit(f"unknown peer {name}")
        if not shutil.which(command[0]):
            print(f"{name}: not installed, left out")
            continue
        peers.append(Peer(name, command, port))
    try:
        for peer in peers:
            body = wait_for(peer.port)
            assert len(body) == options.size, f"{peer.name}: {len(body)} bytes"
            peer.round(1, options.connections)
            peer.microseconds.clear(), peer.rates.clear()
        for number in range(options.rounds):
            for peer in peers:
                peer.round(options.seconds, options.connections)
            print(f"round {number + 1}: " + "  ".join(f"{p.name} {p.microseconds[-1]:.2f}" for p in peers), flush=True)
    finally:
        for peer in peers:
            peer.stop()
        for server in servers:
            os.killpg(server.pid, signal.SIGTERM)
        time.sleep(0.2)
        shutil.rmtree(work, ignore_errors=True)
    ours = statistics.median(peers[0].microseconds)
    print(f"\n{options.size} B hit, {options.connections} connections, CPU µs per request (median of {options.rounds})")
    for peer in peers:
        median = statistics.median(peer.microseconds)
        print(f"{peer.name:16} {median:7.2f}   {peers[0].name} is {ours / median:.2f} x   {statistics.median(peer.rates):,.0f} requests/s")


if __name__ == "__main__":
    main()
