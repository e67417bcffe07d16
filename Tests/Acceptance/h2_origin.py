#!/usr/bin/env python3
"""HTTP/2 to origins that people have: nginx and nghttpd, in cleartext and over TLS; a graceful end of the origin's
workers under load, uploads, slow clients."""
import concurrent.futures, hashlib, shutil, signal, subprocess
from support import *

if not shutil.which("openssl"):
    skip("openssl is not installed")
files = folder()
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", files / "key.pem",
                "-out", files / "cert.pem", "-days", "30", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
               check=True, capture_output=True)
cleartext, secure, old = free_port(), free_port(), free_port()
nginx = Nginx(f"""
    listen 127.0.0.1:{cleartext} http2; listen 127.0.0.1:{secure} ssl http2; keepalive_requests 1000;
    ssl_certificate {files}/cert.pem; ssl_certificate_key {files}/key.pem;
    add_header X-Protocol $server_protocol always; add_header X-Connection $connection always; add_header X-Scheme $scheme always;
    location /echo {{ return 200 "$request_method $host $http_cookie $http_x_up"; }}
    location /none {{ return 204; }}""", root=files / "www")
# TLS without HTTP/2 is another server: nginx has one list of protocols for a port.
plain = Nginx(f"""listen 127.0.0.1:{old} ssl; ssl_certificate {files}/cert.pem; ssl_certificate_key {files}/key.pem;
    add_header X-Protocol $server_protocol always;""", root=files / "www")
large = os.urandom(20 << 20)
(files / "www/large").write_bytes(large)
(files / "www/page").write_text("the page")


def edge(url, protocol, more=""):
    config = files / f"squilla-{free_port()}.yaml"
    tls = f"tls: {{authorities: {files}/cert.pem}}, " if url.startswith("https") else ""
    config.write_text(f"""
edge: {{workers: 2}}
cache: {{enabled: false}}
origins: [{{name: app, url: "{url}", {tls}protocol: {protocol}, connect_timeout_ms: 30s{more}}}]
""")
    done = run("check", "-c", config)
    check(done.returncode == 0, f"{url} {protocol}: the configuration is valid {done.stderr}")
    return Server("-c", config)


def fetch_all(server, paths, parallel=32, **options):
    """All at once over many connections."""
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        return list(pool.map(lambda path: server.get(path, **options), paths))


# In cleartext, known before.
server = edge(f"http://127.0.0.1:{cleartext}", "h2")
answers = fetch_all(server, ["/page"] * 400)
check(all(status == 200 and body == b"the page" for status, _, body in answers), "400 requests are answered")
check({headers["x-protocol"] for _, headers, _ in answers} == {"HTTP/2.0"}, "by HTTP/2")
connections = {headers["x-connection"] for _, headers, _ in answers}
check(len(connections) <= 2, f"over {len(connections)} connections, one for each worker")
status, headers, body = server.get("/echo", {"Cookie": "a=1; b=2", "X-Up": "x", "Host": "shop.test:81"})
check(body == b"GET shop.test a=1; b=2 x" and headers["x-scheme"] == "http", f"fields arrive {body}")
status, headers, body = server.get("/large", method="HEAD")
check(status == 200 and headers["content-length"] == str(len(large)) and body == b"", "HEAD has the length and no body")
check(server.get("/none")[0] == 204 and server.get("/missing")[0] == 404, "other statuses pass")
status, _, body = server.get("/large")
check(hashlib.sha256(body).digest() == hashlib.sha256(large).digest(), "20 MiB arrive as they are")
status, headers, body = server.get("/large", {"Range": "bytes=1000-1999"})
check(status == 206 and body == large[1000:2000], "a range passes")
events = server.sql("SELECT COUNT(*) AS n FROM requests WHERE origin.name = 'app' AND http.response.status_code = 200")
check(events, "requests are events as with HTTP/1.1")

# Clients that don't read: each holds a window, and no other client waits for them.
before = server.resident_bytes()
slow = []
for _ in range(50):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(server.edge)
    client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    slow.append(client)
time.sleep(1)
begun = time.monotonic()
check(all(body == b"the page" for _, _, body in fetch_all(server, ["/page"] * 200)), "200 requests beside 50 clients that don't read")
check(time.monotonic() - begun < 20, "are answered at once")
grown = server.resident_bytes() - before
check(grown < 100 << 20, f"the clients hold {grown >> 20} MiB for 1,000 MiB of answers")
for client in slow:
    client.close()
