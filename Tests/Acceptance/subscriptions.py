#!/usr/bin/env python3
"""A thousand subscriptions at once, each of another query, beside one that is never read: each gets its rows, the silent one
is told what it missed, and memory stays bounded. One more is refused in words. `subscriptions.py BINARY`."""
import re, resource, select, socket, urllib.parse
from support import *

READERS, EVENTS, PIECE = 999, 100_000, 10_000


def subscribe(server, query):
    connection = socket.create_connection(server.management)
    target = "/api/v1/subscribe?format=ndjson&eventsPerSecond=1000000&q=" + urllib.parse.quote(query)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return connection


def events(start, count):
    return "".join(json.dumps({"n": n, "path": f"/p/{n % 97}", "pad": "x" * 200}) + "\n" for n in range(start, start + count))


def read(connections, seconds, enough):
    """What each of them has sent, until it is `enough(which, text)` of each."""
    poll, texts = select.epoll(), {c.fileno(): bytearray() for c in connections}
    by_number = {c.fileno(): c for c in connections}
    for number in texts:
        poll.register(number, select.EPOLLIN)
    end = time.monotonic() + seconds
    while time.monotonic() < end and not all(enough(i, text) for i, text in enumerate(texts.values())):
        for number, _ in poll.poll(0.1):
            piece = by_number[number].recv(1 << 20)
            texts[number] += piece
            if not piece:
                poll.unregister(number)
    return list(texts.values())


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        skip("skipped: a thousand subscriptions need 4,096 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    settings = folder() / "squilla.yaml"
    settings.write_text(f"origins:\n  - {{name: o, url: 'http://127.0.0.1:9'}}\nquery:\n  max_concurrent: {READERS + 1}\n")
    server = Server("-c", settings)
    check(server.api("/api/v1/topics/t/events", "POST", events(0, 10))[0] == 200, "a topic is made")
    silent = subscribe(server, "SELECT * FROM t")
    readers = [subscribe(server, f"SELECT n FROM t WHERE MOD(n, {READERS}) = {i}") for i in range(READERS)]
    heads = read(readers, 30, lambda _, text: b"\r\n\r\n" in text)
    check(all(head.startswith(b"HTTP/1.1 200 ") for head in heads), f"{READERS} subscriptions of different queries are taken")
    more = read([subscribe(server, "SELECT path FROM t WHERE n < 0")], 10, lambda _, text: b"}" in text)[0]
    check(b" 429 " in more and b"subscriptions.max_count" in more, "one more is refused, with the setting that says so")
    began = server.resident_bytes()
    for start in range(0, EVENTS, PIECE):
        status, _, answer = server.api("/api/v1/topics/t/events", "POST", events(start, PIECE))
        check(status == 200, f"events are taken ({answer[:200]!r})") if status != 200 else None
    wanted = [len(range(i, EVENTS, READERS)) for i in range(READERS)]
    texts = read(readers, 180, lambda i, text: text.count(b'"n":') >= wanted[i])
    check([text.count(b'"n":') for text in texts] == wanted, f"each gets its rows of {EVENTS}")
    grown = server.resident_bytes() - began
    check(grown < 100_000_000, f"the one that is never read takes no memory without end ({grown / 1e6:.0f} MB)")
    # Now it is read: what came meanwhile is told, not kept.
    late = read([silent], 30, lambda _, text: re.search(rb'"unread_rows":[1-9]', text))[0]
    rows = late.count(b'"n":')
    check(0 < rows < EVENTS and b'"$meta"' in late, f"it is told that it missed rows ({rows} of {EVENTS} came)")
    check(server.terminate() == 0, "the server ends")


main()
