#!/usr/bin/env python3
"""Clusters as users meet them: parameters, owner and labels, so many jobs at least, a schedule, a restart of the server,
and what is refused."""
import json, time
from support import *

TEXT = """
SET 'job.owner' = 'ann';
SET 'job.label.team' = 'edge';
SET 'job.parameter.least' = '3';
INSERT INTO picked SELECT v FROM ticks WHERE v >= ${least}
"""


def jobs(server):
    return {j["name"]: j for j in json.loads(server.api("/api/v1/jobs")[2])}


def main():
    data, files = folder() / "data", folder()
    server = Server("--origin", "http://127.0.0.1:9", data=data)
    body = "".join(json.dumps({"v": v}) + "\n" for v in range(10))
    check(server.api("/api/v1/topics/ticks/events?durability=commit", "POST", body)[0] == 200, "events are taken")

    def cluster(*arguments, text=None):
        return run("cluster", *arguments, "--data", data, stdin=text)

    made = cluster("submit", "picker", "-", text=TEXT)
    check(made.returncode == 0 and json.loads(made.stdout)["owner"] == "ann", f"a cluster is taken on {made.stderr}")
    check(cluster("submit", "picker", "-", text=TEXT).returncode != 0, "a second one of the name is refused")
    check(cluster("submit", "picker", "-", "--replace", text=TEXT + " ").returncode == 0, "another version is taken")
    launched = cluster("launch", "picker")
    check(launched.returncode == 0 and json.loads(launched.stdout)["name"] == "picker-1", f"a job is launched {launched.stderr}")
    check(cluster("launch", "picker", "--parameter", "least=8").returncode == 0, "one with another parameter")
    until("both have written", lambda: [jobs(server)[f"picker-{n}"]["rows_out"] for n in (1, 2)] == [7, 2])
    check(jobs(server)["picker-2"]["labels"] == {"team": "edge"}, "they have the labels")
    bad = cluster("launch", "picker", "--parameter", "least=1; DROP TABLE x")
    check(bad.returncode != 0 and "can't stand outside of quotes" in bad.stderr, "a parameter is no statement")
    shown = json.loads(cluster("show", "picker").stdout)
    check(shown["jobs"] == ["picker-1", "picker-2"] and shown["versions"] == [1, 2], "the cluster shows them")
    check("picker" in cluster("list").stdout, "and is listed")

    for schedule, reason in (("61 * * * *", "the minute '61'"), ("soon", "has 1 fields"), ("0 0 30 2 *", "never comes")):
        refused = cluster("submit", "odd", "-", text=f"SET 'job.cron' = '{schedule}'; INSERT INTO x SELECT v FROM ticks")
        check(refused.returncode != 0 and reason in refused.stderr, f"the schedule '{schedule}' is explained")
    job = run("job", "submit", "plain", "-", "--data", data, stdin=TEXT)
    check(job.returncode != 0 and "cluster" in job.stderr, "a cluster's text is no job")

    kept = cluster("submit", "kept", "-", text="SET 'job.sla.min' = '2'; SET 'job.sla.max' = '2';" + TEXT)
    check(kept.returncode == 0, "a cluster that keeps two jobs running is taken on")
    until("they run", lambda: sum(j["state"] == "started" for n, j in jobs(server).items() if n.startswith("kept-")) == 2)
    check(cluster("launch", "kept").returncode != 0, "a third is refused")
    server.process.kill()
    server.process.wait()
    server = Server("--origin", "http://127.0.0.1:9", data=data)
    until("they run after a kill", lambda: sum(j["state"] == "started" for n, j in jobs(server).items() if n.startswith("kept-")) == 2)
    time.sleep(0.5)
    check(sorted(n for n in jobs(server) if n.startswith("kept-")) == ["kept-1", "kept-2"], "the same two, and no more")
    nightly = cluster("submit", "nightly", "-", text="SET 'job.cron' = '@daily'; SET 'job.time-zone' = 'Europe/Rome';" + TEXT)
    check(json.loads(nightly.stdout)["next_fire"], "a schedule says when it comes next")
    check(cluster("disable", "nightly").returncode == 0 and "next_fire" not in json.loads(cluster("show", "nightly").stdout), "it can be disabled")
    check(cluster("remove", "nightly").returncode == 0, "and removed")
    check(cluster("remove", "kept").returncode != 0, "not while its jobs run")
    check(server.terminate() == 0, "the server ends")


main()
