"""A small OpenID Connect provider on this machine: discovery, a page to choose who one is, tokens, keys. For tests.

It knows the authorization code flow with PKCE, and is as strict as a real one: a code is good once, for the client, the
address and the secret half that it was given for.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "tsanomaly", "known-to-the-client-alone"


@dataclass
class Provider:
    """What it knows.

    Attributes:
        people: by the name on the button, what the token says of them.
        address: its own.
        given: by code, what was asked with it.
        signed_in: names, in order.
    """

    people: dict[str, dict[str, Any]]
    address: str = ""
    given: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)
    signed_in: list[str] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))

    def discovery(self) -> dict[str, Any]:
        """What clients read first."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def choice(self, asked: dict[str, str]) -> str:
        """The page on which one says who one is."""
        links = [
            f'<p><a href="/chosen?{html.escape(urlencode(asked | {"person": name}))}">{html.escape(name)}</a></p>'
            for name in self.people
        ]
        return f"<!doctype html><title>Provider</title><h1>Who are you?</h1>{''.join(links)}"

    def chosen(self, asked: dict[str, str]) -> str:
        """Where the browser goes on, with a code."""
        code = secrets.token_urlsafe(16)
        self.given[code] = (asked, asked["person"])
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def tokens(self, asked: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """For a code; ``None``: refused."""
        known, person = self.given.pop(asked.get("code", ""), ({}, ""))
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        password = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        fits = (
            known.get("redirect_uri") == asked.get("redirect_uri")
            and known.get("code_challenge") == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            and authorization == f"Basic {password}"
        )
        if not known or not fits:
            return None
        self.signed_in.append(person)
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": known["nonce"]}
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims | self.people[person], self.key)
        return {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 600, "id_token": token}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, _plain(urlsplit(self.path).query)
        match path:
            case "/.well-known/openid-configuration":
                self._json(self.provider.discovery())
            case "/keys":
                self._json({"keys": [self.provider.key.as_dict(private=False)]})
            case "/authorize":
                self._answer(200, self.provider.choice(asked), "text/html")
            case "/chosen":
                self._answer(302, "", "text/plain", Location=self.provider.chosen(asked))
            case _:
                self._answer(404, "", "text/plain")

    def do_POST(self) -> None:
        asked = _plain(self.rfile.read(int(self.headers["Content-Length"])).decode())
        tokens = self.provider.tokens(asked, self.headers.get("Authorization", ""))
        self._json({"error": "invalid_grant"} if tokens is None else tokens, 400 if tokens is None else 200)

    def _json(self, content: dict[str, Any], status: int = 200) -> None:
        self._answer(status, json.dumps(content), "application/json")

    def _answer(self, status: int, body: str, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body.encode())), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _plain(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


@contextlib.contextmanager
def provider(people: dict[str, dict[str, Any]]) -> Iterator[Provider]:
    """One that runs."""
    found = Provider(people)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": found}))
    found.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
