"""A real receiver of alerts for tests: an HTTP server on this machine, to which apprise posts JSON."""

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Receiver(ThreadingHTTPServer):
    """Keeps what it was sent.

    Attributes:
        posts: bodies, in order.
        keys: the header by which repeats are known, in order.
        status: what it answers.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posts, self.keys, self.status = [], [], 200

    @property
    def url(self):
        """For apprise; its user, password and path stand for secrets."""
        return f"json://ops:hunter2secret@127.0.0.1:{self.server_port}/T0KENT0KEN/B0TB0TB0T"

    @property
    def texts(self):
        return [post["message"] for post in self.posts]

    @property
    def titles(self):
        return [post["title"] for post in self.posts]

    def pictures(self, place):
        return [base64.b64decode(one["base64"]) for one in self.posts[place]["attachments"]]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 200:
            self.server.posts.append(json.loads(body))
            self.server.keys.append(self.headers["Idempotency-Key"])
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    """A receiver while the block lasts."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def receiver(monkeypatch):
    """A receiver whose address is in the environment variable ``OPS``."""
    with serving() as server:
        monkeypatch.setenv("OPS", server.url)
        yield server
