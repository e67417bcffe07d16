#!/usr/bin/env python3
"""`squilla lb` with real packets: a client, a router that spreads connections over three edges (ECMP, plain hash), each in
a network namespace of its own. Hosts are taken out and put back; no connection may be lost. Without it most are."""
import os, shutil, signal, subprocess, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import *

HOSTS = 3
V4, V6 = "192.0.2.1", "2001:db8:5::1"
TAG = f"sq{os.getpid() % 100000}"
here = folder()


def sh(command, may_fail=False):
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    if done.returncode and not may_fail:
        check(False, f"{command}: {done.stderr.strip()}")
    return done.stdout


def inside(name, command, may_fail=False):
    return sh(f"ip netns exec {TAG}{name} {command}", may_fail)


if os.geteuid() != 0 or not shutil.which("ip"):
    skip("network namespaces need root and iproute2")
if subprocess.run(["ip", "netns", "add", f"{TAG}probe"], capture_output=True).returncode:
    skip("this machine allows no network namespaces")
sh(f"ip netns del {TAG}probe")

names = ["client", "router", *[f"host{number}" for number in range(HOSTS)]]
processes = []


def clean():
    for process in processes:
        if process.poll() is None:
            process.kill()
    for name in names:
        sh(f"ip netns del {TAG}{name}", may_fail=True)


atexit.register(clean)


def wire(name, number, router):
    """A pair of interfaces: eth0 in the namespace, `router` in the router's."""
    sh(f"ip link add {TAG}a type veth peer name {TAG}b")
    sh(f"ip link set {TAG}a netns {TAG}{name} name eth0")
    sh(f"ip link set {TAG}b netns {TAG}router name {router}")
    inside(name, "ip link set lo up")
    inside(name, "ip link set eth0 up")
    inside("router", f"ip link set {router} up")


def network():
    for name in names:
        sh(f"ip netns add {TAG}{name}")
        inside(name, "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0", may_fail=True)
    inside("router", "ip link set lo up")
    inside("router", "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
                     "net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1")
    inside("router", "ip link add br0 type bridge")
    inside("router", "ip link set br0 up")
    inside("router", "ip addr add 10.9.0.254/24 dev br0")
    inside("router", "ip addr add fd09::fe/64 dev br0 nodad")
    wire("client", 0, "outside")
    inside("router", "ip addr add 10.8.0.1/24 dev outside")
    inside("router", "ip addr add fd08::1/64 dev outside nodad")
    inside("client", "ip addr add 10.8.0.2/24 dev eth0")
    inside("client", "ip addr add fd08::2/64 dev eth0 nodad")
    inside("client", "ip route add default via 10.8.0.1")
    inside("client", "ip -6 route add default via fd08::1")
    for number in range(HOSTS):
        host = f"host{number}"
        wire(host, number, f"port{number}")
        inside("router", f"ip link set port{number} master br0")
        inside(host, f"ip addr add 10.9.0.{number + 1}/24 dev eth0")
        inside(host, f"ip addr add fd09::{number + 1}/64 dev eth0 nodad")
        inside(host, f"ip addr add {V4}/32 dev lo")
        inside(host, f"ip addr add {V6}/128 dev lo nodad")
        inside(host, "ip route add default via 10.9.0.254")
        inside(host, "ip -6 route add default via fd09::fe")
        inside("router", f"ip nexthop add id {number + 1} via 10.9.0.{number + 1} dev br0")
        inside("router", f"ip nexthop add id {number + 11} via fd09::{number + 1} dev br0")
    route(range(HOSTS), "add")
    inside("router", f"ip route add {V4} nhid 100")
    inside("router", f"ip -6 route add {V6} nhid 200")


def route(hosts, verb="replace"):
    """What the router knows: connections go to these hosts."""
    inside("router", f"ip nexthop {verb} id 100 group {'/'.join(str(number + 1) for number in hosts)}")
    inside("router", f"ip nexthop {verb} id 200 group {'/'.join(str(number + 11) for number in hosts)}")


ORIGIN = """
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"the end\\n"
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 3000), Page).serve_forever()
"""


def started(name, *command, **options):
    process = subprocess.Popen(["ip", "netns", "exec", f"{TAG}{name}", *map(str, command)], **options)
    processes.append(process)
    return process


def configuration(number, method):
    peers = "".join(f"\n    - {{number: {other}, address: '10.9.0.{other + 1}:7946'}}"
                    for other in range(HOSTS) if other != number)
    path = here / f"host{number}.yaml"
    path.write_text(f"""
edge: {{name: host{number}, listen: '[::]:80', workers: 1, keep_alive_timeout_ms: 10m}}
origins: [{{url: 'http://127.0.0.1:3000'}}]
data: {here}/data{number}
lb:
  interface: eth0
  addresses: [{V4}, '{V6}']
  ports: [80]
  number: {number}
  listen: 10.9.0.{number + 1}:7946
  # On a busy machine an agent may have no moment for longer than the half second of the default.
  silence_ms: 10s
  secret: the secret of this place
  method: {method}
  peers:{peers}
""")
    return path


