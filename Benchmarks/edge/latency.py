#!/usr/bin/env python3
"""Latency of cached hits at a part of the load that a server can take: Squilla, with the request's event written to its
log, beside HAProxy's cache, nginx's proxy_cache and Varnish in the same run.

    Benchmarks/edge/latency.py [--size BYTES] [--rounds N] [--seconds N] [--load PERCENT] [--same 1] [--peers squilla,…]

Each server is pinned to the first core and has one worker; the clients run on the second. In each round wrk finds how
many requests a second a server answers at most, and then h2load sends it that part of them, evenly, over 32 HTTP/1.1
connections. With `--same 1` all get that part of what the strongest of the others takes, which a weaker one may not. The
figures are percentiles of its log, and the median of the rounds, which take turns. Both cores must be free: a busy
machine shows in the tail first.
"""
import os, pathlib, shutil, statistics, subprocess, sys, tempfile
from hits import command
from race import Peer, arguments, folder, free_port, origin, squilla, wait_for

CONNECTIONS = 32


def latencies(port, rate, seconds):
    """Microseconds of each request at a rate, in ascending order, and the rate that came of it."""
    log = pathlib.Path(tempfile.mkdtemp(prefix="squilla-bench-")) / "log"
    subprocess.run(["taskset", "-c", "1", "h2load", "--h1", "-t", "1", "-c", str(CONNECTIONS), "-D", str(seconds),
                    "--warm-up-time", "1", f"--rps={rate / CONNECTIONS:.3f}", f"--log-file={log}",
                    f"http://127.0.0.1:{port}/object"], check=True, stdout=subprocess.DEVNULL)
    lines = [line.split("\t") for line in log.read_text().splitlines()]
    if any(line[1] != "200" for line in lines):
        sys.exit(f"port {port}: not all answers were 200")
    shutil.rmtree(log.parent)
    return sorted(int(line[2]) for line in lines), len(lines) / seconds


def main():
    options = arguments("squilla,haproxy,nginx,varnish", seconds=5, load=70, same=0)
    work = folder()
    source, origin_port = origin(work, options.size, "public, max-age=3600")
    peers = []
    try:
        for name in options.peers.split(","):
            port = free_port()
            line = (squilla(work, name, options.binary, port, origin_port) if name.startswith("squilla")
                    else command(name, work, port, origin_port))
            if not shutil.which(line[0]):
                print(f"{name}: not installed, left out")
                continue
            peers.append(Peer(name, line, port))
        for peer in peers:
            wait_for(peer, peer.port)
            peer.figures = []
        for number in range(options.rounds):
            for peer in peers:
                peer.round(2, CONNECTIONS)
            strongest = max(peer.rates[-1] for peer in peers if not peer.name.startswith("squilla"))
            for peer in peers:
                rate = (strongest if options.same else peer.rates[-1]) * options.load / 100
                taken, reached = latencies(peer.port, rate, options.seconds)
                peer.figures.append((rate, reached, *(taken[int(len(taken) * part)] for part in (0.5, 0.99, 0.999))))
            print(f"round {number + 1}: " + "  ".join(f"{p.name} p99 {p.figures[-1][3]} µs" for p in peers), flush=True)
        who = "the strongest other" if options.same else "each"
        print(f"\n{options.size} B hit at {options.load} % of what {who} takes (median of {options.rounds})")
        best = min(statistics.median(f[3] for f in p.figures) for p in peers if not p.name.startswith("squilla"))
        for peer in peers:
            rate, reached, p50, p99, p999 = (statistics.median(column) for column in zip(*peer.figures))
            print(f"{peer.name:<16} {rate:8,.0f}/s asked, {reached:8,.0f}/s sent   p50 {p50:6,.0f} µs   p99 {p99:6,.0f} µs "
                  f"({p99 / best:.2f} x the best peer's)   p99.9 {p999:6,.0f} µs")
    finally:
        for peer in peers:
            peer.stop()
        source.stop()


if __name__ == "__main__":
    main()