until("their streams are cancelled", lambda: server.get("/page")[2] == b"the page")

# The origin's workers end in good order, over and over: GOAWAY, and not one request fails.
failed = []
stop = threading.Event()


def ask():
    while not stop.is_set():
        status, _, body = server.get("/page")
        if (status, body) != (200, b"the page"):
            failed.append((status, body))


askers = [threading.Thread(target=ask) for _ in range(8)]
for asker in askers:
    asker.start()
for _ in range(5):
    time.sleep(0.5)
    nginx.process.send_signal(signal.SIGHUP)
time.sleep(0.5)
stop.set()
for asker in askers:
    asker.join()
check(not failed, f"five reloads of nginx under load: no request fails {failed[:3]}")
answers = fetch_all(server, ["/page"] * 3000)
check(all(status == 200 for status, _, _ in answers), "1,000 requests a connection, then a GOAWAY: 3,000 of 3,000")
check(len({headers["x-connection"] for _, headers, _ in answers}) >= 3, "over as many connections as that takes")
nginx.stop()
check(server.get("/page")[0] == 502, "an origin that is gone is a 502")
check(server.terminate() == 0, "the server ends")
nginx.process = subprocess.Popen(nginx.process.args, stderr=subprocess.DEVNULL)
until("nginx answers again", lambda: request(("127.0.0.1", nginx.port), "/page")[0] == 200)

# Over TLS the server chooses.
for url, protocol, status, spoken in [
    (f"https://127.0.0.1:{secure}", "auto", 200, "HTTP/2.0"), (f"https://127.0.0.1:{secure}", "h2", 200, "HTTP/2.0"),
    (f"https://127.0.0.1:{secure}", "http/1.1", 200, "HTTP/1.1"), (f"https://127.0.0.1:{old}", "auto", 200, "HTTP/1.1"),
    # Refused by us; after a few it is taken for down.
    (f"https://127.0.0.1:{old}", "h2", (502, 503), None),
]:
    server = edge(url, protocol)
    answers = fetch_all(server, ["/page"] * 50)
    allowed = {status} if isinstance(status, int) else set(status)
    check({status for status, _, _ in answers} <= allowed, f"{protocol}: {status}")
    if spoken:
        check({headers["x-protocol"] for _, headers, _ in answers} == {spoken}, f"{protocol}: {spoken}")
        if spoken == "HTTP/2.0":
            check(server.get("/echo")[1]["x-scheme"] == "https", "the scheme is https")
            check(hashlib.sha256(server.get("/large")[2]).digest() == hashlib.sha256(large).digest(), "20 MiB arrive over TLS")
    server.terminate()

for text, words in [("h2, proxy_protocol: v1", "a connection with a PROXY header carries one request"), ("auto", "only TLS lets a server choose"),
                    ("h3", "expected one of http/1.1, h2, auto")]:
    (files / "wrong.yaml").write_text(f'origins: [{{url: "http://127.0.0.1:1", protocol: {text}}}]\n')
    done = run("check", "-c", files / "wrong.yaml")
    check(done.returncode != 0 and words in done.stderr, f"protocol: {text}: {words}")

# nghttpd: uploads that come back.
if not shutil.which("nghttpd"):
    print("nghttpd is not installed: uploads are not tried")
    sys.exit(0)


def nghttpd():
    """Its port. Another process may have taken a port that was free just now; then the server ends at once."""
    for _ in range(5):
        port = free_port()
        process = subprocess.Popen(["nghttpd", "--no-tls", "--echo-upload", "-a", "127.0.0.1", "-d", str(files / "www"), str(port)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(process.kill)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            if process.poll() is not None:
                break
            time.sleep(0.05)
    check(False, "nghttpd listens")


port = nghttpd()
server = edge(f"http://127.0.0.1:{port}", "h2")
upload = os.urandom(3 << 20)
for index, (_, _, body) in enumerate(fetch_all(server, ["/up"] * 6, method="POST", body=upload)):
    check(body == upload, f"upload {index} of 3 MiB comes back as it was")
answer = raw(server.edge, b"GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
check(b"the page" in answer, "nghttpd's page arrives")
answer = raw(server.edge, b"POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
check(b"hello" in answer, f"a body in chunks goes up {answer[-60:]}")
check(server.terminate() == 0, "the server ends")
