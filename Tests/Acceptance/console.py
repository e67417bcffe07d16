#!/usr/bin/env python3
"""The console in a real browser: it loads, charts move, a filter works, hostile names stay text, no console error.

    console.py BINARY          against `squilla demo` on ephemeral ports
    console.py BINARY URL      against a console that runs
"""
from support import *
from support.browser import Browser

shots = ROOT / ".build/logs"
shots.mkdir(parents=True, exist_ok=True)
hostile = '<img src=x onerror="window.pwned=1">'
server = None
if len(sys.argv) > 2:
    base = sys.argv[2].rstrip("/")
else:
    browser_check = Browser()  # skips before the server is started
    browser_check.close()
    server = Server(command="demo", data=folder() / "data")
    base = f"http://{server.management[0]}:{server.management[1]}"
    until("visitors are seen", lambda: server.sql("SELECT count(*) AS n FROM requests")[0]["n"] > 200, 30)
    for _ in range(3):
        server.get("/about", {"User-Agent": hostile})

page = Browser()
page.prefer("light")
page.open(base + "/")
page.until("the page is live", "document.querySelector('#connection').dataset.state === 'live'")
page.until("a rate is shown", "parseFloat(document.querySelector('.tile-value').textContent) > 0")
page.until("top lists are filled", "document.querySelectorAll('#lists .list')[0].querySelectorAll('button').length > 2")
page.until("the tail has rows", "document.querySelectorAll('#tail tbody button').length > 20")

# Charts move
for index, name in enumerate(("requests per second", "latency", "hit ratio", "bandwidth")):
    page.until(f"{name} is drawn", f"""(() => {{ const c = document.querySelectorAll('#charts canvas')[{index}];
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; const seen = new Set();
        for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 100) seen.add(d[i] + ',' + d[i + 1] + ',' + d[i + 2]); return seen.size > 8 }})()""")
page.run("window.before = document.querySelectorAll('#charts canvas')[0].toDataURL()")
page.until("charts move", "document.querySelectorAll('#charts canvas')[0].toDataURL() !== window.before")
page.run("window.first = document.querySelector('#tail tbody tr').textContent")
page.until("the tail moves", "document.querySelector('#tail tbody tr').textContent !== window.first")
time.sleep(1)
page.screenshot(shots / "console-light.png")

# A click on a value filters by it, in the lists, in the tail and in the address
path = page.run("""(() => { const button = document.querySelector('#lists .list button')
    const label = button.querySelector('.bar-label').textContent; button.click(); return label })()""")
page.until("the filter is a chip", "document.querySelectorAll('.chip').length === 1")
check(page.run("new URLSearchParams(location.search).get('f')") == f"url.path:{path}", f"the filter {path} is in the address")
if server:
    page.until("the lists heed the filter", "document.querySelectorAll('#lists .list')[0].querySelectorAll('button').length === 1")
    page.until("the tail heeds the filter",
               f"(rows => rows.length > 0 && rows.every(b => b.textContent.split('?')[0] === {json.dumps(path)}))([...document.querySelectorAll('#tail tbody .t-path button')])")
page.run("window.old = 1")
page.reload()
page.until("a reload keeps the filter", "window.old === undefined && document.querySelectorAll('.chip').length === 1 && document.querySelector('#connection').dataset.state === 'live'")
page.run("document.querySelector('.chip-text').click()")
page.until("a filter can be turned round", "document.querySelector('.chip.is-negated') !== null")
page.run("history.back()")
page.until("Back undoes it", "document.querySelector('.chip') !== null && !document.querySelector('.chip.is-negated')")
page.press("x")
page.until("x removes all filters", "document.querySelectorAll('.chip').length === 0")

# The tail's own condition
page.run("""(() => { const i = document.querySelector('#tail input'); i.value = "http.response.status_code >= 300"; i.dispatchEvent(new Event('input', {bubbles: true})) })()""")
page.until("the tail's condition is in the address", "location.search.includes('tail=')")
if server:
    page.until("the tail heeds its condition", "(rows => rows.length > 0 && rows.every(b => parseInt(b.textContent) >= 300))([...document.querySelectorAll('#tail tbody .t-code button')])")

