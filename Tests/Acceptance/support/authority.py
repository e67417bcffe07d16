"""An ACME authority (RFC 8555) on loopback for tests: checks nonces, URLs and signatures, validates HTTP-01 challenges at
an address it is told, signs with a certificate of its own. Standard library and openssl."""
import base64, hashlib, hmac, http.client, http.server, json, pathlib, secrets, subprocess, threading, time


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def integer(data):
    """A DER INTEGER of unsigned bytes."""
    data = data.lstrip(b"\0") or b"\0"
    if data[0] & 0x80:
        data = b"\0" + data
    return bytes([2, len(data)]) + data


class Authority:
    def __init__(self, folder, challenges):
        """challenges: host and port where HTTP-01 is looked for, instead of port 80 of the name."""
        self.folder, self.challenges = pathlib.Path(folder), challenges
        self.folder.mkdir(parents=True, exist_ok=True)
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
                     "-out", "ca.pem", "-days", "30", "-subj", "/CN=Test Authority")
        self.nonces, self.accounts, self.orders, self.tokens = set(), {}, {}, {}
        self.issued = self.bad_nonces = 0
        self.validity_days = 90
        self.refusal = None            # (status, type, retry_after) for new orders
        self.hostile = None            # (path, handler -> None) that answers in place of ours
        self.external = None           # (key identifier, HMAC key): accounts without it are refused
        self.faults = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.handle(self, None)

            do_HEAD = do_GET

            def do_POST(self):
                outer.handle(self, self.rfile.read(int(self.headers["Content-Length"])))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def openssl(self, *arguments, data=None):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, input=data, capture_output=True, timeout=30)
        return done

    # Wire

    def reply(self, handler, status, document=None, headers=None, body=None):
        data = body if body is not None else json.dumps(document or {}).encode()
        nonce = secrets.token_urlsafe(16)
        self.nonces.add(nonce)
        handler.send_response(status)
        for name, value in {"Replay-Nonce": nonce, "Content-Type": "application/json", "Content-Length": str(len(data)),
                            **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data)

    def problem(self, handler, kind, detail, status=400, headers=None):
        self.reply(handler, status, {"type": "urn:ietf:params:acme:error:" + kind, "detail": detail}, headers)

    def handle(self, handler, body):
        path = handler.path
        if self.hostile and path.startswith(self.hostile[0]):
            return self.hostile[1](handler)
        if body is None:
            if path == "/directory":
                return self.reply(handler, 200, {"newNonce": self.url + "/nonce", "newAccount": self.url + "/account",
                                                 "newOrder": self.url + "/order", "meta": {"website": "x"}})
            return self.reply(handler, 200 if path == "/nonce" else 404)
        message = json.loads(body)
        head = json.loads(unpadded(message["protected"]))
        if head["nonce"] not in self.nonces or self.bad_nonces:
            self.bad_nonces = max(0, self.bad_nonces - 1)
            return self.problem(handler, "badNonce", "stale")
        self.nonces.remove(head["nonce"])
        key = head.get("jwk") or self.accounts.get(head.get("kid"))
        if not key or head["alg"] != "ES256" or head["url"] != self.url + path or not self.is_signed(message, key):
            self.faults.append(f"{path}: {head}")
            return self.problem(handler, "malformed", "not signed as it must be", 403)
        payload = json.loads(unpadded(message["payload"])) if message["payload"] else None
        getattr(self, "on_" + path.split("/")[1])(handler, path, head, payload)

    def is_signed(self, message, key):
        point = b"\x04" + unpadded(key["x"]) + unpadded(key["y"])
        der = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + point
        signature = unpadded(message["signature"])
        numbers = integer(signature[:32]) + integer(signature[32:])
        (self.folder / "key.der").write_bytes(der)
        (self.folder / "signature").write_bytes(bytes([0x30, len(numbers)]) + numbers)
        text = f"{message['protected']}.{message['payload']}".encode()
        return self.openssl("dgst", "-sha256", "-verify", "key.der", "-keyform", "DER", "-signature", "signature",
                            data=text).returncode == 0

    # Resources

    def on_account(self, handler, path, head, payload):
        if not payload.get("termsOfServiceAgreed"):
            return self.problem(handler, "userActionRequired", "the terms")
        if self.external and not self.is_bound(payload.get("externalAccountBinding"), path, head["jwk"]):
            return self.problem(handler, "externalAccountRequired", "whose are you", 403)
        url = self.url + "/account/" + hashlib.sha256(json.dumps(head["jwk"], sort_keys=True).encode()).hexdigest()[:8]
        status = 200 if url in self.accounts else 201
        self.accounts[url] = head["jwk"]
        self.reply(handler, status, {"status": "valid", **payload}, {"Location": url})

    def is_bound(self, binding, path, key):
        """RFC 8555, 7.3.4."""
        if not binding:
            return False
        name, secret = self.external
        head = json.loads(unpadded(binding["protected"]))
        code = hmac.new(secret, f"{binding['protected']}.{binding['payload']}".encode(), hashlib.sha256).digest()
        return (head == {"alg": "HS256", "kid": name, "url": self.url + path} and json.loads(unpadded(binding["payload"])) == key
                and hmac.compare_digest(code, unpadded(binding["signature"])))

    def on_order(self, handler, path, head, payload):
        number = path.removeprefix("/order").strip("/")
        if number:
            return self.reply(handler, 200, self.orders[number])
        if self.refusal:
            status, kind, retry = self.refusal
            return self.problem(handler, kind, "not now", status, {"Retry-After": str(retry)} if retry else None)
        number = secrets.token_hex(4)
        names = [each["value"] for each in payload["identifiers"]]
        for name in names:
            token = secrets.token_urlsafe(24)
            self.tokens[f"{number}-{name}"] = {"token": token, "name": name, "status": "pending", "key": self.accounts[head["kid"]]}
        self.orders[number] = {
            "status": "pending", "identifiers": payload["identifiers"],
            "authorizations": [f"{self.url}/authorization/{number}-{name}" for name in names],
            "finalize": f"{self.url}/finalize/{number}"}
        self.reply(handler, 201, self.orders[number], {"Location": f"{self.url}/order/{number}"})

    def on_authorization(self, handler, path, head, payload):
        name = path.split("/")[2]
        entry = self.tokens[name]
        challenge = {"type": "http-01", "url": f"{self.url}/challenge/{name}", "token": entry["token"],
                     "status": entry["status"], **({"error": entry["error"]} if "error" in entry else {})}
        self.reply(handler, 200, {
            "status": entry["status"], "identifier": {"type": "dns", "value": entry["name"]},
            "challenges": [{"type": "dns-01", "url": "x", "token": "y"}, challenge]})

    def on_challenge(self, handler, path, head, payload):
        entry = self.tokens[path.split("/")[2]]
        self.reply(handler, 200, {"type": "http-01", "status": "processing", "token": entry["token"]})
        threading.Thread(target=self.validate, args=(entry,), daemon=True).start()

    def validate(self, entry):
        time.sleep(0.2)
        canonical = {name: entry["key"][name] for name in ("crv", "kty", "x", "y")}
        thumbprint = encoded(hashlib.sha256(json.dumps(canonical, separators=(",", ":")).encode()).digest())
        try:
            connection = http.client.HTTPConnection(*self.challenges, timeout=5)
            connection.request("GET", "/.well-known/acme-challenge/" + entry["token"], headers={"Host": entry["name"]})
            found = connection.getresponse().read().decode()
        except OSError as error:
            found = str(error)
        if found == f"{entry['token']}.{thumbprint}":
            entry["status"] = "valid"
        else:
            entry["error"] = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": f"found {found!r}"}
            entry["status"] = "invalid"

    def on_finalize(self, handler, path, head, payload):
        number = path.split("/")[2]
        order = self.orders[number]
        if any(entry["status"] != "valid" for name, entry in self.tokens.items() if name.startswith(number)):
            return self.problem(handler, "orderNotReady", "not valid", 403)
        (self.folder / f"{number}.csr").write_bytes(unpadded(payload["csr"]))
        done = self.openssl("x509", "-req", "-inform", "DER", "-in", f"{number}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                            "-set_serial", str(int(number, 16)), "-days", str(self.validity_days), "-copy_extensions", "copy", "-out", f"{number}.pem")
        if done.returncode:
            self.faults.append(done.stderr.decode())
            return self.problem(handler, "badCSR", done.stderr.decode())
        order["status"] = "processing"
        self.reply(handler, 200, order, {"Retry-After": "1"})
        order["status"], order["certificate"] = "valid", f"{self.url}/certificate/{number}"

    def on_certificate(self, handler, path, head, payload):
        self.issued += 1
        chain = (self.folder / (path.split("/")[2] + ".pem")).read_bytes() + (self.folder / "ca.pem").read_bytes()
        self.reply(handler, 200, body=chain, headers={"Content-Type": "application/pem-certificate-chain"})
