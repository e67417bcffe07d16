"""The console's pages of jobs, as console.py sees them."""
import json, time
from . import Server, check, folder, until
from .browser import Browser


def run(server, page, base, shots, hostile):
    page.resize(1440, 1000)
    page.prefer("light")
    page.open(base + "/?theme=auto")
    page.until("the traffic is live", "document.querySelector('#connection').dataset.state === 'live'")
    listing(server, page, shots, hostile)
    one_job(page, shots)
    hostile_rows(page, hostile)
    several_ways(server, page, base)
    actions(server, page)
    clusters(server, page)
    nothing(server, page, base)
    with_token()
    page.errors[:] = [each for each in page.errors if "404" not in each]


def post(server, path, body):
    status, _, answer = server.api(path, "POST", json.dumps(body))
    check(status < 300, f"{path} is taken: {answer}")


def listing(server, page, shots, hostile):
    post(server, "/api/v1/jobs", {
        "name": "hostile",
        "sql": f"""SET 'job.owner' = '{hostile}'; SET 'job.label.team' = '{hostile}';
            INSERT INTO hostile_rows SELECT user_agent.original AS `{hostile.replace("=", "")}`, url.path AS path FROM requests
            WHERE user_agent.original LIKE '<img%'"""})
    page.run("document.querySelector('#pages a[data-page=jobs]').click()")
    page.until("the page of jobs is in the address", "location.search.includes('page=jobs') && !document.querySelector('#jobs').hidden && document.querySelector('#traffic').hidden")
    cell = "[...document.querySelectorAll('#jobs-table tbody tr')].find(r => r.textContent.includes('error-rate')).children[%d].textContent"
    page.until("the demo's job runs", cell % 1 + " === 'started'")
    page.until("its rate is told", f"parseFloat({cell % 2}) > 0")
    page.until("so is its checkpoint", f"/ago$/.test({cell % 9})")
    page.until("a hostile owner is text", f"[...document.querySelectorAll('#jobs-table .j-name .quiet')].some(n => n.textContent.startsWith({json.dumps(hostile)}))")
    page.screenshot(shots / "jobs-light.png")


def one_job(page, shots):
    page.run("[...document.querySelectorAll('#jobs-table a')].find(a => a.textContent === 'error-rate').click()")
    page.until("one job is in the address", "new URLSearchParams(location.search).get('job') === 'error-rate'")
    page.until("its plan is a graph", "document.querySelectorAll('.plan .node').length >= 4 && document.querySelectorAll('.plan .edge').length >= 3")
    page.until("rates are on its arrows", "[...document.querySelectorAll('.plan .edge-rate')].some(t => parseFloat(t.textContent) > 0) && document.querySelector('.plan .is-flowing') !== null")
    page.until("the graph is told to those who can't see it", "/requests to .*\\/s/.test(document.querySelector('.plan').getAttribute('aria-label'))")
    page.until("steps have figures", "document.querySelectorAll('#steps tbody tr').length >= 4 && [...document.querySelectorAll('#steps tbody tr')].some(r => r.children[7].textContent.endsWith('%'))")
    page.until("checkpoints are listed", "document.querySelectorAll('#checkpoints tbody tr').length > 0 && /s$/.test(document.querySelectorAll('#checkpoints tbody td')[1].textContent)")
    page.until("rows come out", "[...document.querySelectorAll('#output th')].some(h => h.textContent === 'error_percent') && document.querySelectorAll('#output tbody tr').length > 0", 45)
    check(page.run("document.querySelector('#job-sql').textContent.includes('INSERT INTO error_rate')"), "its text is there")
    check(page.run("!document.querySelector('.plan').closest('[hidden]') && document.querySelector('#facts').textContent.includes('Dead letters')"), "and its figures")
    page.screenshot(shots / "job-light.png", whole=True)
    page.prefer("dark")
    time.sleep(1)
    page.screenshot(shots / "job-dark.png", whole=True)
    page.resize(360, 780, mobile=True)
    page.until("nothing sticks out at 360 pixels", "document.documentElement.scrollWidth <= 360 && document.querySelectorAll('.plan .node').length >= 4")
    time.sleep(1)
    page.screenshot(shots / "job-phone.png", whole=True)
    page.resize(1440, 1000)
    page.prefer("light")
    page.run("history.back()")
    page.until("Back leads to the list", "!document.querySelector('#job-list').hidden")


