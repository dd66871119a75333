"""The base class of test servers on the loopback."""

from __future__ import annotations

import http.server
import sys
import threading

Handler = http.server.BaseHTTPRequestHandler
_POLL = 0.005  # seconds of polling, which delays closing in some hundred tests


class Loopback:
    """A multithreaded server; `answer` is called for each request, from any thread."""

    def __init__(self) -> None:
        loopback = self

        class Answering(Handler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                loopback.answer(self)

            do_HEAD = do_GET

            def log_message(self, *arguments: object) -> None:
                """Keep quiet."""

        self._server = _QuietServer(("127.0.0.1", 0), Answering)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, handler: Handler) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that close the connection; print a traceback of other errors."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def send(handler: Handler, status: int, content: bytes, **headers: str) -> None:
    """Answer with this content, to HEAD with headers only; a field's `_` means a hyphen."""
    fields = {"Content-Length": str(len(content)), "Content-Type": "application/octet-stream"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    handler.send_response(status)
    for name, value in fields.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(content)
