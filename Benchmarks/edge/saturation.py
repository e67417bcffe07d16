#!/usr/bin/env python3
"""Events at more requests than the machine can take: wrk sends pipelined hits, on the same cores as the server, which has a
worker for each. Prints requests a second and the share of events that were dropped, by the server's own counts.

    Benchmarks/edge/saturation.py [--binary PATH] [--rounds N] [--seconds N] [--connections N] [--pipelined N]

One run is one server. Runs differ: read the range.
"""
import re, shutil, subprocess, sys, time, urllib.request
from race import Process, arguments, folder, free_port, origin, wait_for

PIPELINE = """
init = function(arguments)
  local requests = {}
  for i = 1, %d do requests[i] = wrk.format(nil, "/object") end
  all = table.concat(requests)
end
request = function() return all end
"""


def count(text, name):
    return int(float(re.search(rf"^squilla_events_{name}_total (\S+)", text, re.M).group(1)))


def main():
    options = arguments("squilla", seconds=15, pipelined=16)
    for number in range(options.rounds):
        work = folder()
        source, origin_port = origin(work, options.size, "public, max-age=3600")
        (work / "pipeline.lua").write_text(PIPELINE % options.pipelined)
        port, management = free_port(), free_port()
        server = Process("squilla", [options.binary, "up", "--listen", f"127.0.0.1:{port}", "--management",
                                     f"127.0.0.1:{management}", "--data", f"{work}/data", "--origin", f"http://127.0.0.1:{origin_port}"])
        try:
            wait_for(server, port)
            out = subprocess.run(["wrk", "-t2", f"-c{2 * options.connections}", f"-d{options.seconds}s", "-s", f"{work}/pipeline.lua",
                                  f"http://127.0.0.1:{port}/object"], capture_output=True, text=True).stdout
            # What waits is written meanwhile.
            time.sleep(2)
            metrics = urllib.request.urlopen(f"http://127.0.0.1:{management}/metrics").read().decode()
        finally:
            server.stop()
            source.stop()
            shutil.rmtree(work, ignore_errors=True)
        recorded, dropped = count(metrics, "recorded"), count(metrics, "dropped")
        rate = re.search(r"Requests/sec:\s+(\S+)", out)
        if not rate:
            sys.exit(out)
        print(f"run {number + 1}: {float(rate.group(1)):,.0f} requests/s, {recorded:,} events kept, {dropped:,} dropped "
              f"({dropped / max(recorded + dropped, 1):.1%})", flush=True)


if __name__ == "__main__":
    main()
