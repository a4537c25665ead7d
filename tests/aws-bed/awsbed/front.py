"""HTTP on 127.0.0.1: requests to the bed, answers and resets back."""
import socket
import struct
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import admin
from .bed import RESET
from .wire.request import Request


class Front(ThreadingHTTPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

    def __init__(self, bed, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.bed = bed

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            traceback.print_exc()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "bed", ""

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *arguments):
        pass

    def _body(self):
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _request(self):
        headers, repeated = {}, []
        for name, text in self.headers.items():
            name = name.lower()
            if name in headers:
                repeated.append(name)
                headers[name] += "," + text.strip()
            else:
                headers[name] = text.strip()
        return Request(self.command, self.path, headers, self._body(), repeated)

    def _any(self):
        request = self._request()
        if request.path.startswith("/_bed/"):
            reply = admin.answer(self.server.bed, request)
        else:
            reply = self.server.bed.answer(request)
        if reply is RESET:
            self._reset()
        elif isinstance(reply, tuple):
            self._send(reply[0], reply[0].body[:reply[1]])
            self._reset()
        else:
            self._send(reply, reply.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _any

    def _send(self, reply, body):
        self.send_response(reply.status)
        for name, text in reply.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self):
        """RST instead of FIN."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
