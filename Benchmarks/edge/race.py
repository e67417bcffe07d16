"""What the benchmarks of the edge share: servers pinned to the first core, their CPU time, and rounds that take turns."""
import argparse, os, pathlib, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A server, with its own words for when it ends too early."""

    def __init__(self, name, command):
        self.name = name
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)

    def words(self):
        end = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), 2000, max(0, end - 2000)).decode(errors="replace").strip() or "(it said nothing)"

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def wait_until(ask, server, port, seconds=15):
    """What `ask` returns, once it finds the server there."""
    end, problem = time.time() + seconds, None
    while time.time() < end:
        if (code := server.process.poll()) is not None:
            sys.exit(f"{server.name} ended with code {code} before it answered:\n{server.words()}")
        try:
            return ask()
        except OSError as error:
            problem = error
            time.sleep(0.05)
    sys.exit(f"{server.name} does not answer on port {port} ({problem}):\n{server.words()}")


def wait_for(server, port, path="/object"):
    """The body of its first answer."""
    def ask():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as r:
            return r.read()
    return wait_until(ask, server, port)


def cpu_seconds(pid):
    """User and system time of a process and all its descendants."""
    ticks, queue = 0, [pid]
    while queue:
        p = queue.pop()
        try:
            fields = open(f"/proc/{p}/stat").read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
            for task in os.listdir(f"/proc/{p}/task"):
                queue += map(int, open(f"/proc/{p}/task/{task}/children").read().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


class Peer(Process):
    def __init__(self, name, command, port):
        super().__init__(name, ["taskset", "-c", "0"] + command)
        self.port = port
        self.microseconds, self.rates = [], []

    def round(self, seconds, connections, path="/object"):
        """Once more where no time was seen: the kernel's list of a process's children may lack some (proc(5))."""
        for _ in range(3):
            used, requests = self.load(seconds, connections, path)
            if used > 0 and requests > 0:
                self.microseconds.append(used / requests * 1e6)
                self.rates.append(requests / seconds)
                return
        sys.exit(f"{self.name}: {requests} requests in {used} s of CPU:\n{self.words()}")

    def load(self, seconds, connections, path):
        """Seconds of CPU, and how many requests they served."""
        before = cpu_seconds(self.process.pid)
        out = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency",
                              f"http://127.0.0.1:{self.port}{path}"], capture_output=True, text=True).stdout
        used = cpu_seconds(self.process.pid) - before
        requests = int(re.search(r"(\d+) requests in", out).group(1))
        if "Non-2xx" in out or "Socket errors" in out:
            print(f"  {self.name}: {out}", file=sys.stderr)
        return used, requests


HAPROXY = """
global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
"""


def arguments(peers, seconds=3, **numbers):
    """The options that the benchmarks share, and whole numbers of their own with defaults."""
    parser = argparse.ArgumentParser()
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=seconds)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--peers", default=peers)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    return parser.parse_args()


def folder():
    work = pathlib.Path(tempfile.mkdtemp(prefix="squilla-bench-"))
    os.chmod(work, 0o755)
    return work


def origin(work, size, cache_control, settings="", pin=()):
    """nginx with one object of `size` bytes. The server and its port."""
    (work / "www").mkdir()
    (work / "www/object").write_bytes(bytes(97 + i % 26 for i in range(size)))
    port = free_port()
    (work / "origin.conf").write_text(f"""
worker_processes 1; daemon off; pid {work}/origin.pid; error_log {work}/origin.err; user root;
events {{ worker_connections 4096; }} http {{ access_log off; {settings} server {{ listen 127.0.0.1:{port}; root {work}/www;
  location / {{ add_header Cache-Control "{cache_control}"; default_type text/plain; }} }} }}""")
    server = Process("origin", [*pin, "nginx", "-c", f"{work}/origin.conf"])
    wait_for(server, port)
    return server, port


def squilla(work, name, binary, port, origin_port, more=""):
    """The command of a server named squilla, or squilla-silent, which writes no events; `more` ends its configuration."""
    (work / f"{name}.yaml").write_text(f"""
data: {work}/{name}-data
edge: {{listen: "127.0.0.1:{port}", workers: 1}}
origins: [{{url: "http://127.0.0.1:{origin_port}"}}]
management: {{listen: "127.0.0.1:{free_port()}"}}
log: {{requests: {"false" if name.endswith("silent") else "true"}}}
{more}""")
    return [binary, "up", "-c", f"{work}/{name}.yaml"]


def race(options, what, cache_control, command, settings="", pin=(), more=lambda name: ""):
    """Has the peers take turns under load and prints CPU per request. `command(name, work, port, origin_port)` starts one;
    `more(name)` ends the configuration of one of ours. Returns the medians by name."""
    work = folder()
    source, origin_port = origin(work, options.size, cache_control, settings, pin)
    peers = []
    try:
        for name in options.peers.split(","):
            port = free_port()
            if name.startswith("squilla"):
                line = squilla(work, name, options.binary, port, origin_port, more(name))
            else:
                line = command(name, work, port, origin_port)
            if not shutil.which(line[0]):
                print(f"{name}: not installed, left out")
                continue
            peers.append(Peer(name, line, port))
        for peer in peers:
            body = wait_for(peer, peer.port)
            assert len(body) == options.size, f"{peer.name}: {len(body)} bytes"
            peer.round(1, options.connections)
            peer.microseconds.clear(), peer.rates.clear()
        for number in range(options.rounds):
            for peer in peers:
                peer.round(options.seconds, options.connections)
            print(f"round {number + 1}: " + "  ".join(f"{p.name} {p.microseconds[-1]:.2f}" for p in peers), flush=True)
    finally:
        for peer in peers:
            peer.stop()
        source.stop()
        shutil.rmtree(work, ignore_errors=True)
    ours = statistics.median(peers[0].microseconds)
    print(f"\n{options.size} B {what}, {options.connections} connections, CPU µs per request (median of {options.rounds})")
    for peer in peers:
        median = statistics.median(peer.microseconds)
        print(f"{peer.name:16} {median:7.2f}   {peers[0].name} is {ours / median:.2f} x   {statistics.median(peer.rates):,.0f} requests/s")
    return {peer.name: statistics.median(peer.microseconds) for peer in peers}
