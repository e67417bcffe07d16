#!/usr/bin/env python3
"""The cache's tier on disk, on the built binary: filled under load, killed with -9 again and again, rotted, filled up; every
body that is served is the one that the origin made. Purges hold across a kill, and a second process is refused.
`disk.py BINARY`."""
import hashlib, http.server, random, re, threading
from support import *

COUNT = 600
version = {"all": 0}
asked = {"count": 0}


def body(path, edition):
    seed = hashlib.sha256(f"{path} {edition}".encode()).digest()
    size = 12 << 20 if path.startswith("/big") else 2000 + int.from_bytes(seed[:2], "big") * 2
    return (seed * (size // 32 + 1))[:size]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked["count"] += 1
        edition = version["all"]
        whole = body(self.path, edition)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, end = 0, len(whole)
        if wanted:
            start, end = int(wanted[1]), min(len(whole), int(wanted[2] or len(whole)) + 1)
        self.send_response(206 if wanted else 200)
        self.send_header("Cache-Control", "max-age=86400")
        self.send_header("ETag", '"%s-%d"' % (hashlib.sha256(self.path.encode()).hexdigest()[:8], edition))
        self.send_header("X-Edition", str(edition))
        self.send_header("Surrogate-Key", "all " + self.path[1:4])
        self.send_header("Accept-Ranges", "bytes")
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(whole)}")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        try:
            self.wfile.write(whole[start:end])
        except OSError:
            pass

    def log_message(self, *a):
        pass


class Origin(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *a):
        pass


origin = Origin(("127.0.0.1", 0), Handler)
threading.Thread(target=origin.serve_forever, daemon=True).start()


def configured(disk, maximum="64MiB"):
    path = folder() / "squilla.yaml"
    path.write_text(f"""
origins:
  - url: http://127.0.0.1:{origin.server_port}
cache:
  memory_bytes: 8MiB
  max_object_bytes: 2MiB
  disk: {{path: {disk}, max_bytes: {maximum}, large_bytes: 1KiB}}
log: {{requests: false}}
""")
    return path


def fetch(server, path, wanted=None):
    """Fetches and verifies. Returns the edition, or None if the server is gone."""
    try:
        # The port is another after each start; the URL must not be.
        headers = {"Host": "disk.test"}
        if wanted:
            headers["Range"] = f"bytes={wanted[0]}-{wanted[1]}"
        status, fields, got = request(server.edge, path, headers, timeout=20)
    except (OSError, http.client.HTTPException):
        return None
    edition = int(fields.get("x-edition", -1))
    whole = body(path, edition)
    right = whole[wanted[0]:wanted[1] + 1] if wanted else whole
    if status not in (200, 206) or got != right:
        check(False, f"{path} {wanted} edition {edition}: {status}, {len(got)} bytes that are not what the origin made")
    return edition


def some(rng):
    if rng.random() < 0.1:
        start = rng.randrange(12 << 20)
        return f"/big/{rng.randrange(4)}", (start, min((12 << 20) - 1, start + rng.randrange(200_000)))
    return f"/o/{rng.randrange(COUNT)}", None


def metric(server, name):
    text = server.api("/metrics")[2].decode()
    return int(float(re.search(rf"^squilla_cache_disk_{name} (\S+)", text, re.M)[1]))


def load(server, seconds, threads=6):
    """Requests from many threads. Returns how many were answered."""
    answered, lock, end = [0], threading.Lock(), time.monotonic() + seconds

    def client(number):
        rng = random.Random(number + time.monotonic_ns())
        while time.monotonic() < end:
            if fetch(server, *some(rng)) is None:
                return
            with lock:
                answered[0] += 1

    clients = [threading.Thread(target=client, args=(number,)) for number in range(threads)]
    for each in clients:
        each.start()
    return answered, clients


def run_load(server, seconds):
    answered, clients = load(server, seconds)
    for each in clients:
        each.join()
    return answered[0]


def restarts():
    disk = folder() / "cache"
    config, data = configured(disk), folder() / "data"
    total = 0
    for _ in range(5):
        server = Server("-c", config, data=data)
        answered, clients = load(server, 3600)
        time.sleep(random.uniform(0.8, 2.0))
        until("objects are answered and go to disk", lambda: answered[0] > 100 and metric(server, "objects") > 20, 60)
        server.kill()
        for each in clients:
            each.join()
        total += answered[0]
    check(total > 500, f"{total} requests over five kills with -9 gave the right bytes")

    server = Server("-c", config, data=data)
    check(metric(server, "objects") > 50, f"{metric(server, 'objects')} objects are on disk after a kill")
    before = asked["count"]
    for number in range(COUNT):
        fetch(server, f"/o/{number}")
    saved = COUNT - (asked["count"] - before)
    check(metric(server, "reads_total") > 20 and saved > 20, f"{saved} of {COUNT} objects came from disk, right to the byte")
    check(metric(server, "bytes") <= 64 << 20, "the limit of bytes is kept")
    sizes = sum(file.stat().st_size for file in disk.iterdir())
    check(sizes <= (64 << 20) + (1 << 20), f"by the files too ({sizes >> 20} MiB)")
    second = run("up", "-c", config, "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0", "--data", folder() / "d2")
    check(second.returncode != 0 and f"in use by process {server.process.pid}" in second.stderr,
          "a second process on the same folder is refused, with the number of the first")
    return server, config, data, disk


def rot(server, config, data, disk):
    server.kill()
    rng = random.Random(7)
    for file in disk.glob("*.volume"):
        bytes_ = bytearray(file.read_bytes())
        for _ in range(max(4, len(bytes_) // 100_000)):
            place = rng.randrange(len(bytes_))
            bytes_[place] ^= 1 + rng.randrange(255)
        file.write_bytes(bytes_)
    server = Server("-c", config, data=data)
    for number in range(COUNT):
        fetch(server, f"/o/{number}")
    run_load(server, 2)
    check(metric(server, "corrupt_total") > 0, f"{metric(server, 'corrupt_total')} rotten objects were found, none was served")
    return server


def purges(server, config, data):
    run_load(server, 1)
    version["all"] = 1
    status, _, text = server.api("/api/v1/purge", "POST", {"tags": ["all"]})
    server.kill()
    check(status == 200, f"a purge is acknowledged ({text.decode().strip()}), and the process killed")
    server = Server("-c", config, data=data)
    editions = {fetch(server, f"/o/{number}") for number in range(COUNT)}
    check(editions == {1}, f"nothing from before the purge is served after the start ({editions})")
    check(fetch(server, "/big/0", (5, 10)) == 1, "nor a piece of a large body")
    check(server.terminate() == 0, "the process ends in order")
    before = asked["count"]
    server = Server("-c", config, data=data)
    for number in range(COUNT):
        fetch(server, f"/o/{number}")
    check(asked["count"] - before < COUNT - 20, f"what the next start finds: {COUNT - (asked['count'] - before)} objects")
    server.kill()


def full():
    mount = folder()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", mount], capture_output=True).returncode != 0:
        print("not tried: a full disk, which takes the right to mount one")
        return
    atexit.register(lambda: subprocess.run(["umount", "-l", mount], capture_output=True))
    server = Server("-c", configured(mount / "cache"))
    run_load(server, 3)
    until("the tier pauses on a full disk", lambda: metric(server, "paused") == 1 or run_load(server, 1) < 0, 30)
    until("requests are answered as before", lambda: run_load(server, 1) > 50, 60)
    until("the log says so", lambda: "writes nothing to disk" in server.output(), 60)
    server.kill()
    subprocess.run(["umount", "-l", mount], capture_output=True)


server, config, data, disk = restarts()
server = rot(server, config, data, disk)
purges(server, config, data)
full()
