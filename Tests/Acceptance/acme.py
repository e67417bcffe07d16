#!/usr/bin/env python3
"""Certificates by ACME from an authority on loopback: the first one, its renewal, an authority that refuses or is away,
and what is served meanwhile."""
import re, shutil, subprocess, time
from support import *
from support.authority import Authority

if not shutil.which("openssl"):
    skip("openssl is not installed")
files = folder()
plain, secure = free_port(), free_port()
authority = Authority(files / "authority", ("127.0.0.1", plain))
nginx = Nginx("""location / { add_header Cache-Control "max-age=60"; }""")
(nginx.root / "page").write_text("the page")
config = files / "squilla.yaml"
data = files / "data"


def configure(renew="30d"):
    config.write_text(f"""
data: {data}
edge:
  acme: {{directory: "{authority.url}/directory", accept_terms: true, contact: "mailto:ops@example.com", renew_before_ms: {renew}}}
  listen:
    - 127.0.0.1:{plain}
    - address: 127.0.0.1:{secure}
      tls: {{certificates: [{{acme: [shop.test, www.shop.test]}}]}}
management: {{listen: "127.0.0.1:{free_port()}"}}
origins: [{{url: "{nginx.url}"}}]
""")


def served():
    """Issuer, names and serial number of the certificate that a client gets, and whether it trusts it."""
    shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{secure}", "-servername", "www.shop.test", "-CAfile",
                            files / "authority/ca.pem", "-verify_hostname", "www.shop.test"], input="", capture_output=True, text=True,
                           errors="replace", timeout=20).stdout
    text = subprocess.run(["openssl", "x509", "-noout", "-issuer", "-serial"], input=shown, capture_output=True, text=True, timeout=20).stdout
    return text, "Verify return code: 0 (ok)" in shown


def names():
    shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{secure}", "-servername", "shop.test"], input="",
                           capture_output=True, text=True, errors="replace", timeout=20).stdout
    return subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"], input=shown, capture_output=True, text=True, timeout=20).stdout


configure()
check(run("check", "-c", config).returncode == 0, "the configuration is valid")
authority.refusal = (503, "serverInternal", None)
server = Server("-c", config, data=data, listen=False)
until("the first attempt fails", lambda: "no certificate for shop.test, www.shop.test: serverInternal" in server.output())
pause = int(re.search(r"the next attempt is in (\d+) s", server.output())[1])
check(45 <= pause <= 75, f"the next attempt is in {pause} s: a minute, more or less")
issuer, trusted = served()
check("not yet certified" in issuer and not trusted, "until then a certificate of its own lets clients connect at all")
server.terminate()

# An authority that is broken or hostile: each attempt ends with a word about it, and the listener serves on.
authority.refusal = None


def drip(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    try:
        while True:
            handler.wfile.write(b" ")
            time.sleep(0.2)
    except OSError:
        pass


def foreign(handler):
    names = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null",
                            "-subj", "/CN=x", "-addext", "subjectAltName=DNS:shop.test,DNS:www.shop.test"], capture_output=True).stdout
    authority.reply(handler, 200, body=names)


for name, path, answer, words in [
    ("oversized answer", "/directory", lambda handler: authority.reply(handler, 200, body=b"x" * (2 << 20)), "an answer over 1048576 bytes"),
    ("garbage", "/directory", lambda handler: handler.wfile.write(b"\0\1\2\3\n\n" * 50), "connection:"),
    ("JSON without end", "/directory", lambda handler: authority.reply(handler, 200, body=b"[" * 100_000), "is no directory of an ACME server"),
    ("redirect to itself", "/directory", lambda handler: authority.reply(handler, 302, headers={"Location": "/directory"}), "status 302"),
    ("hung up", "/order", lambda handler: handler.connection.close(), "connection:"),
    ("another site's URL", "/order", lambda handler: authority.reply(handler, 201, {
        "authorizations": ["http://192.0.2.1/x"], "finalize": "x"}, {"Location": "y"}), "not a URL of an ACME server"),
    ("a token with a path", "/authorization", lambda handler: authority.reply(handler, 200, {
        "status": "pending", "challenges": [{"type": "http-01", "url": "x", "token": "../../etc"}]}), "no challenge of type http-01"),
    ("certificate of another key", "/certificate", foreign, "a certificate of another key"),
    ("no certificate", "/certificate", lambda handler: authority.reply(handler, 200, body=b"-----BEGIN CERTIFICATE-----\n"), "no certificate that is valid"),
    ("an answer without end", "/nonce", drip, None),
]:
    authority.hostile = (path, answer)
    server = Server("-c", config, data=data, listen=False)
    if words:
        until(f"{name}: told", lambda: words in server.output())
    else:
        time.sleep(1)
    check("not yet certified" in served()[0], f"{name}: the listener serves on")
    begun = time.monotonic()
    server.terminate()
    check(time.monotonic() - begun < 10, f"{name}: the server ends")
