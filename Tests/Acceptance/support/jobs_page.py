"""The console's pages of jobs, as console.py sees them."""
import json, time
from . import check, until


def run(server, page, base, shots, hostile):
    page.resize(1440, 1000)
    page.prefer("light")
    page.open(base + "/?theme=auto")
    page.until("the traffic is live", "document.querySelector('#connection').dataset.state === 'live'")
    listing(server, page, shots, hostile)
    one_job(page, shots)
    hostile_rows(page, hostile)
    actions(server, page)
    clusters(server, page)
    nothing(server, page, base)
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
