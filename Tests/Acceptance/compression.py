#!/usr/bin/env python3
"""Compressed answers with the client that people have: curl, over HTTP/1.1 and HTTP/2, of what is stored and of what
passes."""
import http.server, shutil, threading
from support import *

if not shutil.which("curl"):
    skip("curl is not installed")

PAGE = "".join(f"<li>item {number}</li>\n" for number in range(5_000)).encode()
seen = []


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        seen.append(self.path)
        self.send_response(200)
        for name, value in {"Content-Type": "text/html", "ETag": '"v1"', "Content-Length": len(PAGE),
                            "Cache-Control": "no-store" if self.path == "/passes" else "max-age=60"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=server.serve_forever, daemon=True).start()
work = folder()
subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", work / "key", "-out", work / "cert",
                "-days", "2", "-subj", "/CN=edge.test"], capture_output=True, check=True)
plain, secure = free_port(), free_port()
(work / "squilla.yaml").write_text(f"""
edge:
  listen:
    - 127.0.0.1:{plain}
    - {{address: "127.0.0.1:{secure}", tls: {{certificates: [{{certificate: {work}/cert, key: {work}/key}}]}}}}
management: {{listen: 127.0.0.1:0}}
origins: [{{url: "http://127.0.0.1:{server.server_port}"}}]
""")
edge = Server("-c", work / "squilla.yaml", listen=False)
WIRES = {"HTTP/1.1": ("--http1.1", f"http://127.0.0.1:{plain}"), "HTTP/2": ("--http2-prior-knowledge", f"http://127.0.0.1:{plain}"),
         "HTTP/2 over TLS": ("--http2", f"https://127.0.0.1:{secure}")}
CODINGS = [name for name in ("gzip", "br", "zstd")
           if {"gzip": "libz", "br": "brotli", "zstd": "zstd"}[name] in subprocess.run(["curl", "-V"], capture_output=True, text=True).stdout]


def curl(*arguments):
    """Status, fields, decoded body, bytes of the body on the wire, version."""
    (work / "body").write_bytes(b"")
    done = subprocess.run(["curl", "-sSk", "--compressed", "-D", work / "head", "-o", work / "body", "-w", "%{size_download} %{http_version}",
                           *map(str, arguments)], capture_output=True, text=True, timeout=30)
    check(done.returncode == 0, f"curl {arguments[-1]}: {done.stderr}") if done.returncode else None
    lines = (work / "head").read_text().splitlines()
    fields = {line.split(": ")[0].lower(): line.split(": ")[1] for line in lines[1:] if ": " in line}
    size, version = done.stdout.split()
    return int(lines[0].split()[1]), fields, (work / "body").read_bytes(), int(size), version


for wire, (option, url) in WIRES.items():
    for coding in CODINGS:
        for round in range(2):
            status, fields, body, size, version = curl(option, "-H", f"Accept-Encoding: {coding}", url + "/stored")
            check((status, body) == (200, PAGE) and fields["content-encoding"] == coding and size < len(PAGE) / 3
                  and version == ("1.1" if wire == "HTTP/1.1" else "2"),
                  f"{wire}, {coding}: the page is whole, in {size} bytes ({fields.get('cache-status')})")
            check(fields["vary"] == "Accept-Encoding" and fields["etag"] == f'"v1-{coding}"', f"{fields['vary']}, {fields['etag']}")
        status, fields, body, *_ = curl(option, "-H", f"Accept-Encoding: {coding}", "-H", f'If-None-Match: "v1-{coding}"', url + "/stored")
        check(status == 304 and not body, "a client that has this form gets a 304")
        status, *_ = curl(option, "-H", "Accept-Encoding: identity", "-H", f'If-None-Match: "v1-{coding}"', url + "/stored")
        check(status == 200, "and one that has another form all of it")
    status, fields, body, *_ = curl(option, "-H", "Accept-Encoding: br", "-H", "Range: bytes=4-7", url + "/stored")
    check((status, body) == (206, PAGE[4:8]) and "content-encoding" not in fields, "a range is cut from the original")
    status, fields, body, *_ = curl(option, "-I", "-H", "Accept-Encoding: gzip", url + "/stored")
    check(status == 200 and fields["content-encoding"] == "gzip" and int(fields["content-length"]) < len(PAGE) / 3, "HEAD tells of the form")
hosts = len({url for _, url in WIRES.values()})
check(seen.count("/stored") == hosts, f"the origin was asked once for each host ({seen})")
url = WIRES["HTTP/1.1"][1]
check(run("purge", url + "/stored", "--data", edge.data).returncode == 0, "a purge")
_, fields, *_ = curl("-H", "Accept-Encoding: br", url + "/stored")
check("fwd" in fields["cache-status"], f"takes the forms too: {fields['cache-status']}")
check(edge.terminate() == 0, "the server stops")