def hostile_rows(page, hostile):
    page.run("[...document.querySelectorAll('#jobs-table a')].find(a => a.textContent === 'hostile').click()")
    page.until("hostile rows are text", f"document.querySelector('#output tbody td').textContent === {json.dumps(hostile)}")
    page.until("so is a hostile column", "document.querySelector('#output th').textContent.startsWith('<img src')")
    page.until("and the plan", "document.querySelectorAll('.plan .node').length >= 2")
    check(page.run("window.pwned === undefined && !document.querySelector('img')"), "nothing they carry runs")
    # A reload on a job's own address.
    page.reload()
    page.until("a reload keeps the job", "document.querySelector('#job-title').textContent === 'hostile' && document.querySelector('#job-state').textContent === 'started'")


def several_ways(server, page, base):
    """A plan whose ways part and meet: no box lies on another, and every arrow ends at one."""
    post(server, "/api/v1/jobs", {"name": "ways", "sql": """EXECUTE STATEMENT SET BEGIN
        INSERT INTO statuses SELECT window_start, http.response.status_code AS code, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE requests,
          DESCRIPTOR(`@timestamp`), INTERVAL '2' SECOND)) GROUP BY window_start, window_end, http.response.status_code;
        INSERT INTO pairs SELECT a.url.path AS path, b.cache.status AS status FROM requests a JOIN requests b ON a.client.ip = b.client.ip
          AND b.`@timestamp` BETWEEN a.`@timestamp` AND a.`@timestamp` + INTERVAL '1' SECOND WHERE a.http.response.status_code >= 500;
        INSERT INTO slow SELECT url.path FROM requests WHERE event.duration > 100000000;
        END"""})
    page.open(base + "/?page=jobs&job=ways")
    page.until("a plan of several statements is drawn", "document.querySelectorAll('.plan .node-sink').length === 3 && document.querySelectorAll('.plan .node-source').length === 1")
    overlaps = """(() => { const boxes = [...document.querySelectorAll('.plan .node-ground')].map(n => n.getBoundingClientRect());
        return boxes.some((a, i) => boxes.slice(i + 1).some(b => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)) })()"""
    check(not page.run(overlaps), "no step lies on another")
    page.resize(360, 780, mobile=True)
    page.until("from top to bottom where there is no room", "document.documentElement.scrollWidth <= 360 && document.querySelector('.plan .node-source .node-ground').getBoundingClientRect().bottom < document.querySelector('.plan .node-sink .node-ground').getBoundingClientRect().top")
    check(not page.run(overlaps), "nor there")
    page.resize(1440, 1000)
    page.until("each output can be chosen", "[...document.querySelectorAll('#output option')].map(o => o.value).sort().join() === 'pairs,slow,statuses'")
    page.run("(() => { const s = document.querySelector('#output select'); s.value = 'statuses'; s.dispatchEvent(new Event('change')) })()")
    page.until("and followed", "[...document.querySelectorAll('#output th')].some(h => h.textContent === 'code') && document.querySelectorAll('#output tbody tr').length > 0")
    page.run("document.querySelector('.trail a').focus()")
    page.press("Enter")
    page.until("the focus goes where the link led", "document.activeElement.id === 'jobs-title'")
    page.until("a job can be chosen", "(a => a && (a.focus(), true))([...document.querySelectorAll('#jobs-table a')].find(a => a.textContent === 'hostile'))")
    page.press("Enter")
    page.until("and to the job", "document.activeElement.id === 'job-title' && document.querySelector('#job-state').textContent === 'started'")


def actions(server, page):
    """With the keyboard alone."""
    state = "document.querySelector('#job-state').textContent"
    page.run("document.querySelector('#job-savepoint').focus()")
    page.press("Enter")
    page.until("a savepoint is asked for its name", "document.querySelector('#job-dialog').open && document.activeElement.name === 'label'")
    page.run("document.activeElement.value = 'before'")
    page.press("Enter")
    page.until("it is told", "document.querySelector('#jobs-done').textContent.includes('savepoint of hostile')")
    until("it is kept", lambda: "before" in json.loads(server.api("/api/v1/jobs/hostile")[2])["savepoints"])
    page.run("document.querySelector('#job-stop').focus()")
    page.press("Enter")
    page.until("a stop is asked about", "document.querySelector('#job-dialog').open")
    page.press("Enter")
    page.until("the job is stopped", state + " === 'stopped' && document.querySelector('#job-stop').disabled && !document.querySelector('#job-restart').disabled")
    page.until("the log says so", "document.querySelector('#job-log').textContent.includes('stopped')")
    page.run("document.querySelector('#job-restart').focus()")
    page.press("Enter")
    page.until("a restart offers the savepoint", "[...document.querySelectorAll('#job-fields input')].some(i => i.value === 'savepoint before')")
    page.run("[...document.querySelectorAll('#job-dialog button')].find(b => b.textContent === 'Cancel').click()")
    page.until("it can be left", "!document.querySelector('#job-dialog').open && " + state + " === 'stopped'")
    page.run("document.querySelector('#job-restart').click()")
    page.until("it can be asked again", "document.querySelector('#job-dialog').open")
    page.press("Enter")
    page.until("the job runs again", state + " === 'started'")
    page.press("j")
    page.until("j leads back to the traffic", "!document.querySelector('#traffic').hidden && document.querySelector('#connection').dataset.state === 'live'")
    page.press("j")
    page.until("and to the jobs", "!document.querySelector('#job-list').hidden && document.querySelectorAll('#jobs-table tbody tr').length >= 2")


