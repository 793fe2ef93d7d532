"""A backend for Gatepost in Python's standard library: examples/start.sh python starts it, and a gateway before it.
"python3 backend.py push groups/lobby Hello" pushes, from anywhere, at any time."""
import base64, hmac, html, json, os, pathlib, re, sys, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

def to_lobby(sender, text):
    return {"actions": [{"action": "send", "groups": ["lobby"], "json": {"from": sender, "text": text}}]}

def answer(kind, data):
    """Status and body for an event. A real application looks at a cookie or a token where this one believes ?name=."""
    if kind == "connect":
        name = data["request"]["query"].get("name", "")
        good = re.fullmatch(r"[\w .-]{1,32}", name)
        return (200, {"uid": name, "groups": ["lobby"]}) if good else (403, "Connect with ?name=")
    if kind == "message":
        return 200, to_lobby(data["uid"], data["message"].get("text", "(binary)"))
    return 200, to_lobby(data["uid"], "has left") if data["uid"] and data["uid_remaining"] == 0 else {}

def signed(headers, body):
    """Whether one of the secrets (separated by spaces) has signed this within five minutes, after Standard Webhooks 1.0."""
    timestamp = headers.get("webhook-timestamp", "")
    text, given = f"{headers.get('webhook-id')}.{timestamp}.".encode() + body, headers.get("webhook-signature", "").encode()
    keys = [base64.b64decode(s.removeprefix("whsec_")) for s in os.environ.get("GATEPOST_WEBHOOK_SECRET", "").split()]
    wanted = [b"v1," + base64.b64encode(hmac.digest(key, text, "sha256")) for key in keys if key]
    fresh = re.fullmatch(r"[0-9]{1,12}", timestamp) and abs(time.time() - int(timestamp)) <= 300
    return fresh and any(hmac.compare_digest(want, one) for want in wanted for one in given.split(b" "))

class Backend(BaseHTTPRequestHandler):
    protocol_version, timeout, wbufsize = "HTTP/1.1", 60, -1  # connections are kept, for a minute; a reply leaves in one piece
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 1 << 20))
        event = json.loads(body) if signed(self.headers, body) else None
        self.reply(*(answer(event["type"], event["data"]) if event else (401, "not signed")))
    def do_GET(self):
        gateway = html.escape(os.environ.get("PUBLIC_WS_URL", "ws://127.0.0.1:8080/ws"))
        self.reply(200, pathlib.Path("../page.html").read_text().replace("{{gateway}}", gateway), "text/html")
    def reply(self, status, reply, kind="application/json"):
        body = (reply if isinstance(reply, str) else json.dumps(reply)).encode()
        self.send_response(status)
        meant = [] if status == 200 else [("gatepost-refuse", "1")]  # a 404 too: else it is taken for a proxy's
        for header in ("content-type", kind), ("content-length", len(body)), *meant:
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

def push(path, text):
    """Signs a JWT (HS256) for this minute with the first of the secrets, and pushes."""
    claims = {"aud": "gatepost:api", "exp": int(time.time()) + 60, "scope": "push"}
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
    token = encode(b'{"alg":"HS256"}') + b"." + encode(json.dumps(claims).encode())
    token += b"." + encode(hmac.digest(os.environ["GATEPOST_SECRET"].split(",")[0].strip().encode(), token, "sha256"))
    url = os.environ.get("GATEPOST_URL", "http://127.0.0.1:8080") + "/push/" + path
    headers = {"authorization": "Bearer " + token.decode(), "content-type": "text/plain"}
    return urllib.request.urlopen(urllib.request.Request(url, text.encode(), headers), timeout=10).read().decode()

if sys.argv[1:2] == ["push"]:
    print(push(*sys.argv[2:4]))
else:
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 9000))), Backend).serve_forever()
