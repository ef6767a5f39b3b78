"""The report of a search under way, on this machine's own address: made anew as the record grows.

A page that is open loads itself again when there is a newer one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tuner.errors import TunerError
from tuner.report.material import read_material
from tuner.report.page import page
from tuner.report.writing import sections_of
from tuner.watch.source import Record

HOST = "127.0.0.1"
_LEAST_S = 5.0
_SHARE = 0.05  # of one core, at most, so that the search is not slowed down
_RELOADING = """<script>
setInterval(() => fetch("version").then(r => r.text()).then(now => {
  if (now !== "%s" && now !== "") location.reload();
}).catch(() => { document.title = "no longer live"; }), 3000);
</script></body>"""


class LivePage:
    """The newest page, made by a thread of its own; `version` is how much of the record it has."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._made = threading.Event()
        self._over = threading.Event()
        self.version = ""
        self.text = ""

    def wait(self) -> str:
        """The page, as soon as there is a first."""
        self._made.wait()
        return self.text

    def keep_fresh(self) -> None:
        """Make it anew whenever the record has grown, until `stop`."""
        while not self._over.is_set():
            started = time.monotonic()
            self.make()
            took_s = time.monotonic() - started
            self._over.wait(max(_LEAST_S, took_s / _SHARE))

    def make(self) -> None:
        """Make it anew if the record has grown; what cannot be read is said on the page."""
        journal = self._record.folder.journal
        version = str(journal.stat().st_size) if journal.exists() else "0"
        if version == self.version:
            return
        try:
            material = read_material(self._record.folder, under_way=True)
            text = page(material, sections_of(material))
        except Exception as error:  # the page says it, and the next one may be well
            text = f"<!doctype html><body><pre>{_escaped(str(error))}</pre></body>"
        text = text.replace("default-src 'none'", "default-src 'none'; connect-src 'self'", 1)
        before, _, after = text.rpartition("</body>")
        self.text, self.version = before + _RELOADING % version + after, version
        self._made.set()

    def stop(self) -> None:
        """Make no more."""
        self._over.set()
        self._made.set()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a tab that is closed breaks its connection off."""


@contextmanager
def served(record: Record, port: int) -> Iterator[tuple[str, LivePage]]:
    """Serve the report while this lasts; yields its address, and the page.

    Port 0 is any that is free.

    Raises TunerError where the port cannot be had.
    """
    live = LivePage(record)
    try:
        server = _Server((HOST, port), _handler(live))
    except (OSError, OverflowError) as error:
        raise TunerError(
            f"--serve {port}: {getattr(error, 'strerror', None) or error}; name another port, or "
            "none for any that is free"
        ) from None
    threads = [
        threading.Thread(target=target, daemon=True)
        for target in (live.keep_fresh, server.serve_forever)
    ]
    for thread in threads:
        thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/", live
    finally:
        live.stop()
        server.shutdown()
        server.server_close()


def _handler(live: LivePage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            port = self.connection.getsockname()[1]
            if self.headers.get("Host") not in (f"{HOST}:{port}", f"localhost:{port}"):
                self.send_error(403)  # another site's name for this machine
            elif self.path == "/":
                self._answer(live.wait(), "text/html; charset=utf-8")
            elif self.path == "/version":
                self._answer(live.version, "text/plain")
            else:
                self.send_error(404)

        def _answer(self, text: str, kind: str) -> None:
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """The console is the search's."""

    return Handler


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
