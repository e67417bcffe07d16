#!/usr/bin/env python3
"""h2spec, the conformance suite of HTTP/2 (github.com/summerwind/h2spec): every test, over TLS and in cleartext.

It is looked for as $H2SPEC, then in the PATH. It builds from Debian's golang-go, golang-golang-x-net-dev,
golang-github-fatih-color-dev and golang-github-spf13-cobra-dev with GO111MODULE=off."""
import re, shutil, subprocess
from support import *

h2spec = os.environ.get("H2SPEC") or shutil.which("h2spec")
if not h2spec or not os.path.exists(h2spec):
    skip("h2spec is not installed")
if not shutil.which("openssl"):
    skip("openssl is not installed")

files = folder()
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", files / "key",
                "-out", files / "certificate", "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
# Whole requests alone are answered: nginx refuses a POST by its head, and a client that is answered before it has sent its
# faulty trailers is told that they are not wanted (RST_STREAM with NO_ERROR), not that they are faulty.
nginx = Nginx("""
  location / { proxy_pass http://$server_addr:$server_port/stored$uri; }
  location /stored/ { add_header Cache-Control "max-age=60"; }""")
(nginx.root / "stored").mkdir()
(nginx.root / "stored" / "index.html").write_text("h2spec asks for a body of some length. " * 20)
secure, plain = free_port(), free_port()
(files / "squilla.yaml").write_text(f"""
edge:
  listen:
    - address: 127.0.0.1:{secure}
      tls: {{certificates: [{{certificate: {files}/certificate, key: {files}/key}}]}}
    # A listener of both versions reads what is no preface as HTTP/1 and answers 400.
    - {{address: 127.0.0.1:{plain}, http1: false}}
management: {{listen: "127.0.0.1:{free_port()}"}}
origins:
  - url: {nginx.url}
""")
server = Server("-c", files / "squilla.yaml", listen=False)
for name, arguments in (("over TLS", ["-t", "-k", "-p", secure]), ("in cleartext", ["-p", plain])):
    done = subprocess.run([h2spec, "-h", "127.0.0.1", "-o", "15", *map(str, arguments)], capture_output=True, text=True, timeout=280)
    found = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", done.stdout)
    if not found or found[2] != found[1]:
        print(done.stdout[-6000:], done.stderr[-1000:])
    check(found and found[1] == "146" and found[2] == "146", f"h2spec {name}: {found and found[0]}")
check(server.process.poll() is None, "the server survived")
