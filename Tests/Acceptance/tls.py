#!/usr/bin/env python3
"""TLS and HTTP/2 with the clients that people have: curl, openssl, nghttp, h2load; certificates exchanged while clients
come and go; TLS to an origin; a WebSocket; a PROXY header."""
import shutil, signal, ssl, subprocess, threading
from support import *

for tool in ("openssl", "curl"):
    if not shutil.which(tool):
        skip(f"{tool} is not installed")

files = folder()


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, errors="replace", timeout=30, cwd=files, **options)


def certificate(name, names, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), file=None):
    file = file or name
    openssl("req", "-newkey", *key, "-nodes", "-keyout", f"{file}.key", "-out", "request", "-subj", f"/CN={name}")
    (files / "extensions").write_text("subjectAltName=" + names)
    openssl("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
            "-extfile", "extensions", "-out", f"{file}.pem")


openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
        "-subj", "/CN=Authority")
certificate("edge.test", "DNS:edge.test,DNS:localhost,IP:127.0.0.1", file="edge")
certificate("wild", "DNS:*.wild.test", key=("rsa:2048",))
certificate("client", "DNS:client")
certificate("inner", "DNS:inner.test")

# A response of the authority's OCSP service.
serial = openssl("x509", "-in", "edge.pem", "-noout", "-serial").stdout.strip().split("=")[1]
(files / "index.txt").write_text(f"V\t350101000000Z\t\t{serial}\tunknown\t/CN=edge.test\n")
openssl("ocsp", "-issuer", "ca.pem", "-cert", "edge.pem", "-no_nonce", "-reqout", "ocsp.request")
openssl("ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-ndays", "2",
        "-reqin", "ocsp.request", "-respout", "edge.ocsp")

nginx = Nginx("""location / { add_header Cache-Control "max-age=60"; }""")
page = os.urandom(300_000)
(nginx.root / "page").write_bytes(page)

# An origin behind TLS: answers with what it was asked, agrees to any upgrade and echoes then.
inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
inner.load_cert_chain(files / "inner.pem", files / "inner.key")
inner_port = free_port()


def serve_inner():
    listener = socket.create_server(("127.0.0.1", inner_port))
    while True:
        accepted, _ = listener.accept()
        threading.Thread(target=answer_inner, args=(accepted,), daemon=True).start()


def answer_inner(accepted):
    try:
        with inner.wrap_socket(accepted, server_side=True) as connection:
            pending = b""
            while True:
                while b"\r\n\r\n" not in pending:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    pending += piece
                head, pending = pending.split(b"\r\n\r\n", 1)
                if b"upgrade: websocket" in head.lower():
                    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                    while piece := pending or connection.recv(65536):
                        connection.sendall(piece)
                        pending = b""
                    return
                connection.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: %d\r\n\r\n%s" % (len(head), head))
    except OSError:
        pass


threading.Thread(target=serve_inner, daemon=True).start()

secure, plain, proxied = free_port(), free_port(), free_port()
config = files / "squilla.yaml"


def write_config(extra=""):
    config.write_text(f"""
edge:
  listen:
    - 127.0.0.1:{plain}
    - address: 127.0.0.1:{secure}
      tls:
        certificates:
          - {{certificate: {files}/edge.pem, key: {files}/edge.key, ocsp: {files}/edge.ocsp}}
          - {{certificate: {files}/wild.pem, key: {files}/wild.key}}
        client_certificates: optional
        client_authorities: {files}/ca.pem
    - {{address: "127.0.0.1:{proxied}", proxy_protocol: true}}
management: {{listen: "127.0.0.1:{free_port()}"}}
origins:
  - url: {nginx.url}
  - name: inner
    hosts: [inner.test]
    url: https://127.0.0.1:{inner_port}
    connect_timeout_ms: 30s
    tls: {{authorities: {files}/ca.pem, server_name: inner.test}}
  - name: wrong
    hosts: [wrong.test]
    url: https://127.0.0.1:{inner_port}
    connect_timeout_ms: 30s
    tls: {{authorities: {files}/ca.pem, server_name: other.test}}
{extra}""")


write_config()
check(run("check", "-c", config).returncode == 0, "the configuration is valid")
server = Server("-c", config, listen=False)


def curl(*arguments, host="edge.test", path="/page"):
    done = subprocess.run(
        ["curl", "-sS", "--cacert", files / "ca.pem", "--connect-to", f"{host}:443:127.0.0.1:{secure}", *map(str, arguments),
         f"https://{host}{path}"], capture_output=True, timeout=30)
    return done.stdout if done.returncode == 0 else f"curl: {done.stderr.decode()}".encode()


def s_client(*arguments, text=""):
    done = openssl("s_client", "-connect", f"127.0.0.1:{secure}", "-CAfile", "ca.pem", *arguments, input=text)
    return done.stdout + done.stderr


# Versions, names, certificates
for version in ("--http1.1", "--http2"):
    check(curl(version) == page, f"curl {version} gets the page over TLS")
    check(curl(version, "--tls-max", "1.2") == page, "and with TLS 1.2")
check(curl("-o", "/dev/null", "-w", "%{http_version} %{ssl_verify_result}") == b"2 0", "ALPN chooses HTTP/2")
check(curl("--http2", host="a.wild.test") == page, "SNI chooses the wildcard certificate")
check(b"no alternative certificate" in curl(host="a.b.wild.test"), "which stands for one label")
for version in ("-tls1_1", "-tls1"):
    check("alert protocol version" in s_client(version, "-cipher", "ALL:@SECLEVEL=0"), f"{version} is refused")
check("OCSP Response Status: successful" in s_client("-status", "-servername", "edge.test"), "the OCSP response is stapled")
check("Compression: NONE" in s_client("-tls1_2"), "no compression")
for cipher in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"):
    check("handshake failure" in s_client("-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"), f"no {cipher}")
