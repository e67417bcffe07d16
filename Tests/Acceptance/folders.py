#!/usr/bin/env python3
"""A job follows logs that grow, are renamed and cut in their turn, while the server is killed with -9 at random moments: each
line is a row once. `folders.py BINARY [ROUNDS]`."""
import json, random, sys, time
from support import *

ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 6


def main():
    data, jobs, logs = folder() / "data", folder(), folder() / "logs"
    logs.mkdir()
    (jobs / "follow.sql").write_text(f"""
        CREATE TABLE app (v BIGINT, text STRING) WITH ('connector' = 'filesystem', 'path' = '{logs}', 'format' = 'json',
          'source.monitor-interval' = '20 ms');
        INSERT INTO seen SELECT v FROM app""")
    settings = folder() / "squilla.yaml"
    settings.write_text(f"origins:\n  - {{name: o, url: 'http://127.0.0.1:9'}}\njobs:\n  files: {jobs}\n")

    def job(server):
        return json.loads(server.api("/api/v1/jobs/follow")[2])

    server, written, rotations = Server("-c", settings, data=data), 0, 0
    for _ in range(ROUNDS):
        for _ in range(random.randrange(2, 8)):
            count = random.choice((1, 50, 2000))
            lines = "".join(json.dumps({"v": v, "text": "x" * random.randrange(60)}) + "\n" for v in range(written, written + count))
            with open(logs / "app.log", "a") as log:
                # Programs write what their buffers hold, not lines.
                cut = random.randrange(len(lines))
                log.write(lines[:cut])
                log.flush()
                time.sleep(random.uniform(0, 0.05))
                log.write(lines[cut:])
            written += count
            if random.random() < 0.3:
                rotations += 1
                (logs / "app.log").rename(logs / f"app.log.{rotations}")
            time.sleep(random.uniform(0, 0.1))
        server.process.kill()
        server.process.wait()
        server = Server("-c", settings, data=data)
    (logs / "app.log.0.gz").write_bytes(b"\x1f\x8b")
    # What the job has answered is in its topic behind the next checkpoint.
    until("all lines are rows", lambda: server.sql("SELECT COUNT(*) AS n FROM seen")[0]["n"] >= written, 60)
    rows = [row["v"] for row in server.sql("SELECT v FROM seen")]
    check(sorted(rows) == list(range(written)), f"each of {written} lines in {rotations + 1} files once, over {ROUNDS} kills")
    source = lambda: next(node for node in job(server)["plan"]["nodes"] if node["kind"] == "source")
    until("nothing waits", lambda: source()["lag_bytes"] == 0)
    check(source()["malformed_lines"] == 0, "no line was torn")
    with open(logs / "app.log", "a") as log:
        log.write("no row\n" + json.dumps({"v": written}) + "\n")
    until("a line that is no row is counted", lambda: any(n["malformed_lines"] == 1 for n in job(server)["plan"]["nodes"]))
    log = until("the job's log tells of it", lambda: (t := server.api("/api/v1/jobs/follow/log")[2].decode()) and "is no row" in t and t)
    check("app.log.0.gz is packed" in log, "and of packed files")
    check(job(server)["state"] == "started" and server.terminate() == 0, "the server ends")


main()
