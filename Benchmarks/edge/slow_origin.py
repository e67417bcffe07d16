#!/usr/bin/env python3
"""Hits on one route while the origin of another hangs or sends a byte a second: CPU per hit and its latency with and
without, Squilla beside HAProxy, nginx and Varnish in the same run.

    Benchmarks/edge/slow_origin.py [--slow N] [--rounds N] [--seconds N] [--connections N] [--peers squilla,haproxy,nginx,varnish]

Each server is pinned to the first core and has one worker; the load (wrk, 1 thread), the slow clients and the slow origin
share the second. N slow clients (1,000) ask for keys of their own, half of an origin that never answers, half of one that
sends a byte each second. Figures are medians of the rounds, which are interleaved; read the ratios.
"""
import argparse, multiprocessing, os, re, resource, selectors, shutil, socket, statistics, subprocess, sys, time
from race import HAPROXY, Peer, ROOT, cpu_seconds, folder, free_port, origin, wait_for


def slow_origin(port):
    """Hangs for /hang…, sends a byte each second for all else."""
    os.sched_setaffinity(0, {1})
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ, "accept")
    dripping, due = set(), time.monotonic() + 1
    while True:
        for key, _ in selector.select(max(0, due - time.monotonic())):
            if key.data == "accept":
                accepted, _ = listener.accept()
                accepted.setblocking(False)
                selector.register(accepted, selectors.EVENT_READ, "read")
                continue
            try:
                head = key.fileobj.recv(65536)
            except OSError:
                head = b""
            if not head:
                selector.unregister(key.fileobj)
                dripping.discard(key.fileobj)
                key.fileobj.close()
            elif b" /hang" not in head:
                key.fileobj.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nCache-Control: max-age=60\r\n\r\n")
                dripping.add(key.fileobj)
        if time.monotonic() >= due:
            due += 1
            for each in list(dripping):
                try:
                    each.send(b"x")
                except OSError:
                    dripping.discard(each)


def slow_clients(port, count, ready):
    """Holds so many requests open."""
    os.sched_setaffinity(0, {1})
    clients = []
    for number in range(count):
        client = socket.create_connection(("127.0.0.1", port))
        kind = "hang" if number % 2 else "drip"
        client.sendall(f"GET /{kind}{number} HTTP/1.1\r\nHost: slow.test\r\n\r\n".encode())
        clients.append(client)
    ready.set()
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select(1):
            if not key.fileobj.recv(65536):
                selector.unregister(key.fileobj)


