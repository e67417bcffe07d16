"""A headless Chromium driven over the DevTools protocol through a pipe. Standard library only."""
import base64, itertools, json, os, shutil, subprocess, threading, time
from . import check, folder, skip


class BrowserError(Exception):
    pass


class Browser:
    """One page. Everything the page logs as an error, every exception and every request is kept."""

    def __init__(self, width=1440, height=1000):
        binary = shutil.which("chromium") or shutil.which("google-chrome")
        if not binary:
            skip("chromium is not installed")
        read_commands, self._commands = os.pipe()
        self._events, write_events = os.pipe()
        # Chromium reads commands from descriptor 3 and writes to 4, each message ended by a zero byte.
        line = f'exec "$0" "$@" 3<&{read_commands} 4>&{write_events}'
        self._process = subprocess.Popen(
            ["bash", "-c", line, binary, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
             f"--user-data-dir={folder()}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=(read_commands, write_events), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read_commands)
        os.close(write_events)
        self._numbers = itertools.count(1)
        self._answers = {}
        self._changed = threading.Condition()
        self.errors = []
        self.requests = []
        threading.Thread(target=self._read, daemon=True).start()
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def _read(self):
        rest = b""
        while piece := os.read(self._events, 1 << 20):
            *messages, rest = (rest + piece).split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message):
        parameters = message.get("params", {})
        method = message.get("method")
        if "id" in message:
            with self._changed:
                self._answers[message["id"]] = message
                self._changed.notify_all()
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
            self.errors.append(str([value.get("value", value.get("description")) for value in parameters["args"]]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"] + " " + parameters["entry"].get("url", ""))
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def _call(self, method, parameters=None, session=None, seconds=30):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        with self._changed:
            self._changed.wait_for(lambda: number in self._answers, seconds)
            answer = self._answers.pop(number, None)
        check(answer is not None, f"the browser answers {method}") if answer is None else None
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        return answer["result"]

    def call(self, method, **parameters):
        return self._call(method, parameters, self._session)

    def open(self, url):
        self.call("Page.navigate", url=url)

    def reload(self):
        self.call("Page.reload")

    def resize(self, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile)

    def prefer(self, scheme):
        """The system's colour scheme: light or dark."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, expression):
        """The value of a JavaScript expression, promises awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        details = result.get("exceptionDetails")
        check(False, f"{expression}: {details.get('exception', {}).get('description')}") if details else None
        return result["result"].get("value")

    def until(self, what, expression, seconds=20.0):
        """Waits, bounded, until the expression is true and returns its value."""
        end = time.monotonic() + seconds
        while True:
            try:
                value = self.run(f"(() => {{ try {{ return {expression} }} catch {{ return null }} }})()")
            except BrowserError:  # the page is being loaded
                value = None
            if value:
                print(f"ok: {what}")
                return value
            if time.monotonic() > end:
                self.screenshot("/tmp/squilla-browser-failure.png")
                check(False, f"{what} within {seconds} s (page errors: {self.errors})")
            time.sleep(0.1)

    def press(self, key):
        # What has no character of its own is known by its number.
        text, number = {"Enter": ("\r", 13), "Tab": ("", 9)}.get(key, (key if len(key) == 1 else "", 0))
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=number, text=text if kind == "keyDown" else "")

    def screenshot(self, path, whole=False):
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def close(self):
        self._process.kill()
        self._process.wait()
