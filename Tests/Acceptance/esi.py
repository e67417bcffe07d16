#!/usr/bin/env python3
"""Edge Side Includes as users meet them: the conformance suite over HTTP, and the command at the desk."""
from support import *

suite = subprocess.run([sys.executable, str(ROOT / "Conformance/ESI/run"), "--binary", BINARY], capture_output=True, text=True,
                       timeout=300)
check("; all " in suite.stdout, f"the suite ran\n{suite.stderr}")
check(suite.returncode == 0, f"every case passes:\n{suite.stdout}")

work = folder()
site = work / "site"
site.mkdir()
(site / "hello").write_text("Hello")
page = work / "page.html"
page.write_text('<p><esi:include src="/hello"/>, <esi:vars>$(HTTP_COOKIE{user})</esi:vars></p>\n')
answer = run("esi", page, "--fragments", site, "--header", "Cookie: user=ada", "--explain")
check(answer.returncode == 0 and answer.stdout == "<p>Hello, ada</p>\n", f"a page at the desk: {answer.stdout}{answer.stderr}")
check("include: http://localhost/hello" in answer.stderr, "and what was fetched")
bad = site / "bad.html"
bad.write_text("<p>\n  <esi:include/>\n</p>\n")
answer = run("esi", bad, "--fragments", site)
check(answer.returncode == 1 and "bad.html:2:3" in answer.stderr, f"a mistake has its place: {answer.stderr}")
answer = run("esi", "lint", site)
check(answer.returncode == 1 and "bad.html:2:3: error" in answer.stdout, f"lint finds it: {answer.stdout}")
bad.unlink()
check(run("esi", "lint", site, page).returncode == 0, "and nothing where nothing is wrong")
