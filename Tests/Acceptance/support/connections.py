"""Holds many keep-alive connections and tells, when asked, which of them still answer and which host does. Reads lines of
commands, `open COUNT ADDRESS`, `check`, `close`, and answers each with a line of JSON. Started in a network namespace by
lb.py."""
import json, selectors, socket, sys, time

connections = []


def request(sockets, seconds=15.0):
    """Sends one request on each and gives what came: (socket, name of the host or None)."""
    selector = selectors.DefaultSelector()
    answers, waiting = {}, {}
    for connection in sockets:
        try:
            connection.setblocking(False)
            connection.send(b"GET /page HTTP/1.1\r\nHost: site.test\r\n\r\n")
            waiting[connection] = b""
            selector.register(connection, selectors.EVENT_READ)
        except OSError:
            answers[connection] = None
    end = time.monotonic() + seconds
    while waiting and time.monotonic() < end:
        for key, _ in selector.select(0.5):
            connection = key.fileobj
            try:
                data = connection.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            waiting[connection] += data
            text = waiting[connection]
            if data and not text.endswith(b"the end\n"):
                continue
            selector.unregister(connection)
            del waiting[connection]
            name = next((line.split(b":", 1)[1].split(b";")[0].strip().decode() for line in text.split(b"\r\n")
                         if line.lower().startswith(b"cache-status:")), None)
            answers[connection] = name if data else None
    for connection in waiting:
        answers[connection] = None
    return answers


def opened(count, address):
    found = []
    for _ in range(count):
        try:
            found.append(socket.create_connection((address, 80), timeout=5))
        except OSError:
            found.append(None)
    return found


for line in sys.stdin:
    words = line.split()
    if words[0] == "open":
        new = opened(int(words[1]), words[2])
        failed = new.count(None)
        new = [connection for connection in new if connection]
        connections += new
        answers = request(new)
        failed += sum(1 for name in answers.values() if name is None)
    elif words[0] == "check":
        answers, failed = request(connections), 0
    elif words[0] == "close":
        for connection in connections:
            connection.close()
        connections, answers, failed = [], {}, 0
    hosts = {}
    for name in answers.values():
        hosts[name or "lost"] = hosts.get(name or "lost", 0) + 1
    print(json.dumps({"failed": failed, "hosts": hosts}), flush=True)
