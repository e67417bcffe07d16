#!/usr/bin/env python3
"""CPU per page that is put together of cached fragments: Squilla beside Varnish with the same page in the same run, and
beside one cached page of the same size.

    Benchmarks/edge/fragments.py [--binary .build/release/squilla] [--bytes 512] [--includes 20] [--rounds 5]
                                 [--seconds 3] [--peers squilla,varnish]

`NAME page` is a cached page of as many bytes without ESI, asked of the same process. Otherwise as hits.py: servers on
the first core, wrk on the second, rounds interleaved, CPU from /proc. `squilla-silent` writes no events.
"""
import argparse, os, pathlib, shutil, statistics, sys, tempfile

from race import ROOT, Peer, Process, free_port, wait_for

VCL = """vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{port}"; }}
sub vcl_backend_response {{ set beresp.do_esi = bereq.url == "/assembled"; }}
"""


def origin(work, port, includes, size):
    """A page of texts and includes in turn, its fragments, and a page of the size that comes out."""
    text, part = b"<p>" + b"t" * 57 + b"</p>", b"<div>" + b"f" * (size - 11) + b"</div>"
    page = b"".join(text + b'<esi:include src="/fragment%d"/>' % number for number in range(includes)) + text
    (work / "www").mkdir()
    (work / "www/assembled").write_bytes(page)
    for number in range(includes):
        (work / f"www/fragment{number}").write_bytes(part)
    whole = (text + part) * includes + text
    (work / "www/plain").write_bytes(whole)
    (work / "origin.conf").write_text(f"""
worker_processes 1; daemon off; pid {work}/origin.pid; error_log {work}/origin.err; user root;
events {{}} http {{ access_log off; server {{ listen 127.0.0.1:{port}; root {work}/www; default_type text/html;
  add_header Cache-Control "public, max-age=3600";
  location = /assembled {{ add_header Surrogate-Control 'content="ESI/1.0"'; add_header Cache-Control "max-age=3600"; }}
  location / {{ }} }} }}""")
    server = Process("origin", ["nginx", "-c", f"{work}/origin.conf"])
    wait_for(server, port, "/plain")
    return server, whole


def command(name, work, port, upstream, binary):
    if name.startswith("squilla"):
        config = work / f"{name}.yaml"
        config.write_text(f"data: {work}/{name}-data\nedge: {{listen: \"127.0.0.1:{port}\", workers: 1}}\n"
                          f"origins: [{{url: \"http://127.0.0.1:{upstream}\"}}]\nesi: {{enabled: true}}\n"
                          f"management: {{listen: \"127.0.0.1:{free_port()}\"}}\n"
                          f"log: {{requests: {'false' if name.endswith('silent') else 'true'}}}\n")
        return [binary, "up", "-c", str(config)]
    if name == "varnish":
        (work / "varnish.vcl").write_text(VCL.format(port=upstream))
        return ["varnishd", "-F", "-a", f"127.0.0.1:{port}", "-f", f"{work}/varnish.vcl", "-s", "malloc,256m", "-n",
                f"{work}/varnish", "-p", "http_gzip_support=off", "-p", "feature=+esi_ignore_other_elements"]
    sys.exit(f"unknown peer {name}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=512)
    parser.add_argument("--includes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--peers", default="squilla,squilla-silent,varnish")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="squilla-bench-"))
    os.chmod(work, 0o755)
    upstream = free_port()
    server, whole = origin(work, upstream, options.includes, options.bytes)
    peers, figures = [], {}
    try:
        for name in options.peers.split(","):
            port = free_port()
            peers.append(Peer(name, command(name, work, port, upstream, options.binary), port))
        for peer in peers:
            for path in ("/plain", "/assembled"):
                for _ in range(2):
                    assert wait_for(peer, peer.port, path) == whole, f"{peer.name}: {path} is wrong"
                peer.round(0.5, options.connections, path)
        for number in range(options.rounds):
            for peer in peers:
                for path in ("/plain", "/assembled"):
                    peer.round(options.seconds, options.connections, path)
                    figures.setdefault((peer.name, path), []).append(peer.microseconds[-1])
            print(f"round {number + 1}: " + "  ".join(f"{n} {p[1:]} {f[-1]:.2f}" for (n, p), f in figures.items()),
                  flush=True)
    finally:
        for peer in peers:
            peer.stop()
        server.stop()
        shutil.rmtree(work, ignore_errors=True)
    median = {key: statistics.median(list_) for key, list_ in figures.items()}
    print(f"\n{options.includes} cached fragments of {options.bytes} B, {len(whole)} B in all, CPU µs per request "
          f"(median of {options.rounds})")
    for peer in peers:
        page, assembled = median[peer.name, "/plain"], median[peer.name, "/assembled"]
        print(f"{peer.name:16} {assembled:8.2f}   one page {page:7.2f}   {assembled / page:.2f} x")


if __name__ == "__main__":
    main()