answer = s_client("-tls1_2", "-reconnect", "-servername", "edge.test")
check(answer.count("Reused, ") == 5, "TLS 1.2 sessions are resumed by tickets")
session = files / "session"
get = f"GET /page HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\n\r\n"
s_client("-sess_out", session, "-ign_eof", text=get)
for attempt in range(3):
    answer = s_client("-sess_in", session, "-sess_out", session, "-ign_eof", text=get)
    check("Reused, TLSv1.3" in answer, "TLS 1.3 sessions are resumed, again and again")
check(curl("--cert", files / "client.pem", "--key", files / "client.key") == page, "a client certificate is taken")
openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "foreign.key", "-out", "foreign.pem", "-subj", "/CN=Foreign")
check(b"curl: " in curl("--cert", files / "foreign.pem", "--key", files / "foreign.key", "--http1.1")[:6], "a foreign one is not")
for garbage in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4000), b"\x16\x03\x01\x40\x00" + os.urandom(100)):
    raw(("127.0.0.1", secure), garbage, timeout=3)
check(curl() == page, "garbage harms nobody")

# HTTP/2
if shutil.which("nghttp"):
    done = subprocess.run(["nghttp", "-nsy", f"http://127.0.0.1:{plain}/page"] + [f"http://127.0.0.1:{plain}/page"] * 20,
                          capture_output=True, text=True, timeout=30)
    check(" 200 " in done.stdout, "nghttp is answered in cleartext")
if shutil.which("h2load"):
    for url in (f"http://127.0.0.1:{plain}/page", f"https://127.0.0.1:{secure}/page"):
        done = subprocess.run(["h2load", "-n2000", "-c10", "-m20", url], capture_output=True, text=True, timeout=120)
        check("2000 succeeded, 0 failed" in done.stdout, f"h2load: 2000 of 2000 over {url.split(':')[0]}")

# Events
rows = until("its event is there", lambda: server.sql(
    "SELECT tls.version AS v, tls.client.subject AS s, http.version AS h, url.scheme AS u FROM requests "
    "WHERE tls.client.subject IS NOT NULL"))
check(rows[0]["s"] == "CN=client" and rows[0]["v"] == "1.3" and rows[0]["u"] == "https",
      f"the event knows the client's certificate: {rows[:1]}")

# TLS to the origin
answer = curl("-k", host="inner.test", path="/hello")
check(answer.startswith(b"GET /hello HTTP/1.1") and b"X-Forwarded-Proto: https" in answer, "an origin behind TLS is asked")
check(curl("-k", "-o", "/dev/null", "-w", "%{http_code}", host="wrong.test") == b"502", "one with another's certificate is not")
rows = until("its event is there", lambda: server.sql(
    "SELECT error.code AS c, error.message AS m FROM requests WHERE url.domain = 'wrong.test'"))
check(rows[0]["c"] == "origin_tls_failed" and "hostname mismatch" in rows[0]["m"], f"and the event says why: {rows[0]}")

# A WebSocket through TLS on both sides
context = ssl.create_default_context(cafile=files / "ca.pem")
context.check_hostname = False
with context.wrap_socket(socket.create_connection(("127.0.0.1", secure), timeout=10), server_hostname="edge.test") as tunnel:
    tunnel.sendall(b"GET /chat HTTP/1.1\r\nHost: inner.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    head = tunnel.recv(4096)
    check(head.startswith(b"HTTP/1.1 101 "), "the origin's agreement to an upgrade passes")
    for size in (1, 1000, 100_000):
        sent, echoed = os.urandom(size), b""
        tunnel.sendall(sent)
        while len(echoed) < size:
            echoed += tunnel.recv(65536)
        check(echoed == sent, f"{size} bytes come back through the tunnel")

# PROXY header
check(b" 200 " in raw(("127.0.0.1", proxied), b"PROXY TCP4 192.0.2.7 10.0.0.1 5000 80\r\n" + get.encode())[:20], "a PROXY header is taken")
rows = until("its event is there", lambda: server.sql("SELECT client.port AS p FROM requests WHERE client.ip = '192.0.2.7'"))
check(rows[0]["p"] == 5000, "and names the client")

# New certificates under load
failures, stop = [], threading.Event()


def visit():
    while not stop.is_set():
        if curl("--http2") != page:
            failures.append("failed")


visitors = [threading.Thread(target=visit) for _ in range(4)]
for visitor in visitors:
    visitor.start()
before = openssl("x509", "-in", "edge.pem", "-noout", "-serial").stdout
for number in range(5):
    certificate("edge.test", "DNS:edge.test,DNS:localhost,IP:127.0.0.1", file="next")
    os.replace(files / "next.key", files / "edge.key")
    os.replace(files / "next.pem", files / "edge.pem")
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
stop.set()
for visitor in visitors:
    visitor.join()
check(not failures, "certificates are exchanged without a failed request")
newest = openssl("x509", "-in", "edge.pem", "-noout", "-serial").stdout


def shown():
    return subprocess.run(
        f"openssl s_client -connect 127.0.0.1:{secure} -servername edge.test </dev/null | openssl x509 -noout -serial",
        shell=True, capture_output=True, text=True, timeout=20).stdout


until("and the newest is shown", lambda: shown() == newest != before)
(files / "edge.pem").write_text("not a certificate")
server.process.send_signal(signal.SIGHUP)
until("the bad file is reported", lambda: "not reloaded" in server.output())
check(curl() == page, "a bad file leaves the old certificate")
check("edge.pem" in run("check", "-c", config).stderr, "and squilla check names it")
check(server.terminate() == 0, "the server drains")
