#!/usr/bin/env python3
"""CPU per request that no cache answers: Squilla as a reverse proxy in front of an origin that keeps connections alive,
beside HAProxy and nginx in the same run.

    Benchmarks/edge/misses.py [--size BYTES] [--rounds N] [--seconds N] [--peers squilla,haproxy,nginx] [--binary PATH]

Each server has one worker on the first core and passes every request on (`Cache-Control: no-store`); the origin (nginx)
and wrk (1 thread, 32 connections) run on the second. The figure is CPU time of the server's processes from /proc by the
requests that wrk counted; the median of interleaved rounds. Squilla writes the request's event into its log.
`squilla-silent` is Squilla with `log.requests: false`.
"""
import argparse, os, pathlib, shutil, signal, statistics, subprocess, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from hits import Peer, ROOT, free_port, wait_for


def command(name, work, origin, port, binary):
    if name.startswith("squilla"):
        (work / f"{name}.yaml").write_text(f"""
data: {work}/{name}-data
edge: {{listen: "127.0.0.1:{port}", workers: 1}}
origins: [{{url: "http://127.0.0.1:{origin}"}}]
management: {{listen: "127.0.0.1:{free_port()}"}}
log: {{requests: {"false" if name.endswith("silent") else "true"}}}
""")
        return [binary, "up", "-c", f"{work}/{name}.yaml"]
    if name == "haproxy":
        (work / "haproxy.cfg").write_text(f"""
global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
    http-reuse always
    option forwardfor
frontend f
    bind 127.0.0.1:{port}
    default_backend b
backend b
    server o 127.0.0.1:{origin}
""")
        return ["haproxy", "-f", f"{work}/haproxy.cfg", "-db"]
    if name == "nginx":
        (work / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {work}/nginx.pid; error_log {work}/nginx.err; user root;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000;
 upstream o {{ server 127.0.0.1:{origin}; keepalive 64; }}
 server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://o; proxy_http_version 1.1;
   proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }} }}""")
        return ["nginx", "-c", f"{work}/nginx.conf"]
    sys.exit(f"unknown peer {name}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--peers", default="squilla,haproxy,nginx")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="squilla-bench-"))
    (work / "www").mkdir()
    (work / "www/object").write_bytes(bytes(97 + i % 26 for i in range(options.size)))
    os.chmod(work, 0o755)
    origin = free_port()
    (work / "origin.conf").write_text(f"""
worker_processes 1; daemon off; pid {work}/origin.pid; error_log {work}/origin.err; user root;
events {{ worker_connections 4096; }} http {{ access_log off; keepalive_requests 100000000; open_file_cache max=10;
 server {{ listen 127.0.0.1:{origin}; root {work}/www;
  location / {{ add_header Cache-Control "no-store"; default_type text/plain; }} }} }}""")
    source = subprocess.Popen(["taskset", "-c", "1", "nginx", "-c", f"{work}/origin.conf"], start_new_session=True)
    wait_for(origin)
    peers = []
    try:
        for name in options.peers.split(","):
            port = free_port()
            line = command(name, work, origin, port, options.binary)
            if not shutil.which(line[0]):
                print(f"{name}: not installed, left out")
                continue
            peers.append(Peer(name, line, port))
        for peer in peers:
            assert len(wait_for(peer.port)) == options.size, peer.name
            peer.round(1, options.connections)
            peer.microseconds.clear(), peer.rates.clear()
        for number in range(options.rounds):
            for peer in peers:
                peer.round(options.seconds, options.connections)
            print(f"round {number + 1}: " + "  ".join(f"{p.name} {p.microseconds[-1]:.2f}" for p in peers), flush=True)
    finally:
        for peer in peers:
            peer.stop()
        os.killpg(source.pid, signal.SIGTERM)
        time.sleep(0.2)
        shutil.rmtree(work, ignore_errors=True)
    ours = statistics.median(peers[0].microseconds)
    print(f"\n{options.size} B miss, {options.connections} connections, CPU µs per request (median of {options.rounds})")
    for peer in peers:
        median = statistics.median(peer.microseconds)
        print(f"{peer.name:16} {median:7.2f}   {peers[0].name} is {ours / median:.2f} x   {statistics.median(peer.rates):,.0f} requests/s")


if __name__ == "__main__":
    main()
