#!/usr/bin/env python3
"""What a subscription costs for each event: CPU of the server that takes events in, with no subscriber, with one that
none of them matches, with a thousand of the same, and with one that gets them all.

    Benchmarks/streams/subscribe.py [--binary squilla] [--events N] [--rounds N]

Events are appended as JSON lines, in pieces of 10,000; the figure is the server's CPU time from /proc by event, the
median of interleaved rounds, and its difference from that without a subscriber.
"""
import argparse, http.client, json, pathlib, shutil, socket, statistics, subprocess, tempfile, threading, time, urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=str(ROOT / ".build/release/squilla"))
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="squilla-subscribe-")
    server = subprocess.Popen([options.binary, "up", "--origin", "http://127.0.0.1:9", "--listen", "127.0.0.1:0",
                               "--management", "127.0.0.1:0", "--data", folder], stdout=subprocess.DEVNULL)
    try:
        facts = pathlib.Path(folder, "server.json")
        while not facts.exists():
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
        costs = {name: [] for name in variants}
        for _ in range(options.rounds):
            for name, (count, query) in variants.items():
                connections = [subscribe(address, query) for _ in range(count)]
                drain(connections)
                time.sleep(0.3)
                before = cpu_seconds(server.pid)
                append(options.events)
                time.sleep(0.5)
                costs[name].append((cpu_seconds(server.pid) - before) / options.events * 1e9)
                for connection in connections:
                    connection.shutdown(socket.SHUT_RDWR)
                    connection.close()
                time.sleep(0.3)
        base = statistics.median(costs["no subscriber"])
        for name, values in costs.items():
            value = statistics.median(values)
            print(f"{name:32} {value:8.0f} ns an event   {value - base:+8.0f}")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
