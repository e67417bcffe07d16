#!/usr/bin/env python3
"""Data folders that are in use, foreign, read-only, corrupt or full: a clear word, and the edge keeps serving."""
import subprocess
from support import *

nginx = Nginx("location / { add_header Cache-Control 'max-age=60'; }")
(nginx.root / "index.html").write_text("home")

# Two processes on one folder
server = Server("--origin", nginx.url)
second = run("up", "--origin", nginx.url, "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0", "--data", server.data)
check(second.returncode != 0 and str(server.process.pid) in second.stderr, f"a second process is refused and told whose it is: {second.stderr.strip()}")
check(server.get("/")[0] == 200, "the first one does not notice")
check(server.terminate() == 0, "and ends well")

# A corrupt segment: reported by verify, skipped by readers
segment = max((server.data / "log").rglob("*"), key=lambda p: p.stat().st_size if p.is_file() and "index" not in p.name else 0)
data = bytearray(segment.read_bytes())
data[len(data) // 2] ^= 0xFF
segment.write_bytes(data)
verified = run("log", "verify", "--data", server.data)
check(verified.returncode == 1 and "corrupt" in (verified.stdout + verified.stderr).lower() + "", f"verify finds the flipped bit: {(verified.stdout + verified.stderr).strip()[:300]}")
server = Server("--origin", nginx.url, data=server.data)
check(server.get("/")[0] == 200, "a corrupt segment does not keep the edge from serving")
server.terminate()

# A foreign file and a foreign folder
foreign = folder() / "file"
foreign.write_text("not a folder")
answer = run("up", "--origin", nginx.url, "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0", "--data", foreign)
check(answer.returncode != 0 and "file" in answer.stderr, f"a file as data folder: {answer.stderr.strip()}")

# No room: a file system of 8 MiB
mount = folder()
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(mount)], capture_output=True).returncode != 0:
    print("ok: (no mount allowed here: the full disk is left out)")
    sys.exit(0)
try:
    server = Server("--origin", nginx.url, data=mount / "data")
    (mount / "ballast").write_bytes(b"x" * (7 << 20))
    lines = "".join(json.dumps({"pad": os.urandom(400).hex()}) + "\n" for _ in range(4000))
    status, _, body = server.api("/api/v1/topics/flood/events?durability=commit", "POST", lines)
    for _ in range(3):
        if status == 200:
            status, _, body = server.api("/api/v1/topics/flood/events?durability=commit", "POST", lines)
    check(status >= 500, f"an append to a full disk is refused: {status} {body.decode()[:200]}")
    check(all(server.get(f"/?{i}")[0] == 200 for i in range(300)), "the edge serves all the same")
    def counted():
        metrics = server.api("/metrics")[2].decode()
        return [l for l in metrics.splitlines() if l.startswith("squilla_log") and ("error" in l or "dropped" in l or "failed" in l) and not l.endswith(" 0")]
    print("ok: the loss is counted:", until("the loss is counted", counted, 30))
    (mount / "ballast").unlink()
    def recovered():
        return server.api("/api/v1/topics/small/events?durability=commit", "POST", '{"a": 1}\n')[0] == 200
    until("appends go on when there is room again", recovered, 30)
    check(server.sql("SELECT count(*) AS n FROM small")[0]["n"] >= 1, "and can be read")
    server.terminate()
finally:
    server.kill()
    subprocess.run(["umount", str(mount)])
