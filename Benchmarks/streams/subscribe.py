#!/usr/bin/env python3
"""What a subscription costs for each event: CPU of the server that takes events in, with no subscriber, with one that
none of them matches, with a thousand of the same, and with one that gets them all.

    Benchmarks/streams/subscribe.py [--binary squilla] [--events N] [--rounds N] [--edge]

Events are appended as JSON lines, in pieces of 10,000; the figure is the server's CPU time by event, the median of
interleaved rounds, and the median of its differences from the same round's without a subscriber, with their quartiles.
With `--edge` the events are those of requests: cached hits of 1 KB from wrk, over 32 connections. User instructions by
request stand beside, where perf can count them: they tell differences that the time of a shared machine doesn't.
"""
import argparse, http.client, json, pathlib, re, shutil, socket, statistics, subprocess, sys, tempfile, threading, time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]


def cpu_seconds(pid):
    """Of all threads, to the nanosecond; /proc/PID/stat counts in hundredths of a second."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            pass
    return total / 1e9


def subscribe(address, query):
    """An open subscription that is read to nowhere; its columns have come."""
    connection = socket.create_connection(address)
    target = "/api/v1/subscribe?format=ndjson&eventsPerSecond=1000000&q=" + urllib.parse.quote(query)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    answer = connection.recv(65536)
    assert b" 200 " in answer.split(b"\r\n")[0], answer
    return connection


def drain(connections):
    import select
    poll = select.epoll()
    by_number = {c.fileno(): c for c in connections}
    for number in by_number:
        poll.register(number, select.EPOLLIN)

    def run():
        while by_number:
            for number, _ in poll.poll(1):
                try:
                    if not by_number[number].recv(1 << 20):
                        raise OSError
                except (OSError, KeyError):
                    return
    threading.Thread(target=run, daemon=True).start()


class Hits:
    """Requests for one cached object."""

    QUERIES = {
        "no subscriber": (0, ""),
        "one that nothing matches": (1, "SELECT url.path FROM requests WHERE http.response.status_code >= 500"),
        "1,000 of the same": (1000, "SELECT url.path FROM requests WHERE http.response.status_code >= 500"),
        "one that gets a sample of 1 %": (1, "SELECT url.path FROM requests SAMPLE RANDOM 1"),
        "one that gets all": (1, "SELECT url.path FROM requests"),
    }

    def __init__(self, folder, facts, pid):
        self.address = urllib.parse.urlparse(facts["edge"][0]).netloc
        self.pid = pid

    def round(self, seconds=3):
        """CPU nanoseconds and user instructions of the server by request."""
        counted = None
        if shutil.which("perf"):
            counted = subprocess.Popen(["perf", "stat", "-x,", "-e", "instructions:u", "-p", str(self.pid)],
                                       stderr=subprocess.PIPE, text=True)
            time.sleep(0.2)
        before = cpu_seconds(self.pid)
        out = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", f"http://{self.address}/object"],
                             capture_output=True, text=True).stdout
        time.sleep(0.2)
        used = cpu_seconds(self.pid) - before
        requests = int(re.search(r"(\d+) requests in", out).group(1))
        instructions = None
        if counted:
            counted.send_signal(2)
            first = counted.communicate()[1].split(",")[0]
            instructions = int(first) / requests if first.isdigit() else None
        return used / requests * 1e9, instructions


def serve_object():
    """An origin with one object of 1 KB, on a thread. Its port."""
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Cache-Control", "public, max-age=3600")
            self.send_header("Content-Length", "1024")
            self.end_headers()
            self.wfile.write(b"x" * 1024)

        def log_message(self, *arguments):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def tell(name, values, bases, unit):
    differences = [value - base for value, base in zip(values, bases)]
    low, middle, high = statistics.quantiles(differences, n=4, method="inclusive")
    print(f"{name:32} {statistics.median(values):8.1f} {unit} an event   {middle:+8.1f} ({low:+.1f} to {high:+.1f})")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", type=int, help="the first so many variants")
    parser.add_argument("--edge", action="store_true", help="the events of requests that are hits")
    options = parser.parse_args()
    origin = serve_object() if options.edge else 9
    folder = tempfile.mkdtemp(prefix="squilla-subscribe-")
    server = subprocess.Popen([options.binary, "up", "--origin", f"http://127.0.0.1:{origin}", "--listen", "127.0.0.1:0",
                               "--management", "127.0.0.1:0", "--data", folder], stdout=subprocess.DEVNULL)
    try:
        facts = pathlib.Path(folder, "server.json")
        while not facts.exists():
            if server.poll() is not None:
                sys.exit(f"the server ended with code {server.returncode} before it was ready")
            time.sleep(0.05)
        url = urllib.parse.urlparse(json.loads(facts.read_text())["management"])
        address = (url.hostname, url.port)
        body = "".join(json.dumps({"n": i, "path": f"/p/{i % 97}", "status": 200, "bytes": i * 7 % 9001}) + "\n"
                       for i in range(10_000)).encode()
        api = http.client.HTTPConnection(*address)

        def append(events):
            for _ in range(events // 10_000):
                api.request("POST", "/api/v1/topics/t/events?durability=none", body)
                answer = api.getresponse()
                assert answer.status == 200, answer.read()
                answer.read()

        append(20_000)
        variants = {
            "no subscriber": (0, ""),
            "one that nothing matches": (1, "SELECT path FROM t WHERE status >= 500"),
            "1,000 of the same": (1000, "SELECT path FROM t WHERE status >= 500"),
            "one that gets a sample of 1 %": (1, "SELECT path FROM t SAMPLE RANDOM 1"),
            "one that gets all": (1, "SELECT path FROM t"),
        }
        hits = None
        if options.edge:
            hits = Hits(folder, json.loads(facts.read_text()), server.pid)
            variants = Hits.QUERIES
            hits.round(1)
        variants = dict(list(variants.items())[:options.only])
        costs = {name: [] for name in variants}
        instructions = {name: [] for name in variants}
        for _ in range(options.rounds):
            for name, (count, query) in variants.items():
                connections = [subscribe(address, query) for _ in range(count)]
                drain(connections)
                time.sleep(0.3)
                if hits:
                    cost, counted = hits.round()
                    costs[name].append(cost)
                    if counted:
                        instructions[name].append(counted)
                else:
                    before = cpu_seconds(server.pid)
                    append(options.events)
                    time.sleep(0.5)
                    costs[name].append((cpu_seconds(server.pid) - before) / options.events * 1e9)
                for connection in connections:
                    connection.shutdown(socket.SHUT_RDWR)
                    connection.close()
                time.sleep(0.3)
        for name, values in costs.items():
            tell(name, values, costs["no subscriber"], "ns")
        for name, values in instructions.items():
            if values:
                tell(name, values, instructions["no subscriber"], "instructions")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
