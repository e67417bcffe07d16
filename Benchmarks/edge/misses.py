#!/usr/bin/env python3
"""CPU per request that no cache answers: Squilla as a reverse proxy in front of an origin that keeps connections alive,
beside HAProxy and nginx in the same run.

    Benchmarks/edge/misses.py [--size BYTES] [--rounds N] [--seconds N] [--peers squilla,haproxy,nginx] [--binary PATH]

Each server has one worker on the first core and passes every request on (`Cache-Control: no-store`); the origin (nginx)
and wrk (1 thread, 32 connections) run on the second. The figure is CPU time of the server's processes from /proc by the
requests that wrk counted; the median of interleaved rounds. Squilla writes the request's event into its log.
`squilla-silent` is Squilla with `log.requests: false`.
"""
import sys
from race import HAPROXY, arguments, race


def command(name, work, port, origin):
    if name == "haproxy":
        (work / "haproxy.cfg").write_text(f"""{HAPROXY}
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


if __name__ == "__main__":
    race(arguments("squilla,haproxy,nginx"), "miss", "no-store", command,
         settings="keepalive_requests 100000000; open_file_cache max=10;", pin=("taskset", "-c", "1"))
