#!/usr/bin/env python3
"""What it takes to have stream queries running: the time from the start of the binary to the first answer, how long after
the event that moves the watermark a window's result is there (of a subscription, and of a job's topic, through its
checkpoint), and the memory of ten jobs. `server.py BINARY [WINDOWS]`."""
import http.client, json, pathlib, random, socket, statistics, sys, threading, time, urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests/Acceptance"))
from support import Server, folder, until  # noqa: E402

WINDOWS = int(sys.argv[2]) if len(sys.argv) > 2 else 300
BASE = 1_700_000_000
TABLE = """
CREATE TABLE timed (`@timestamp` TIMESTAMP_LTZ(6), k BIGINT, WATERMARK FOR `@timestamp` AS `@timestamp`)
  WITH ('topic' = 'ticks');
"""


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(BASE + seconds)) + "Z"


class Client:
    """A kept connection, so that no handshake is measured."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection(*server.management)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, topic, rows):
        body = "".join(json.dumps(row) + "\n" for row in rows)
        self.connection.request("POST", f"/api/v1/topics/{topic}/events", body)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text


def follow(server, query):
    """The arrival times of a subscription's rows."""
    connection = socket.create_connection(server.management)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    target = "/api/v1/subscribe?format=ndjson&q=" + urllib.parse.quote(query)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {server.management[0]}\r\n\r\n".encode())
    arrivals = []

    def run():
        while True:
            try:
                data = connection.recv(1 << 16)
            except OSError:
                return
            now = time.perf_counter()
            arrivals.extend([now] * data.count(b'"n":'))
            if not data:
                return
    threading.Thread(target=run, daemon=True).start()
    time.sleep(0.3)
    return connection, arrivals


def started():
    times = []
    for _ in range(9):
        data = folder() / "data"
        began = time.perf_counter()
        server = Server("--origin", "http://127.0.0.1:9", data=data, wait=False)
        facts = data / "server.json"
        while True:
            try:
                address = json.loads(facts.read_text())["management"]
                host, port = address.rsplit("//", 1)[-1].rstrip("/").rsplit(":", 1)
                connection = http.client.HTTPConnection(host, int(port))
                connection.request("POST", "/api/v1/query", json.dumps({"query": "SELECT 1 + 1 AS two"}),
                                   {"Content-Type": "application/json"})
                if b"2" in connection.getresponse().read():
                    break
            except (OSError, ValueError, KeyError, http.client.HTTPException):
                time.sleep(0.0005)
        times.append((time.perf_counter() - began) * 1000)
        server.kill()
    return sorted(times)


def latencies(server, client, arrivals):
    """Of windows of a second, each closed by the event after it."""
    found = []
    for _ in range(4):
        latencies.second += 1
        client.send("ticks", [{"@timestamp": moment(latencies.second), "k": 0}])
    time.sleep(0.2)
    for window in range(WINDOWS):
        latencies.second += 1
        before = len(arrivals)
        sent = time.perf_counter()
        # An event closes the window that ended as long ago as events may be late. Silence closes windows as well: no pause
        # may be longer than half a second.
        client.send("ticks", [{"@timestamp": moment(latencies.second), "k": window % 7}])
        while len(arrivals) == before and time.perf_counter() - sent < 0.4:
            time.sleep(0.0002)
        if len(arrivals) > before:
            found.append((arrivals[before] - sent) * 1000)
        time.sleep(0.005)
    return sorted(found)


latencies.second = 0


def tell(name, times):
    print(f"{name}: median {statistics.median(times):.1f} ms, p99 {times[int(len(times) * 0.99)]:.1f} ms of {len(times)}")


def main():
    times = started()
    print(f"start to the first answer: median {statistics.median(times):.0f} ms, longest {times[-1]:.0f} ms of {len(times)}")

    server = Server("--origin", "http://127.0.0.1:9")
    client = Client(server)
    client.send("ticks", [{"@timestamp": moment(0), "k": 0}])
    windows = """SELECT window_start, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE {}, DESCRIPTOR(`@timestamp`),
                 INTERVAL '1' SECOND)) GROUP BY window_start, window_end"""
    connection, arrivals = follow(server, windows.format("ticks"))
    tell("a window's result in a subscription, from sending the event that closes it", latencies(server, client, arrivals))
    connection.close()
    status, _, answer = server.api("/api/v1/jobs", "POST", {
        "name": "windows", "sql": TABLE + "INSERT INTO per_second " + windows.format("timed")})
    assert status == 201, answer
    until("the job has answered", lambda: json.loads(server.api("/api/v1/jobs/windows")[2])["rows_out"] > 0)
    until("its rows are there", lambda: server.api("/api/v1/topics/per_second")[0] == 200)
    connection, arrivals = follow(server, "SELECT window_start, n FROM per_second")
    tell("and in a job's topic, through its checkpoint", latencies(server, client, arrivals))
    connection.close()
    server.terminate()

    server = Server("--origin", "http://127.0.0.1:9")
    client = Client(server)
    random.seed(3)
    keys = [random.getrandbits(40) for _ in range(100_000)]
    client.send("events", [{"@timestamp": moment(0), "k": keys[0], "v": 1}])
    idle = server.resident_bytes()
    for number in range(10):
        status, _, answer = server.api("/api/v1/jobs", "POST", {"name": f"job{number}", "sql": f"""
            INSERT INTO out{number} SELECT window_start, k, COUNT(*) AS n, SUM(v) AS total
            FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(`@timestamp`), INTERVAL '1' HOUR))
            WHERE MOD(k, 10) = {number} GROUP BY window_start, window_end, k"""})
        assert status == 201, answer
    for start in range(0, len(keys), 10_000):
        client.send("events", [{"@timestamp": moment(start // 10_000), "k": k, "v": 1} for k in keys[start:start + 10_000]])
    until("all is read", lambda: all(job["lag_rows"] == 0 and job["rows_in"] > 100_000
                                     for job in json.loads(server.api("/api/v1/jobs")[2])), 60)
    time.sleep(2)
    print(f"resident: {idle / 1e6:.0f} MB idle, {server.resident_bytes() / 1e6:.0f} MB with 10 jobs and 100,000 keys")
    server.terminate()


main()