authority.hostile = None

authority.bad_nonces = 2
server = Server("-c", config, data=data, listen=False)
until("the authority gives a certificate", lambda: authority.issued == 1)
until("clients get it without a restart", lambda: served()[1])
check("Test Authority" in served()[0] and not authority.faults, f"it is the authority's {authority.faults}")
check(request(("127.0.0.1", plain), "/.well-known/acme-challenge/other", {"Host": "shop.test"})[0] == 404, "other tokens are the origin's")
stored = data / "certificates/shop.test.pem"
check(all(path.stat().st_mode & 0o777 == 0o600 for path in (stored, data / "certificates/account.key")), "nobody else can read the keys")
first = served()[0]
accounts = len(authority.accounts)
server.terminate()

# A restart asks for nothing; a certificate about to end is renewed; one that can't be renewed stays.
server = Server("-c", config, data=data, listen=False)
check(served() == (first, True) and authority.issued == 1, "a restart serves what is stored and asks for nothing")
server.terminate()
authority.validity_days = 1
configure("89d")
stored.with_suffix(".bak").write_bytes(stored.read_bytes())
short = free_port()
subprocess.run(["openssl", "req", "-new", "-key", stored, "-subj", "/CN=shop.test", "-addext", "subjectAltName=DNS:shop.test,DNS:www.shop.test",
                "-out", files / "old.csr"], check=True, capture_output=True)
subprocess.run(["openssl", "x509", "-req", "-in", files / "old.csr", "-CA", files / "authority/ca.pem", "-CAkey", files / "authority/ca.key", "-set_serial",
                "77", "-days", "0", "-copy_extensions", "copy", "-out", files / "old.pem"], check=True, capture_output=True)
key = subprocess.run(["openssl", "pkey", "-in", stored], capture_output=True, check=True).stdout
stored.write_bytes((files / "old.pem").read_bytes() + key)
authority.refusal = (429, "rateLimited", 7200)
server = Server("-c", config, data=data, listen=False)
until("a renewal is refused", lambda: "rateLimited" in server.output())
pause = int(re.search(r"the next attempt is in (\d+) s", server.output())[1])
check(pause >= 7200, f"the authority's word is heeded: {pause} s")
check("serial=4D" in served()[0], "the old certificate is served on")
server.terminate()
authority.refusal = None
server = Server("-c", config, data=data, listen=False)
until("the certificate is renewed", lambda: authority.issued == 2)
until("clients get the new one", lambda: "serial=4D" not in served()[0] and served()[1])
check(len(authority.accounts) == accounts, "by the same account")
# Another name in the configuration: the stored certificate is served until the one for all names is there.
config.write_text(config.read_text().replace("[shop.test, www.shop.test]", "[shop.test, www.shop.test, new.shop.test]"))
server.terminate()
server = Server("-c", config, data=data, listen=False)
until("a certificate for the new list of names", lambda: authority.issued == 3)
until("clients get it", lambda: "DNS:new.shop.test" in names())
status, _, body = request(("127.0.0.1", plain), "/page", {"Host": "shop.test"})
check(status == 200 and body == b"the page", "the site was there all the time")
check(server.terminate() == 0, "the server ends")

# An authority that wants to know which of its customers asks.
authority.external = ("customer-7", bytes(range(100, 140)))
data = files / "bound"
configure()
server = Server("-c", config, data=data, listen=False)
until("an account of nobody's is refused", lambda: "externalAccountRequired: whose are you" in server.output())
server.terminate()
(files / "hmac").write_text("ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKiw\n")
config.write_text(config.read_text().replace("accept_terms: true", f"accept_terms: true, external_account: {{key_id: customer-7, hmac_key_file: {files}/hmac}}"))
check(run("check", "-c", config).returncode == 0, "an external account is a setting")
issued = authority.issued
server = Server("-c", config, data=data, listen=False)
until("a certificate for the customer", lambda: authority.issued == issued + 1)
until("clients get it", lambda: served()[1])
server.terminate()