def haproxy_connections():
    """As many as it starts with: it wants two open files for each, and some for itself."""
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 20_000 if limit == resource.RLIM_INFINITY else min(20_000, (limit - 200) // 2)


def command(name, work, port, fast, slow, binary):
    if name == "squilla":
        (work / "squilla.yaml").write_text(f"""
data: {work}/data
edge: {{listen: "127.0.0.1:{port}", workers: 1}}
origins:
  - {{name: fast, url: "http://127.0.0.1:{fast}"}}
  - {{name: slow, url: "http://127.0.0.1:{slow}", hosts: [slow.test], max_connections: 4000, first_byte_timeout_ms: 10m}}
management: {{listen: "127.0.0.1:{free_port()}"}}
""")
        return [binary, "up", "-c", f"{work}/squilla.yaml"]
    if name == "haproxy":
        (work / "haproxy.cfg").write_text(HAPROXY.replace("maxconn 4000", f"maxconn {haproxy_connections()}").replace("server 30s", "server 10m") + f"""
cache c
    total-max-size 256
    max-object-size 10000000
    max-age 3600
frontend f
    bind 127.0.0.1:{port}
    http-request cache-use c
    http-response cache-store c
    use_backend slow if {{ hdr(host) slow.test }}
    default_backend fast
backend fast
    http-request cache-use c
    http-response cache-store c
    server o 127.0.0.1:{fast}
backend slow
    http-request cache-use c
    http-response cache-store c
    server o 127.0.0.1:{slow}
""")
        return ["haproxy", "-f", f"{work}/haproxy.cfg", "-db"]
    if name == "nginx":
        (work / "cache").mkdir()
        (work / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {work}/nginx.pid; error_log {work}/nginx.err; user root; worker_rlimit_nofile 30000;
events {{ worker_connections 20000; }}
http {{ access_log off; keepalive_requests 100000000; proxy_cache_path {work}/cache keys_zone=c:64m max_size=1g; proxy_read_timeout 10m;
 upstream o {{ server 127.0.0.1:{fast}; keepalive 16; }}
 server {{ listen 127.0.0.1:{port} default_server; location / {{ proxy_pass http://o; proxy_http_version 1.1;
   proxy_set_header Connection ""; proxy_cache c; proxy_cache_valid 200 1h; }} }}
 server {{ listen 127.0.0.1:{port}; server_name slow.test; location / {{ proxy_pass http://127.0.0.1:{slow}; proxy_cache c; }} }} }}""")
        return ["nginx", "-c", f"{work}/nginx.conf"]
    if name == "varnish":
        (work / "slow.vcl").write_text(f"""vcl 4.1;
backend fast {{ .host = "127.0.0.1"; .port = "{fast}"; }}
backend slow {{ .host = "127.0.0.1"; .port = "{slow}"; .first_byte_timeout = 600s; .between_bytes_timeout = 600s; }}
sub vcl_recv {{ if (req.http.host == "slow.test") {{ set req.backend_hint = slow; }} }}""")
        return ["varnishd", "-F", "-a", f"127.0.0.1:{port}", "-f", f"{work}/slow.vcl", "-s", "malloc,256m", "-n", f"{work}/varnish"]
    sys.exit(f"unknown peer {name}")


def milliseconds(text):
    number, unit = re.match(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def measure(peer, options):
    """CPU in µs per hit, and the latency's median and 99th percentile in ms."""
    before = cpu_seconds(peer.process.pid)
    out = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--latency",
                          f"http://127.0.0.1:{peer.port}/object"], capture_output=True, text=True).stdout
    used = cpu_seconds(peer.process.pid) - before
    if "Non-2xx" in out or "Socket errors" in out:
        print(f"  {peer.name}: {out}", file=sys.stderr)
    requests = int(re.search(r"(\d+) requests in", out)[1])
    return used / requests * 1e6, *(milliseconds(re.search(rf"{part}%\s+(\S+)", out)[1]) for part in (50, 99))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slow", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--peers", default="squilla,haproxy,nginx,varnish")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    options = parser.parse_args()
    if haproxy_connections() < options.slow + options.connections:
        sys.exit(f"{options.slow} slow requests take more open files than are allowed here (ulimit -Hn)")
    work = folder()
    source, fast = origin(work, 1024, "public, max-age=3600")
    slow = free_port()
    dripper = multiprocessing.Process(target=slow_origin, args=(slow,), daemon=True)
    dripper.start()
    results = {}
    try:
        for number in range(options.rounds):
            for name in options.peers.split(","):
                place = folder()
                port = free_port()
                line = command(name, place, port, fast, slow, options.binary)
                if not shutil.which(line[0]):
                    continue
                peer = Peer(name, line, port)
                clients = None
                try:
                    wait_for(peer, port)
                    measure(peer, options)
                    without = measure(peer, options)
                    ready = multiprocessing.Event()
                    clients = multiprocessing.Process(target=slow_clients, args=(port, options.slow, ready), daemon=True)
                    clients.start()
                    ready.wait(30)
                    time.sleep(1)
                    results.setdefault(name, []).append((without, measure(peer, options)))
                finally:
                    if clients:
                        clients.kill()
                    peer.stop()
                    shutil.rmtree(place, ignore_errors=True)
            print(f"round {number + 1} of {options.rounds}", flush=True)
    finally:
        dripper.kill()
        source.stop()
        shutil.rmtree(work, ignore_errors=True)
    print(f"\n1 KB hits, {options.connections} connections, without and with {options.slow} requests at slow origins")
    print(f"{'':10}{'CPU µs':>18}{'':8}{'median ms':>18}{'':8}{'p99 ms':>18}")
    for name, rows in results.items():
        cells = []
        for index in range(3):
            without, with_slow = (statistics.median(row[side][index] for row in rows) for side in (0, 1))
            cells.append(f"{without:8.2f} {with_slow:8.2f} {with_slow / without:6.2f} x")
        print(f"{name:10}" + "   ".join(cells))


if __name__ == "__main__":
    main()