def edges():
    for number in range(HOSTS):
        started(f"host{number}", sys.executable, "-c", ORIGIN)
        log = open(here / f"edge{number}", "w")
        started(f"host{number}", BINARY, "up", "-c", configuration(number, "auto"), stdout=log, stderr=log)
    for number in range(HOSTS):
        until(f"edge {number} answers", lambda: b"the end" in subprocess.run(
            ["ip", "netns", "exec", f"{TAG}host{number}", "curl", "-s", f"http://{V4}/page"], capture_output=True).stdout)


def agents(method):
    found = []
    for number in range(HOSTS):
        path = configuration(number, method)
        found.append(started(f"host{number}", BINARY, "lb", "run", "-c", path, stderr=open(here / f"lb{number}", "w")))
    for number in range(HOSTS):
        until(f"host {number} hears the others",
              lambda: lb(number, "status", "--json", may_fail=True).count('"state":"serving"') == HOSTS)
    return found


def lb(number, *words, may_fail=False):
    command = f"{BINARY} lb {' '.join(words)} -c {here}/host{number}.yaml"
    if may_fail:
        return inside(f"host{number}", command, may_fail)

    def answered():  # the command asks for 2.5 s; an agent may have no moment for longer
        done = subprocess.run(["ip", "netns", "exec", f"{TAG}host{number}", *command.split()], capture_output=True, text=True)
        return [done.stdout] if done.returncode == 0 else None
    return until(f"lb {' '.join(words)} on host{number}", answered, 60)[0]


class Client:
    def __init__(self):
        self.process = started("client", sys.executable, os.path.join(os.path.dirname(__file__), "support/connections.py"),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def opened(client, count, addresses):
    hosts, failed = {}, 0
    for address in addresses:
        answer = client.ask(f"open {count // len(addresses)} {address}")
        failed += answer["failed"]
        for name, number in answer["hosts"].items():
            hosts[name] = hosts.get(name, 0) + number
    return hosts, failed


def trial(method, addresses, count):
    running = agents(method)
    client = Client()
    hosts, failed = opened(client, count, addresses)
    check(failed == 0 and len(hosts) == HOSTS, f"{method}: {count} connections are spread over all hosts: {hosts}")
    for number in range(HOSTS):
        name = f"host{number}"
        lb((number + 1) % HOSTS, "drain", "--host", str(number))
        until(f"{name} is known to drain", lambda: all(
            '"state":"draining"' in lb(other, "status", "--json") for other in range(HOSTS)))
        if method == "ebpf":
            other = Client()
            new, failed = opened(other, 90, addresses)
            check(failed == 0 and name not in new, f"{method}: {name} drains: before the router knows, 90 new ones go to {new}")
            other.ask("close")
            check(client.ask("check")["hosts"] == hosts, f"{method}: {name} drains: all {count} connections live where they were")
        route([each for each in range(HOSTS) if each != number])
        now = client.ask("check")["hosts"]
        check(now == hosts, f"{method}: {name} is out of the router's group: all {count} live where they were: {now}")
        if method == "ebpf":
            # Opened while the host is away; they have to outlive its return.
            new, failed = opened(client, 60, addresses)
            check(failed == 0 and name not in new, f"{method}: 60 more are opened meanwhile: {new}")
            for each, more in new.items():
                hosts[each] += more
        lb(number, "return")
        route(range(HOSTS))
        now = client.ask("check")["hosts"]
        count = sum(hosts.values())
        check(now == hosts, f"{method}: {name} is back: all {count} live where they were")
    if method == "ebpf":
        packets = json.loads(lb(0, "status", "--json"))["packets"]
        check(packets["known"] > 0 and packets["passed_on"] > 0 and packets["found"] > 0, f"what the program counted: {packets}")
        running[0].kill()
        running[0].wait()
        route([0, 2])
        check(client.ask("check")["hosts"] == hosts, "ebpf: lb run killed with -9 on host0, host1 out: all live")
        route(range(HOSTS))
        lb(1, "drain")

        def left():
            done = subprocess.run(["ip", "netns", "exec", f"{TAG}host1", BINARY, "lb", "drain", "--wait", "1", "-c",
                                   str(here / "host1.yaml")], capture_output=True, text=True)
            return done.returncode == 1 and "connections are left" in done.stderr
        until("drain --wait says what is left", left, 60)
        client.ask("close")
        lb(1, "drain", "--wait", "30")
        check(True, "drain --wait ends with the last connection")
    else:
        client.ask("close")
    for process in running:
        process.terminate()
    for process in running:
        process.wait(60)
    for number in range(HOSTS):
        lb(number, "remove")


def plain(addresses, count):
    client = Client()
    hosts, _ = opened(client, count, addresses)
    route([0, 2])
    now = client.ask("check")["hosts"]
    route(range(HOSTS))
    lost = now.get("lost", 0)
    check(lost >= hosts["host1"], f"plain ECMP loses {lost} of {count} when host1 ({hosts['host1']}) is taken out")


network()
edges()
trial("ebpf", [V4, V6], 1000)
plain([V4, V6], 1000)
if shutil.which("nft", path=os.environ["PATH"] + ":/usr/sbin"):
    trial("nftables", [V4], 500)
else:
    print("nftables is not installed: its trial is left out")
