#!/usr/bin/env python3
"""A job that writes files and calls a webhook is killed with -9 at random moments while the webhook refuses now and then:
each row is in the files once, and under each Idempotency-Key the webhook saw the same rows. `sinks.py BINARY [ROUNDS]`."""
import collections, http.server, json, os, random, subprocess, sys, threading, time
from support import *

ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
random.seed(20261126)


class Hook(http.server.BaseHTTPRequestHandler):
    """Refuses a third of all requests and loses the answer of some until it is `calm`; remembers what came under which key."""
    protocol_version = "HTTP/1.1"
    bodies, refused = collections.defaultdict(set), collections.Counter()
    taken, lock, closed, calm = {}, threading.Lock(), False, False

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with self.lock:
            key = self.headers["Idempotency-Key"]
            self.bodies[key].add(body)
            # Pauses double, so nobody is refused for ever.
            answers = self.calm or self.refused[key] >= 3
            chance = 0 if self.closed else 0.5 if answers else random.random()
            self.refused[key] += chance < 0.3 or chance > 0.9
            if chance < 0.3:
                self.send_response(503)
            else:
                self.taken.setdefault(key, [json.loads(line)["v"] for line in body.splitlines()])
                if chance > 0.9:
                    self.close_connection = True
                    return self.connection.close()
                self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def taken():
    with Hook.lock:
        return [v for rows in Hook.taken.values() for v in rows]


def job(server):
    status, _, body = server.api("/api/v1/jobs/out")
    return json.loads(body) if status == 200 else None


def hook_sink(server):
    return next(s for s in job(server)["sinks"] if s["target"] == "hook")


def send(server, values):
    body = "".join(json.dumps({"v": v}) + "\n" for v in values)
    return server.api("/api/v1/topics/ticks/events?durability=commit", "POST", body)[0] == 200


def full_disk(data, settings, jobs, sent):
    """A folder that is full: the job waits, says why, and goes on when there is room, without a row twice."""
    small = folder()
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", small], capture_output=True).returncode:
        return print("skipped: a full disk needs root and mount")
    try:
        # Jobs from the API can't name files; those of the folder are taken on when the server starts.
        (jobs / "small.sql").write_text(f"""
            CREATE TABLE small WITH ('connector' = 'filesystem', 'path' = '{small}');
            INSERT INTO small SELECT v FROM ticks""")
        again = Server("-c", settings, data=data)

        def small_job():
            return json.loads(again.api("/api/v1/jobs/small")[2])

        for block in range(6):
            send(again, range(sent + block * 1000, sent + (block + 1) * 1000))
        total = sent + 6000
        until("a full disk is told", lambda: any("space" in s.get("refusal", "") for s in small_job()["sinks"]), 60)
        check(small_job()["state"] == "started", "the job waits")
        subprocess.run(["mount", "-o", "remount,size=8m", small], check=True)
        until("it goes on when there is room", lambda: small_job()["rows_out"] == total and not any(s.get("refusal") for s in small_job()["sinks"]), 90)
        run("job", "stop", "small", "--data", data)
        until("it is stopped", lambda: small_job()["state"] == "stopped", 60)
        rows = [json.loads(line)["v"] for f in small.iterdir() if not f.name.startswith(".") for line in f.read_text().splitlines()]
        check(sorted(rows) == list(range(total)), f"each of {total} rows is in the files once")
        check(again.terminate() == 0, "the server ends")
    finally:
        subprocess.run(["umount", "-l", small])


def main():
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    data, jobs, out = folder() / "data", folder(), folder() / "out"
    (jobs / "out.sql").write_text(f"""
        CREATE TABLE files WITH ('connector' = 'filesystem', 'path' = '{out}', 'sink.rolling-policy.file-size' = '4kb');
        CREATE TABLE hook WITH ('connector' = 'http', 'url' = 'http://127.0.0.1:{hook.server_port}/in',
          'sink.batch.max-rows' = '40', 'http.header.Authorization' = 'Bearer hush');
        EXECUTE STATEMENT SET BEGIN
          INSERT INTO files SELECT v FROM ticks;
          INSERT INTO hook SELECT v FROM ticks;
        END
        """)
    settings = folder() / "squilla.yaml"
    settings.write_text(f"origins:\n  - {{name: o, url: 'http://127.0.0.1:9'}}\njobs:\n  files: {jobs}\n")

    def start():
        return Server("-c", settings, data=data)

    # The topic must be there before the job that reads it.
    server = Server("--origin", "http://127.0.0.1:9", data=data)
    check(send(server, [0]), "a topic is made")
    server.terminate()
    server, sent = start(), 1
    for _ in range(ROUNDS):
        for _ in range(random.randrange(1, 5)):
            count = random.choice((1, 30, 200))
            send(server, range(sent, sent + count))
            sent += count
            time.sleep(random.uniform(0, 0.2))
        server.process.kill()
        server.process.wait()
        server = start()
    until("the job has sent all", lambda: (j := job(server)) and j["lag_rows"] == 0 and j["rows_out"] == 2 * sent, 60)
    until("the webhook has all", lambda: len(set(taken())) == sent, 120)
    check(sorted(taken()) == list(range(sent)),
          f"who remembers keys sees each of {sent} rows once, over {ROUNDS} kills")
    check(all(len(bodies) == 1 for bodies in Hook.bodies.values()), "a key stands for the same rows always")

    Hook.closed = True
    send(server, range(sent, sent + 10))
    sent += 10
    # Until it is tried again, an answer that was lost before may be what is shown.
    until("a refusing sink is shown with why", lambda: "503" in hook_sink(server).get("refusal", ""), 60)
    check(hook_sink(server)["refusing_since"] and job(server)["state"] == "started", "and since when, and the job goes on")
    check('squilla_job_sink_refusing{job="out",target="hook"} 1' in server.api("/metrics")[2].decode(), "the metrics tell")
    check("hush" not in server.api("/api/v1/jobs/out")[2].decode(), "a secret is not shown")
    check(run("job", "stop", "out", "--data", data).returncode == 0, "the job is stopped")
    until("it ends though the sink refuses", lambda: job(server)["state"] == "stopped", 30)
    # A stop waits for no sink that refuses, and leaves files open then: the next has to end with all closed.
    Hook.closed, Hook.calm = False, True
    check(run("job", "restart", "out", "--data", data).returncode == 0, "it is restarted")
    until("the webhook has the rest", lambda: len(set(taken())) == sent, 120)
    run("job", "stop", "out", "--data", data)
    until("it is stopped", lambda: job(server)["state"] == "stopped")
    rows = [json.loads(line)["v"] for f in out.iterdir() if not f.name.startswith(".") for line in f.read_text().splitlines()]
    check(sorted(rows) == list(range(sent)), f"the files have each of {sent} rows once")
    script = folder() / "bad.sql"
    script.write_text("CREATE TABLE h WITH ('connector'='http','url'='http://169.254.169.254/x'); INSERT INTO h SELECT v FROM ticks")
    refused = run("job", "submit", "bad", script, "--data", data)
    check(refused.returncode != 0 and "jobs.http_hosts" in refused.stderr, "a job from the network can't call any host")
    check(server.terminate() == 0, "the server ends")
    full_disk(data, settings, jobs, sent)


main()
