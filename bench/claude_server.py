"""`python -m bench.claude_server`: the fake Claude of the tests, over connections that are kept, in a process of its own.

Out, on stdout: its address in one line. It answers until its stdin ends. A request to `/broken/...` gets a 500. Texts in parts are joined before the
fake reads them, as some clients send them so.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

from tests.fixtures.fake_claude import Claude
from tests.fixtures.http_server import Reply, Request

ANSWER: Final = "Hello."


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fake = Claude((ANSWER,))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        reply = self._reply(body)
        self.wfile.write(_encoded(reply))

    def _reply(self, body: bytes) -> Reply:
        if self.path.startswith("/broken/"):
            return Reply(500, {"content-type": "application/json"}, b'{"type":"error","error":{"type":"api_error","message":"broken"}}')
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.fake.answer(Request("POST", self.path.partition("?")[0], headers, _joined(body)))
        self.fake.requests.clear()
        assert isinstance(reply, Reply)
        return reply

    def log_message(self, *_: object) -> None:
        """Silent."""


def _encoded(reply: Reply) -> bytes:
    """In one piece: two writes would wait for each other."""
    fields = {**reply.headers, "content-length": str(len(reply.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {reply.status} Said\r\n{head}\r\n".encode("latin-1") + reply.body


def _joined(body: bytes) -> bytes:
    document = json.loads(body)
    for message in document.get("messages", ()):
        if isinstance(message["content"], list):
            message["content"] = "".join(part.get("text", "") for part in message["content"])
    return json.dumps(document).encode()


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
