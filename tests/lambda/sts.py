"""STS of an account, over TLS, with a name that DNS knows: `sts.py CERTIFICATE KEY`. Says in JSON where it listens; DNS
only listens where we may take its port."""
import http.server
import json
import random
import socket
import ssl
import sys
import threading

IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/test</Arn><UserId>AIDA</UserId>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


class Sts(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(IDENTITY)))
        self.end_headers()
        self.wfile.write(IDENTITY)


def answer_names(dns):
    """Every name is 127.0.0.1, and has no other kind of address (RFC 1035, 4.1)."""
    while True:
        asked, peer = dns.recvfrom(512)
        end = asked.index(0, 12) + 5  # of the question
        address = asked[end - 4:end - 2] == b"\0\1"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if address else b""
        dns.sendto(asked[:2] + b"\x81\x80\0\1" + bytes([0, address]) + b"\0\0\0\0" + asked[12:end] + answer, peer)


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[1:3])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    place = f"127.{random.randint(1, 250)}.{random.randint(1, 250)}.{random.randint(1, 250)}"
    try:
        dns.bind((place, 53))
        threading.Thread(target=answer_names, args=[dns], daemon=True).start()
    except PermissionError:
        place = ""
    print(json.dumps({"port": server.server_port, "dns": place}), flush=True)
    server.serve_forever()


main()
