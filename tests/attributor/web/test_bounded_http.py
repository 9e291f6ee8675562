"""A real server with requests whose heads do not end."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn

from attributor.web.bounded_http import LARGEST_HEAD, BoundedHttp

HEAD = b"Host: localhost\r\n"


async def echo(scope, receive, send):
    """Answer how long the body was."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(echo, http=BoundedHttp, lifespan="off", log_level="critical"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


@contextmanager
def connected(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        yield connection


def sent_until_refused(connection, piece):
    """Send a piece over and over; return how many bytes went out before the other side ended it."""
    sent = 0
    try:
        while sent < 200 * LARGEST_HEAD:
            connection.sendall(piece)
            sent += len(piece)
    except OSError:
        pass
    return sent


@pytest.mark.parametrize(
    ("begins", "piece"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: ", b"a" * 8192),
        (b"GET / HTTP/1.1\r\n", b"X-Many: 1\r\n" * 800),
        (b"GET /?x=", b"a" * 8192),
    ],
)
def test_a_head_that_does_not_end_ends_the_connection(port, begins, piece):
    with connected(port) as connection:
        connection.sendall(begins)
        assert sent_until_refused(connection, piece) < 200 * LARGEST_HEAD


def test_a_head_that_is_too_large_is_answered(port):
    with connected(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Big: " + b"a" * (LARGEST_HEAD + 1))
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_bodies_may_be_larger_and_one_connection_serves_many_requests(port):
    body = b"b" * (8 * LARGEST_HEAD)
    with connected(port) as connection:
        for _ in range(3):
            connection.sendall(b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert answer_of(connection).endswith(str(len(body)).encode())
        connection.sendall(b"GET / HTTP/1.1\r\n" + HEAD + b"X-Large: " + b"a" * (LARGEST_HEAD - 4096) + b"\r\n\r\n")
        assert answer_of(connection).endswith(b"\r\n\r\n0")


def answer_of(connection):
    found = b""
    while b"\r\n\r\n" not in found or found.endswith(b"\r\n\r\n"):
        found += connection.recv(4096)
    return found
