"""HTTP/1.1 whose heads are bounded: whoever asks, known or not, fills no memory with an address or headers."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers, rounded up to what is read at once."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedHttp(HttpToolsProtocol):
    """Uvicorn's protocol, which by itself reads a head of any length (RFC 6585, section 5)."""

    _is_in_head = True
    _read_of_head = 0

    def data_received(self, data: bytes) -> None:
        """Read on; end the connection where a head does not end."""
        self._read_of_head += len(data)
        super().data_received(data)
        if self._is_in_head and self._read_of_head > LARGEST_HEAD and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Note that what comes now is a body."""
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that what comes now is the head of another request."""
        self._is_in_head, self._read_of_head = True, 0
        super().on_message_complete()
