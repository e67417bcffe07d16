"""Squilla asked in two ways: over what is stored, and live, with each event an append of its own."""
import http.client, json, pathlib, socket, subprocess, threading, time

from .cells import Number


class Squilla:
    def __init__(self, binary, folder):
        self._binary, self._folder, self._number = binary, folder, 0
        self._server = None

    def answer(self, case, way, is_enough):
        self._number += 1
        return self._stored(case) if way == "stored" else self._live(case, is_enough)

    def close(self):
        if self._server:
            self._server.terminate()
            self._server.wait(20)

    def _script(self, case, source):
        settings = "".join(f"SET '{name}' = '{value}';\n" for name, value in case.settings)
        tables = "".join(f"CREATE TABLE `{t.name}` ({t.declaration}){source(t)};\n" for t in case.tables)
        return settings + tables + case.sql.rstrip("; \n")

    def _stored(self, case):
        arguments = []
        for table in case.tables:
            path = self._folder / f"{table.name}.ndjson"
            path.write_text("".join(json.dumps(e, ensure_ascii=False) + "\n" for name, e in case.rows if name == table.name))
            arguments += ["--table", f"{table.name}={path}"]
        done = subprocess.run([self._binary, "sql", "--format", "json", *arguments, "--", self._script(case, lambda _: "")],
                              capture_output=True, text=True, timeout=60)
        if done.returncode:
            return {"error": done.stderr.strip()[:400] or f"exit {done.returncode}"}
        return {"rows": [change(json.loads(line, parse_float=Number, parse_int=Number)) for line in done.stdout.splitlines()]}

    def _live(self, case, is_enough, pause=0.004):
        self._start()
        self._number += 1
        script = self._script(case, lambda t: f" WITH ('topic' = '{t.name}{self._number}', 'scan.watermark.idle-timeout' = '0 s')")
        first = {}
        for place, (name, _) in enumerate(case.rows):
            first.setdefault(name, place)
        for name, place in first.items():
            self._append(name, case.rows[place][1])
        rows, failures = [], []
        reader = threading.Thread(target=self._read, args=(script, rows, failures), daemon=True)
        reader.start()
        time.sleep(0.05)
        for place, (name, event) in enumerate(case.rows):
            if place not in first.values():
                self._append(name, event)
                time.sleep(pause)
        end = time.monotonic() + 2
        while time.monotonic() < end and not failures and reader.is_alive():
            if is_enough({"rows": list(rows)}):
                time.sleep(0.1)  # is there more?
                break
            time.sleep(0.01)
        hang_up(self._connection)
        reader.join(5)
        if failures:
            return {"error": failures[0]}
        answer = {"rows": list(rows)}
        # On a busy machine two events may have been taken at once.
        return answer if is_enough(answer) or pause > 0.02 else self._live(case, is_enough, 0.03)

    def _start(self):
        if self._server:
            return
        data = self._folder / "data"
        self._server = subprocess.Popen(
            [self._binary, "up", "--origin", "http://127.0.0.1:9", "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0",
             "--data", str(data)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                facts = json.loads((data / "server.json").read_text())
                break
            except (OSError, ValueError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        host, _, port = facts["management"].removeprefix("http://").rstrip("/").rpartition(":")
        self._address = host, int(port)

    def _append(self, table, event):
        connection = http.client.HTTPConnection(*self._address, timeout=20)
        connection.request("POST", f"/api/v1/topics/{table}{self._number}/events?durability=commit",
                           json.dumps({name: zoned(v) for name, v in event.items()}) + "\n")
        response = connection.getresponse()
        body = response.read()
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{event}: {body[:200]!r}")

    def _read(self, script, rows, failures):
        self._connection = http.client.HTTPConnection(*self._address, timeout=30)
        try:
            self._connection.request("POST", "/api/v1/query", json.dumps({"query": script, "live": True, "from": "1960-01-01T00:00:00Z"}))
            response = self._connection.getresponse()
            if response.status != 200:
                failures.append(response.read().decode()[:400])
                return
            while line := response.readline():
                row = json.loads(line, parse_float=Number, parse_int=Number)
                if "$error" in row:
                    failures.append(json.dumps(row)[:400])
                elif "$meta" not in row:
                    rows.append(change(row))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # the connection was closed: enough was seen
        finally:
            self._connection.close()


def hang_up(connection):
    """Closing alone would wait for the thread that reads."""
    try:
        connection.sock.shutdown(socket.SHUT_RDWR)
    except (OSError, AttributeError):
        pass  # it has ended already


def change(row):
    kind = row.pop("op", "+I")
    return kind, list(row.values())


def zoned(value):
    is_moment = isinstance(value, str) and len(value) >= 19 and value[4:5] == "-" and value[10:11] == "T"
    return value + "Z" if is_moment and not value.endswith("Z") else value
