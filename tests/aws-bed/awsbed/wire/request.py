"""A request as it came: bytes, and what its Authorization header says that it is for."""
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, ?"
                   r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$")


@dataclass
class Scope:
    key: str
    day: str
    region: str
    service: str
    signed: list
    signature: str


@dataclass
class Request:
    """`headers` are lower case; a header that came twice is joined by a comma, and named in `repeated`."""
    method: str
    target: str  # path and query as sent
    headers: dict
    body: bytes
    repeated: list = field(default_factory=list)

    @property
    def path(self):
        return urlsplit(self.target).path or "/"

    @property
    def query(self):
        """Pairs, decoded, in the order sent."""
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def form(self):
        """The pairs of a form body."""
        return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=bool(self.body))

    def scope(self):
        """None without a SigV4 header."""
        match = SCOPE.match(self.headers.get("authorization", ""))
        if not match:
            return None
        key, day, region, service, signed, signature = match.groups()
        return Scope(key, day, region, service, signed.split(";"), signature)


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes
    code: str = ""  # of an error