# Hostile names stay text
if server:
    page.run("""(() => { const i = document.querySelector('#filter-input'); i.value = "user_agent.original LIKE '<img%'"; i.form.requestSubmit() })()""")
    page.until("a typed condition filters", "document.querySelectorAll('#lists .list')[2].querySelectorAll('button').length === 1")
    page.until("a hostile user agent is shown as text", f"document.querySelectorAll('#lists .list')[2].querySelector('.bar-label').textContent === {json.dumps(hostile)}")
    page.press("x")
check(page.run("window.pwned === undefined && !document.querySelector('img')"), "nothing it carries runs")

# SQL
run_sql = "(() => { const t = document.querySelector('#sql textarea'); t.value = %s; document.querySelector('#sql-run').click() })()"
page.run(run_sql % json.dumps("SELECT url.path, COUNT(*) AS requests FROM requests GROUP BY url.path ORDER BY requests DESC LIMIT 10"))
page.until("SQL answers with a table", "document.querySelectorAll('.answer tbody tr').length > 2")
page.until("and with bars", "document.querySelectorAll('.answer-chart .bar').length > 2")
page.run(run_sql % json.dumps("SELECT window_start, cache.status, COUNT(*) AS requests FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(@timestamp), INTERVAL '1' SECOND)) GROUP BY window_start, window_end, cache.status"))
page.until("windows become lines", "document.querySelectorAll('.answer-chart canvas').length === 1")
page.run("document.querySelector('#sql').scrollIntoView()")
time.sleep(0.5)
page.screenshot(shots / "console-sql.png")
page.run(run_sql % json.dumps("SELECT CAST('12345678901234567890.123456789' AS DECIMAL(38, 9)) AS d, 9007199254740993 AS n, CAST(1234567.89 AS DOUBLE) AS f FROM requests LIMIT 1"))
page.until("numbers keep all their digits", "[...document.querySelectorAll('.answer td')].map(c => c.textContent).join(' ') === '12,345,678,901,234,567,890.123456789 9,007,199,254,740,993 1,234,567.89'")
errors = list(page.errors)
page.run(run_sql % json.dumps("SELECT 1\nFRM requests"))
message = page.until("a mistake is explained", "!document.querySelector('#sql .message').hidden && document.querySelector('#sql .message').textContent")
check("Line 2, column" in message and "^" in message, f"with its place: {message!r}")
# The browser itself logs the refusal; that is the only error there may be.
time.sleep(0.2)
check(all("400" in each for each in page.errors[len(errors):]), f"and quietly: {page.errors[len(errors):]}")
del page.errors[len(errors):]

# Pause, keys, theme, phone
page.run("document.querySelector('#sql textarea').blur(); window.scrollTo(0, 0)")
page.press("p")
page.until("p pauses", "document.querySelector('#connection').dataset.state === 'fixed' && location.search.includes('from=')")
page.run("window.before = document.querySelectorAll('#charts canvas')[0].toDataURL()")
time.sleep(2.5)
check(page.run("document.querySelectorAll('#charts canvas')[0].toDataURL().length > 1000"), "a paused chart stays")
page.press("p")
page.until("p goes live again", "document.querySelector('#connection').dataset.state === 'live' && !location.search.includes('from=')")
page.prefer("dark")
page.until("dark follows the system", "getComputedStyle(document.body).backgroundColor === 'rgb(13, 16, 18)'")
time.sleep(1.5)
page.screenshot(shots / "console-dark.png")
page.press("t")
page.until("t toggles the theme", "getComputedStyle(document.body).backgroundColor !== 'rgb(13, 16, 18)'")
page.resize(390, 844, mobile=True)
page.until("nothing sticks out at phone width", "document.documentElement.scrollWidth <= 390")
time.sleep(1.5)
page.screenshot(shots / "console-phone.png")
for name in ("15m", "1h", "24h"):
    page.run(f"document.querySelector('[data-range=\"{name}\"]').click()")
    page.until(f"the last {name}", f"location.search.includes('range={name}') && document.querySelector('#connection').dataset.state === 'live' && document.querySelector('#error').hidden")
time.sleep(1)

# Jobs
if server:
    from support import jobs_page
    jobs_page.run(server, page, base, shots, hostile)

check(page.errors == [], f"no console error: {page.errors}")
foreign = [url for url in page.requests if not url.startswith((base, "data:", "blob:"))]
check(foreign == [], f"no resource from elsewhere: {foreign}")
page.close()
if server:
    check(server.terminate() == 0, "the server ends well")
