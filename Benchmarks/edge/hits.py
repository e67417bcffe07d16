#!/usr/bin/env python3
"""CPU per cached hit over keep-alive: Squilla, with the request's event written to its log, beside HAProxy's cache,
nginx's proxy_cache and Varnish in the same run.

    Benchmarks/edge/hits.py [--size BYTES] [--rounds N] [--seconds N] [--peers squilla,haproxy,nginx,varnish]

Each server is pinned to the first core and has one worker; wrk (1 thread, 32 connections) runs on the second. The
figure is CPU time of the server's processes from /proc divided by the requests that wrk counted; the median of the
rounds, which are interleaved because shared machines drift. `squilla-silent` is Squilla with `log.requests: false`:
the difference is the cost of the event.
"""
import sys
from race import HAPROXY, arguments, race


def command(name, work, port, origin):
    if name == "haproxy":
        (work / "haproxy.cfg").write_text(f"""{HAPROXY}
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
    server o 127.0.0.1:{origin}
""")
        return ["haproxy", "-f", f"{work}/haproxy.cfg", "-db"]
    if name == "nginx":
        (work / "cache").mkdir()
        (work / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {work}/nginx.pid; error_log {work}/nginx.err; user root;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; proxy_cache_path {work}/cache keys_zone=c:64m max_size=1g;
 upstream o {{ server 127.0.0.1:{origin}; keepalive 16; }}
 server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://o; proxy_http_version 1.1;
   proxy_set_header Connection ""; proxy_cache c; proxy_cache_valid 200 1h; }} }} }}""")
        return ["nginx", "-c", f"{work}/nginx.conf"]
    if name == "varnish":
        return ["varnishd", "-F", "-a", f"127.0.0.1:{port}", "-b", f"127.0.0.1:{origin}", "-s", "malloc,256m", "-n", f"{work}/varnish"]
    sys.exit(f"unknown peer {name}")


if __name__ == "__main__":
    race(arguments("squilla,squilla-silent,haproxy,nginx", seconds=5), "hit", "public, max-age=3600", command)
