"""An OpenID Connect provider on loopback that signs what it says, and says what a test wants it to."""

import json
import threading
import time
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey


class Provider(ThreadingHTTPServer):
    """An OpenID provider: it knows one client, gives each code once, and checks the client, the address and PKCE."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.key = RSAKey.generate_key(2048, {"kid": "k1"})
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.claims = {"sub": "1", "email": "ana@corp.example", "groups": ["search"]}
        self.codes = {}
        self.signed_by = self.key
        self.leaving = None
        self.instead = {}

    def authorize(self, address):
        """Do what the provider's page does once somebody has signed in: send them back with a code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == "attributor"
        assert asked["code_challenge_method"] == "S256"
        self.codes["c1"] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': 'c1', 'state': asked['state']})}"

    def token(self, form):
        """Return the answer to a code, with its status."""
        asked = self.codes.pop(form["code"], None)
        if asked is None:
            return 400, {"error": "invalid_grant"}
        challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"]
        assert form["redirect_uri"] == asked["redirect_uri"]
        now = int(time.time())
        claims = {**self.claims, "iss": self.issuer, "aud": "attributor", "iat": now, "exp": now + 60}
        claims["nonce"] = asked["nonce"]
        claims = {name: claim for name, claim in (claims | self.instead).items() if claim is not None}
        signed = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.signed_by)
        return 200, {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": signed}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        provider = self.server
        if self.path.endswith("openid-configuration"):
            at = provider.issuer
            self._json(
                200,
                {
                    "issuer": at,
                    "authorization_endpoint": f"{at}/authorize",
                    "token_endpoint": f"{at}/token",
                    "jwks_uri": f"{at}/keys",
                    "id_token_signing_alg_values_supported": ["RS256"],
                    **({"end_session_endpoint": provider.leaving} if provider.leaving else {}),
                },
            )
        else:
            self._json(200, {"keys": [provider.key.as_dict(private=False)]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        assert self.headers["Authorization"].startswith("Basic ")
        self._json(*self.server.token({name: values[0] for name, values in parse_qs(body).items()}))

    def _json(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing."""


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
