#!/usr/bin/env python3
"""kill -9 at random moments under load: every event acknowledged under durability=commit is there afterwards, once,
in order; torn tails are cut and reported. `kill9.py BINARY [ROUNDS]`; the bar is 200 rounds, ./test runs fewer."""
import http.client, json, random, sys, threading, time
from support import *

ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 25
WRITERS = 4
random.seed(20260517)


def writer(server, number, next_value, acknowledged, lock):
    connection = http.client.HTTPConnection(*server.management, timeout=10)
    value = next_value
    try:
        while True:
            count = random.choice((1, 7, 50, 400))
            lines = "".join(json.dumps({"writer": number, "value": value + i, "pad": "x" * 200}) + "\n" for i in range(count))
            connection.request("POST", "/api/v1/topics/ledger/events?durability=commit", lines)
            response = connection.getresponse()
            answer = json.loads(response.read())
            if response.status != 200:
                continue
            with lock:
                acknowledged.append((number, value, count, answer["first_offset"], answer["last_offset"]))
            value += count
    except (OSError, http.client.HTTPException, ValueError):
        pass


def main():
    data = folder() / "data"
    acknowledged, lock = [], threading.Lock()
    torn = 0
    for round_number in range(ROUNDS):
        server = Server("--origin", "http://127.0.0.1:9", data=data)
        starts = {w: max([v + n for (k, v, n, _, _) in acknowledged if k == w] or [0]) + 1_000_000 * round_number
                  for w in range(WRITERS)}
        threads = [threading.Thread(target=writer, args=(server, w, starts[w], acknowledged, lock)) for w in range(WRITERS)]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.005, 0.3))
        server.process.kill()
        server.process.wait()
        for thread in threads:
            thread.join(20)
        torn += "torn" in server.output()
    server = Server("--origin", "http://127.0.0.1:9", data=data)
    torn += "torn" in server.output()
    rows = server.sql("SELECT writer, `value` FROM ledger")
    at = {(row["writer"], row["value"]): offset for offset, row in enumerate(rows)}
    check(len(at) == len(rows), f"no event is there twice ({len(rows)} rows)")
    events = sum(count for _, _, count, _, _ in acknowledged)
    wrong = 0
    for number, value, count, first, last in acknowledged:
        wrong += last - first + 1 != count
        for i in range(count):
            wrong += at.get((number, value + i)) != first + i
    check(events > ROUNDS, f"{events} events were acknowledged in {ROUNDS} rounds")
    check(wrong == 0, "every acknowledged event is at the offset that was promised, once, in order")
    print(f"torn tails cut and reported in {torn} of {ROUNDS} starts")
    server.terminate()
    verified = run("log", "verify", "--data", data)
    check(verified.returncode == 0, f"the log verifies afterwards: {verified.stdout.strip()[-200:]}{verified.stderr}")


main()