def clusters(server, page):
    post(server, "/api/v1/clusters", {"name": "codes", "sql": """SET 'job.parameter.code' = '200'; SET 'job.sla.min' = '1'; SET 'job.sla.max' = '3';
        INSERT INTO codes SELECT url.path FROM requests WHERE http.response.status_code = ${code}"""})
    row = "document.querySelector('#clusters tbody tr')"
    page.until("a cluster is there with its SLA", row + ".children[2].textContent === '1 to 3'")
    page.until("and the job that it keeps", row + ".querySelector('a').textContent.startsWith('codes-')")
    page.run("[...document.querySelectorAll('#clusters button')].find(b => b.textContent === 'Disable').click()")
    page.until("it can be disabled", "[...document.querySelectorAll('#clusters button')].some(b => b.textContent === 'Enable')")


def nothing(server, page, base):
    page.open(base + "/?page=jobs&job=%3Cimg%20src%3Dx%20onerror%3D%22window.pwned%3D1%22%3E")
    page.until("a job that isn't there is told", "!document.querySelector('#job-missing').hidden && document.querySelector('#job-missing').textContent.includes('<img src=x')")
    check(page.run("window.pwned === undefined && !document.querySelector('img')"), "and its name stays text")
    page.run("document.querySelector('#job-missing a').click()")
    page.until("a link leads to those that are", "document.querySelectorAll('#jobs-table tbody tr').length >= 2")
    for name in [job["name"] for job in json.loads(server.api("/api/v1/jobs")[2])]:
        server.api(f"/api/v1/jobs/{name}/stop", "POST", "{}")
        until(f"{name} is stopped", lambda: json.loads(server.api(f"/api/v1/jobs/{name}")[2])["state"] in ("stopped", "completed"))
        check(server.api(f"/api/v1/jobs/{name}", "DELETE")[0] == 200, f"{name} is removed")
    page.until("an empty list says what to do", "!document.querySelector('#jobs-empty').hidden && document.querySelector('#jobs-table').hidden")


def with_token():
    page = Browser()
    settings = folder() / "squilla.yaml"
    settings.write_text("origins:\n  - {name: o, url: 'http://127.0.0.1:9'}\nmanagement: {token: correct-horse}\n")
    server = Server("-c", settings)
    status = server.api("/api/v1/jobs", "POST", {"name": "held", "sql": "INSERT INTO copies SELECT url.path FROM requests"}, {"Authorization": "Bearer correct-horse"})[0]
    check(status == 201, "a job runs behind a token")
    page.open(f"http://{server.management[0]}:{server.management[1]}/?page=jobs")
    page.until("the token is asked for", "document.querySelector('#token-dialog').open")
    page.run("(() => { document.querySelector('#token').value = 'wrong-horse'; document.querySelector('#token-dialog form').requestSubmit() })()")
    page.until("a wrong one is asked for again", "document.querySelector('#token-dialog').open && document.querySelector('#token-note').textContent.includes('not accepted')")
    page.run("(() => { document.querySelector('#token').value = 'correct-horse'; document.querySelector('#token-dialog form').requestSubmit() })()")
    page.until("with it the jobs are there", "[...document.querySelectorAll('#jobs-table a')].some(a => a.textContent === 'held')")
    page.run("[...document.querySelectorAll('#jobs-table a')].find(a => a.textContent === 'held').click()")
    page.until("and can be stopped", "!document.querySelector('#job-stop').disabled")
    page.run("document.querySelector('#job-stop').click()")
    page.press("Enter")
    page.until("with it too", "document.querySelector('#job-state').textContent === 'stopped'")
    check(all("401" in each for each in page.errors), f"no other error: {page.errors}")
    page.close()
    check(server.terminate() == 0, "the server ends")
