#!/usr/bin/env python3
"""A new process takes the place of a running one under the load of 10,000 live connections: no request fails, no
connection is reset, no event is lost. A new process that can't start changes nothing."""
import resource, select, signal, socket
from support import *

LIVE = 10_000
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard != resource.RLIM_INFINITY and hard < LIVE + 2_000:
    skip(f"only {hard} descriptors are allowed")
resource.setrlimit(resource.RLIMIT_NOFILE, (LIVE + 2_000, hard))

nginx = Nginx("""location / { add_header Cache-Control "max-age=600"; }""")
(nginx.root / "page").write_bytes(b"x" * 500)
files = folder()
data = files / "data"
port = free_port()
config = files / "squilla.yaml"


def configure(extra=""):
    config.write_text(f"""
data: {data}
edge: {{listen: ["127.0.0.1:{port}", "unix:{files}/edge.sock"], keep_alive_timeout_ms: 10m, upgrade_drain_ms: 60s}}
origins: [{{url: "{nginx.url}"}}]
management: {{listen: "127.0.0.1:{free_port()}"}}
{extra}""")


configure()
server = Server("-c", config, data=data, listen=False)
REQUEST = b"GET /page HTTP/1.1\r\nHost: test\r\n\r\n"


class Client:
    """Many connections in one thread: each sends a request when it is its turn, and connects again when told to."""

    def __init__(self):
        self.epoll = select.epoll()
        self.connections, self.waiting, self.received = {}, {}, {}
        self.sent = self.answered = self.reconnected = 0
        self.faults = []
        self.turn, self.order = 0, []
        self.stopping = False

    def connect(self):
        try:
            s = socket.create_connection(("127.0.0.1", port), timeout=20)
        except OSError as error:
            return self.faults.append(f"connect: {error}")
        s.setblocking(False)
        self.connections[s.fileno()] = s
        self.epoll.register(s.fileno(), select.EPOLLIN)
        self.order.append(s.fileno())

    def close(self, fd):
        self.epoll.unregister(fd)
        self.connections.pop(fd).close()
        self.waiting.pop(fd, None)
        self.received.pop(fd, None)

    def ask(self, fd):
        try:
            self.connections[fd].send(REQUEST)
        except OSError as error:
            self.faults.append(f"send: {error}")
            return self.close(fd)
        self.sent += 1
        self.waiting[fd] = time.monotonic()

    def read(self, fd):
        try:
            piece = self.connections[fd].recv(65536)
        except OSError as error:
            self.faults.append(f"read: {error}")
            return self.close(fd)
        if not piece:
            self.faults.append("closed inside a response" if fd in self.waiting else "closed between requests")
            return self.close(fd)
        answer = self.received.get(fd, b"") + piece
        head, end, body = answer.partition(b"\r\n\r\n")
        if not end or len(body) < 500:
            self.received[fd] = answer
            return
        self.received.pop(fd, None)
        self.waiting.pop(fd, None)
        self.answered += 1
        if not head.startswith(b"HTTP/1.1 200"):
            self.faults.append(head[:40])
        if b"connection: close" in head.lower():
            self.close(fd)
            self.reconnected += 1
            self.connect()

    def run(self):
        while not self.stopping or self.waiting:
            for _ in range(60):
                if self.stopping or len(self.waiting) > 500:
                    break
                if self.turn >= len(self.order):
                    self.order, self.turn = list(self.connections), 0
                fd = self.order[self.turn]
                self.turn += 1
                if fd in self.connections and fd not in self.waiting:
                    self.ask(fd)
            for fd, _ in self.epoll.poll(0.005):
                if fd in self.connections:
                    self.read(fd)
            now = time.monotonic()
            if any(now - since > 30 for since in self.waiting.values()):
                self.faults.append("no answer in 30 s")
                break


client = Client()
for _ in range(LIVE):
    client.connect()
check(len(client.connections) == LIVE and not client.faults, f"{LIVE} connections are open")
thread = threading.Thread(target=client.run, daemon=True)
thread.start()
until("all connections are used", lambda: client.answered > LIVE, 60)


def facts():
    return json.loads((data / "server.json").read_text())


def is_running(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def upgrade():
    old = facts()["pid"]
    before = client.answered
    done = run("upgrade", "--data", data)
    check(done.returncode == 0, f"squilla upgrade: {done.stdout.strip()}{done.stderr.strip()}")
    new = facts()["pid"]
    check(new != old and is_running(new), "another process serves")
    atexit.register(lambda: is_running(new) and os.kill(new, signal.SIGKILL))
    until("the old process has ended", lambda: not is_running(old), 90)
    check(client.answered > before, f"{client.answered - before} requests were answered meanwhile")
    check(not client.faults, f"none failed {client.faults[:5]}")
    return new


first = server.process.pid
upgrade()
# The client may not have read the last answers yet when the process that sent them has ended.
until("the last answers are read", lambda: client.reconnected >= LIVE or client.faults)
check(client.reconnected >= LIVE, f"{client.reconnected} connections moved over with an answer")
with socket.socket(socket.AF_UNIX) as s:
    s.connect(str(files / "edge.sock"))
    s.sendall(REQUEST)
    check(s.recv(100).startswith(b"HTTP/1.1 200"), "the Unix socket is served, too")

# One that can't start: the old one goes on as if nothing had been.
configure("nonsense: 1")
serving = facts()["pid"]
done = run("upgrade", "--data", data, "--timeout", "3")
check(done.returncode != 0 and "still serves" in done.stderr, "an upgrade to a configuration that is wrong fails")
until("the process before it says so", lambda: "not upgraded" in server.output(), 60)
check(facts()["pid"] == serving and is_running(serving), "and serves on")
configure()
last = upgrade()

client.stopping = True
thread.join(60)
check(not client.faults and client.sent == client.answered, f"{client.answered} requests, none failed {client.faults[:5]}")
server.management = address(facts()["management"])


def events():
    rows = server.sql("SELECT count(*) AS n FROM requests WHERE url.path = '/page'")
    return [row for row in rows if "n" in row][0]["n"] == client.answered + 1


until("every request is an event in the log of the last process", events, 20)
os.kill(last, signal.SIGTERM)
until("the last process has ended", lambda: not is_running(last), 60)
check(not (files / "edge.sock").exists() and not (data / "server.json").exists(), "and left nothing behind")
