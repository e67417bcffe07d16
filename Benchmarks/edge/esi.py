#!/usr/bin/env python3
"""What assembling pages takes: Benchmarks/edge/esi.py [--binary .build/release/squilla] [--rounds 5] [--megabytes 1024]

- a page of 20 fragments whose origin needs 50 ms each: time to the first byte, and to the last;
- a long page that streams through ESI: how much the process grows.
"""
import argparse, pathlib, socket, statistics, tempfile, threading, time
from race import Process, free_port, wait_for


def serve(connection, megabytes):
    stream = connection.makefile("rb")
    while line := stream.readline():
        while stream.readline() not in (b"\r\n", b""):
            pass
        path = line.split()[1].decode()
        esi = "Surrogate-Control: content=\"ESI/1.0\"\r\nContent-Type: text/html\r\n"
        if path == "/page":
            body = b"start " + b"".join(b'<esi:include src="/f%d"/>' % i for i in range(20))
            connection.sendall(f"HTTP/1.1 200 OK\r\n{esi}Cache-Control: max-age=600\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        elif path == "/long":
            piece = (b"<p>" + b"x" * 1017 + b"</p>") * 1024
            connection.sendall(f"HTTP/1.1 200 OK\r\n{esi}Cache-Control: no-store\r\nContent-Length: {len(piece) * megabytes}\r\n\r\n".encode())
            for _ in range(megabytes):
                connection.sendall(piece)
        else:
            time.sleep(0.05)
            connection.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 4\r\n\r\npart")


def origin(megabytes):
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def accept():
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection, megabytes), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def get(port, path):
    """Milliseconds to the first byte of the body and to the end, and the bytes."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        start = time.monotonic()
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n".encode())
        data, first, count = b"", None, 0
        while piece := client.recv(1 << 20):
            count += len(piece)
            data = (data + piece)[:4096] if first is None else data
            if first is None and len(data.partition(b"\r\n\r\n")[2]) > 0:
                first = time.monotonic()
        return (first - start) * 1000, (time.monotonic() - start) * 1000, count


def resident(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024, int(text.split("VmHWM:")[1].split()[0]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/squilla")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=1024)
    options = parser.parse_args()
    upstream, port, api = origin(options.megabytes), free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "squilla.yaml")
        config.write_text(f"data: {folder}/data\nedge: {{listen: 127.0.0.1:{port}, workers: 1}}\n"
                          f"management: {{listen: 127.0.0.1:{api}}}\n"
                          f"origins: [{{url: http://127.0.0.1:{upstream}}}]\nesi: {{enabled: true}}\n")
        server = Process("squilla", [options.binary, "up", "--config", config])
        try:
            wait_for(server, port, "/page")
            rounds = [get(port, "/page") for _ in range(options.rounds)]
            print(f"20 fragments of 50 ms: first byte {statistics.median(r[0] for r in rounds):.1f} ms, "
                  f"last {statistics.median(r[1] for r in rounds):.1f} ms (medians of {options.rounds})")
            before, _ = resident(server.process.pid)
            _, milliseconds, count = get(port, "/long")
            _, peak = resident(server.process.pid)
            print(f"{count >> 20} MiB streamed in {milliseconds / 1000:.1f} s, {peak - before:+.1f} MiB")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
