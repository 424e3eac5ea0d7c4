"""Receivers of alerts for tests: a webhook that behaves as it is told, and a real SMTP server (aiosmtpd).

    with Webhook() as hook:
        hook.plan("500", "reset", "delay")          # the next answers; then 200
        …; hook.accepted, hook.seen
    with Mailbox(folder, tls=True, login=("user", "password")) as box:
        …; box.mails
"""
import email.policy
import hashlib
import hmac
import http.server
import json
import socket
import ssl
import struct
import subprocess
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

SECRET = "webhook-secret-0123456789-0123456789"
DELAY_S = 3  # longer than the daemons of these tests wait


class Message:
    """A POST as it came in."""

    def __init__(self, headers, body, answer):
        self.headers, self.body, self.answer = headers, body, answer
        self.json = json.loads(body) if "json" in headers["Content-Type"] else None
        self.id = headers["X-Flash-Alert-Id"]

    def is_signed(self, secret=SECRET):
        """As docs/FORMATS.md tells a receiver to verify."""
        stamp = self.headers["X-Flash-Timestamp"]
        right = hmac.new(secret.encode(), stamp.encode() + b"." + self.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(self.headers["X-Flash-Signature"], "v1=" + right) and abs(time.time() - int(stamp)) < 300


class Webhook:
    """On a free port of 127.0.0.1. A plan's words: a status, "delay", "reset" (after the request was read).
    before_answer is called once a request was read."""

    def __init__(self):
        self.seen, self.planned, self.paths, self.lock, self.gate = [], [], [], threading.Lock(), threading.Event()
        self.before_answer = lambda: None
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                receiver._take(self)

            def do_GET(self):  # noqa: N802
                receiver.paths.append(self.path)
                self.send_error(404)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()

    def plan(self, *answers):
        with self.lock:
            self.planned += answers

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/alerts/token-of-the-path"

    @property
    def accepted(self):
        """Messages that were answered with 2xx, in order."""
        return [message for message in list(self.seen) if message.answer.startswith("2")]

    def changes(self, key):
        """The states that were accepted of an alert, in order."""
        return [message.json["state"] for message in self.accepted if message.json["key"] == key]

    def _take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.lock:
            answer = self.planned.pop(0) if self.planned else "200"
            self.paths.append(handler.path)
            self.seen.append(Message(handler.headers, body, answer))
        self.before_answer()
        if answer == "reset":
            linger = struct.pack("ii", 1, 0)  # a RST instead of a FIN
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.close_connection = True
            handler.connection.close()
            return
        if answer == "delay":
            self.gate.wait(DELAY_S)
            answer = "504"
        handler.send_response(int(answer))
        if answer.startswith("3"):
            handler.send_header("Location", f"http://127.0.0.1:{self.port}/moved")
        handler.end_headers()
        if answer == "200":
            try:
                handler.wfile.write(b"x" * 300000)  # far more than anybody wants to read
            except OSError:
                pass  # the sender hangs up, as it should


def certificate(folder):
    """(certificate, key) for 127.0.0.1, made now; the certificate is its own authority."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


class Mailbox:
    """answers: what to say to the next mails instead of taking them, as in "451 later". implicit: TLS from the first byte."""

    def __init__(self, tls=None, login=None, implicit=False):
        self.mails, self.answers, self.logins, self.login, self.implicit = [], [], [], login, implicit
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        how = {"ssl_context": context, "auth_require_tls": False} if implicit else {
            "tls_context": context, "require_starttls": bool(tls)}
        self.controller = Controller(self, hostname="127.0.0.1", port=0, authenticator=self._check if login else None,
                                     auth_required=bool(login), **how)

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.controller.port = self.port = free.getsockname()[1]
        self.controller.start()
        return self

    def __exit__(self, *exc):
        self.controller.stop()

    @property
    def url(self):
        return f"smtp{'s' if self.implicit else ''}://127.0.0.1:{self.port}"

    def _check(self, server, session, envelope, mechanism, data):
        given = data.login.decode(), data.password.decode()
        self.logins.append(given)
        return AuthResult(success=given == self.login)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        mail.envelope = envelope.mail_from, envelope.rcpt_tos
        mail.is_encrypted = session.ssl is not None
        self.mails.append(mail)
        return "250 OK"
