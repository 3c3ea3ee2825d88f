"""A web server for tests, in a process of its own: rasterio holds Python's lock while it opens a file, so that a thread could not answer.

    python range_server.py FOLDER      prints its port; ends when standard input is closed

GET /whole/NAME      the file, or the range asked for
    /unsure/NAME     the same, but every third answer is "503 try again"
    /dies/NAME       the same for the first CALM answers, then the connection is closed in the middle of every answer
    /stalls/NAME     the same, but after some bytes nothing more comes
    /served          what was asked since the last time, as JSON: {"requests": .., "bytes": ..}
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CALM = 3
counts = {"requests": 0, "bytes": 0}
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = Path()
    answers: dict[str, int] = {}

    def log_message(self, *words: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.path == "/served":
            with lock:
                text = json.dumps(counts).encode()
                counts.update(requests=0, bytes=0)
            return self.send(200, text)
        manner, _, name = self.path.lstrip("/").partition("/")
        with lock:
            counts["requests"] += 1
            number = self.answers[manner] = self.answers.get(manner, 0) + 1
        if not (self.folder / name).is_file():
            return self.send(404, b"")
        if manner == "unsure" and number % 3 == 0:
            return self.send(503, b"")
        self.send_file((self.folder / name).read_bytes(), manner if number > CALM else "whole")

    def send_file(self, content: bytes, manner: str) -> None:
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked is None:
            return self.send(200, content, manner)
        first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        self.send(206, content[first : last + 1], manner, f"bytes {first}-{last}/{len(content)}")

    def send(self, status: int, content: bytes, manner: str = "whole", span: str = "") -> None:
        self.send_response(status)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(content)))
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()
        if self.command == "HEAD":
            return
        if manner in ("dies", "stalls"):
            content = content[: len(content) // 2 if manner == "dies" else 50]
            self.close_connection = True
        with lock:
            counts["bytes"] += len(content)
        self.wfile.write(content)
        if manner == "stalls":
            time.sleep(60)


if __name__ == "__main__":
    Handler.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
