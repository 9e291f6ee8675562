"""A heartbeat after each good cycle, and after no other."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

CONFIG = """
store: {{lake: ./lake, ledger: sqlite:///ledger.db}}
sources:
  aws: {{type: focus, path: "bills/*.csv"}}
teams: {{search: {{budget: 1}}}}
rules:
  - {{name: team tag, match: {{tags.team: present}}, owner: {{team: tags.team}}}}
alerts:
  channels: {{hook: {{type: webhook, url: "{url}/hook"}}}}
  heartbeat: {{url: "{url}/beat"}}
"""


class Far:
    def __init__(self) -> None:
        self.calls: list[str] = []
        self.refuses = False


@pytest.fixture
def far() -> Iterator[Far]:
    found = Far()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.calls.append(self.path)
            self.send_response(200)
            self.end_headers()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(503 if found.refuses else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_each_good_cycle_calls_the_heartbeat_and_no_other_does(make, far) -> None:
    company = make(CONFIG.format(url=far.url))
    company.bill("2026-11-11 0.5 team=search")
    company.cycle()
    company.cycle()
    assert far.calls == ["/beat", "/beat"]
    company.bill("2026-11-11 five team=search")
    company.cycle()
    assert len(far.calls) == 2, "a source cannot be read"
    far.refuses = True
    company.bill("2026-11-11 5 team=search")
    company.cycle()
    assert len(far.calls) == 2, "the channel did not take the message"
