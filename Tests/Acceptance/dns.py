#!/usr/bin/env python3
"""`squilla dns` asked by dig: records, pools by health, weight and country, TCP, bad input, reload."""
import collections, os, shutil, signal, struct, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import *
import http.server

if not shutil.which("dig"):
    skip("dig is not installed (bind9-dnsutils)")

here = folder()


class Check(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


# Two endpoints on the loopback network; the second is stopped later.
port = free_port()
checks = [http.server.ThreadingHTTPServer((f"127.0.0.{number}", port), Check) for number in (1, 2)]
for server in checks:
    threading.Thread(target=server.serve_forever, daemon=True).start()


def configuration(extra=""):
    (here / "squilla.yaml").write_text(f"""
dns:
  listen: 127.0.0.1:0
  answers_per_second: 0
  zones:
    - name: example.org
      name_servers: [ns1]
      records:
        - {{name: ns1, type: A, value: 127.0.0.53}}
        - {{name: "@", type: MX, value: 10 mail}}
        - {{name: mail, type: A, value: [192.0.2.25, 192.0.2.26]}}
        - {{name: shop, type: CNAME, value: mail}}
        - {{name: text, type: TXT, value: "{'long ' * 500}"}}
        - {{name: "*.wild", type: AAAA, value: "2001:db8::1"}}
{extra}
      pools:
        - name: www
          answers: 1
          port: {port}
          check: {{path: /, interval_ms: 100ms, rise: 1, fall: 1, timeout_ms: 10s}}
          endpoints: [{{address: 127.0.0.1}}, {{address: 127.0.0.2}}]
        - name: weighted
          policy: weighted
          answers: 1
          endpoints: [{{address: 192.0.2.1, weight: 3}}, {{address: 192.0.2.2}}]
""")


configuration()
log = open(here / "log", "w+")
process = subprocess.Popen([BINARY, "dns", "-c", str(here / "squilla.yaml")], stdout=subprocess.PIPE, stderr=log, text=True)
atexit.register(process.kill)
address, own_port = process.stdout.readline().split()[1].rsplit(":", 1)


def dig(*words):
    return subprocess.run(["dig", f"@{address}", "-p", own_port, "+tries=1", "+time=15", *words], capture_output=True,
                          text=True).stdout


def short(*words):
    return dig("+short", *words).split("\n")[:-1]


check(short("mail.example.org") == ["192.0.2.25", "192.0.2.26"], "two addresses")
check(short("shop.example.org")[0] == "mail.example.org." and len(short("shop.example.org")) == 3, "an alias and what it is")
check("status: NXDOMAIN" in dig("nothing.example.org") and "hostmaster.example.org." in dig("nothing.example.org"), "NXDOMAIN with the SOA")
check("status: NOERROR" in dig("mail.example.org", "AAAA"), "a type that is not there is no error")
check("status: REFUSED" in dig("example.net") and "Transfer failed" in dig("example.org", "AXFR"), "what is not ours, and transfers, are refused")
check(short("example.org", "MX") == ["10 mail.example.org."], "MX")
check("192.0.2.25" in dig("example.org", "MX"), "with addresses beside it")
check(short("a.b.wild.example.org", "AAAA") == ["2001:db8::1"], "a wildcard")
check("Truncated, retrying in TCP mode" in dig("text.example.org", "TXT"), "a large answer is cut, and dig asks over TCP")
check("RFC8482" in dig("example.org", "ANY", "+notcp"), "ANY")
check("EDNS: version: 0" in dig("mail.example.org") and "BADVERS" in dig("+edns=1", "+noednsneg", "mail.example.org"), "EDNS and its versions")

seen = collections.Counter(short("www.example.org")[0] for _ in range(10))
check(seen == {"127.0.0.1": 5, "127.0.0.2": 5}, f"round robin: {dict(seen)}")
checks[1].shutdown()
checks[1].server_close()
until("the stopped endpoint is no longer answered", lambda: {short("www.example.org")[0] for _ in range(6)} == {"127.0.0.1"})
checks[1] = http.server.ThreadingHTTPServer(("127.0.0.2", port), Check)
threading.Thread(target=checks[1].serve_forever, daemon=True).start()
until("it is answered again once it is well", lambda: {short("www.example.org")[0] for _ in range(6)} == {"127.0.0.1", "127.0.0.2"})
seen = collections.Counter(short("weighted.example.org")[0] for _ in range(200))
check(115 <= seen["192.0.2.1"] <= 185, f"weights 3 and 1: {dict(seen)}")

# Rubbish gets no answer or an error, and the server goes on.
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    for size in (0, 1, 11, 12, 13, 40, 512, 4000, 9000):
        client.sendto(os.urandom(size), (address, int(own_port)))
with socket.create_connection((address, int(own_port))) as client:
    client.sendall(struct.pack(">H", 65535) + b"x" * 100)
    check(client.recv(10) == b"", "a question of 64 KiB over TCP ends the connection")
check(short("mail.example.org") == ["192.0.2.25", "192.0.2.26"], "rubbish is survived")

configuration('        - {name: new, type: A, value: 192.0.2.77}')
process.send_signal(signal.SIGHUP)
until("a reload brings new records", lambda: short("new.example.org") == ["192.0.2.77"])
configuration('        - {name: new, type: A, value: nonsense}')
process.send_signal(signal.SIGHUP)
until("a bad file is told", lambda: "stay as they are" in open(here / "log").read())
check('expected an IPv4 address, found "nonsense"' in open(here / "log").read(), "with what is wrong")
check(short("new.example.org") == ["192.0.2.77"], "and changes nothing")
process.terminate()
check(process.wait(60) == 0, "SIGTERM ends it")
summary = open(here / "log").read().split("answered")[-1]
check("NOERROR" in summary and "REFUSED" not in summary, f"what was answered since the last reload is told: {summary.strip()}")
