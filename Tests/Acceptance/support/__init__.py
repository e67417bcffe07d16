"""What the acceptance tests share: the binary under test, servers on free ports, and checks. Standard library only."""
import atexit, http.client, json, os, pathlib, shutil, signal, socket, subprocess, sys, tempfile, threading, time

BINARY = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".build/release/squilla").resolve())
ROOT = pathlib.Path(__file__).resolve().parents[3]
SAMPLE_LOG = ROOT.parent / "shared/data/access-combined.log"


def skip(reason):
    print(reason)
    sys.exit(77)


def check(condition, message):
    """An assertion that says what was expected."""
    if not condition:
        print(f"FAILED: {message}")
        sys.exit(1)
    print(f"ok: {message}")


def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="squilla-test-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


given = set()


def free_port():
    """A port that nobody has, and that was not given before."""
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        if port not in given:
            given.add(port)
            return port


def until(what, condition, seconds=60.0):
    """Waits, bounded, for a condition to hold and returns its value."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except (OSError, http.client.HTTPException, ValueError):
            value = None
        if value:
            return value
        if time.monotonic() > end:
            check(False, f"{what} within {seconds} s")
        time.sleep(0.02)


def run(*arguments, stdin=None, timeout=120, env=None):
    """Runs the binary to its end."""
    return subprocess.run([BINARY, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})})


class Server:
    """`squilla up` (or `demo`) with ephemeral ports; its addresses come from the data folder's server.json."""

    def __init__(self, *arguments, command="up", data=None, wait=True, listen=True, prefix=()):
        self.data = pathlib.Path(data or folder() / "data")
        addresses = ["--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"] if listen else []
        self.log = open(folder() / "output", "w+")
        self.process = subprocess.Popen(
            [*prefix, BINARY, command, *addresses, "--data", str(self.data), *map(str, arguments)],
            stdout=self.log, stderr=subprocess.STDOUT)
        atexit.register(self.kill)
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds=60):
        def ready():
            if self.process.poll() is not None:
                check(False, f"the server runs (it ended with {self.process.returncode}: {self.output()})")
            facts = json.loads((self.data / "server.json").read_text())
            return facts if facts["pid"] == self.process.pid else None

        facts = until("the server is ready", ready, seconds)
        self.edge = address(facts["edge"][0])
        self.management = address(facts["management"])

    def output(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def terminate(self, seconds=90):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def resident_bytes(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024

    def get(self, path, headers=None, method="GET", body=None, edge=True, timeout=20):
        return request(self.edge if edge else self.management, path, headers, method, body, timeout)

    def api(self, path, method="GET", body=None, headers=None, timeout=30):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        return self.get(path, headers, method, body, edge=False, timeout=timeout)

    def sql(self, text, **options):
        status, _, body = self.api("/api/v1/query", "POST", {"query": text, **options})
        check(status == 200, f"{text} is answered ({status} {body[:300]!r})") if status != 200 else None
        return [json.loads(line) for line in body.decode().splitlines()]


def address(text):
    host, port = text.removeprefix("http://").removeprefix("https://").rstrip("/").rsplit(":", 1)
    return host.strip("[]"), int(port)


def request(where, path, headers=None, method="GET", body=None, timeout=20):
    """One request on a connection of its own: status, headers, body."""
    connection = http.client.HTTPConnection(*where, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read()
    finally:
        connection.close()


def raw(where, data, timeout=10):
    """Sends bytes and returns all that comes until the server closes or the time is up."""
    with socket.create_connection(where, timeout=timeout) as s:
        s.sendall(data)
        received = b""
        try:
            while piece := s.recv(65536):
                received += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return received


class Nginx:
    """nginx as a real origin: `locations` is configuration text inside its server block."""

    def __init__(self, locations, root=None):
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(binary):
            skip("nginx is not installed")
        work = folder()
        os.chmod(work, 0o755)
        self.root = pathlib.Path(root or work / "www")
        self.root.mkdir(exist_ok=True)
        self.port = free_port()
        user = "user root;" if os.getuid() == 0 else ""
        (work / "nginx.conf").write_text(
            f"worker_processes 1; daemon off; pid {work}/pid; error_log {work}/error.log; {user}\n"
            f"events {{ worker_connections 4096; }}\nhttp {{ access_log {work}/access.log; client_max_body_size 0;\n"
            f"client_body_temp_path {work}/b; proxy_temp_path {work}/p; fastcgi_temp_path {work}/f; "
            f"uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;\n"
            f"server {{ listen 127.0.0.1:{self.port}; root {self.root}; {locations} }} }}\n")
        self.access_log = work / "access.log"
        self.process = subprocess.Popen([binary, "-c", f"{work}/nginx.conf"], stderr=subprocess.DEVNULL)
        atexit.register(self.stop)
        self.url = f"http://127.0.0.1:{self.port}"
        until("nginx answers", lambda: request(("127.0.0.1", self.port), "/") is not None)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
