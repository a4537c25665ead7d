"""Signature version 4, verified (AWS General Reference, "Create a signed AWS API request")."""
import hashlib
import hmac
from datetime import datetime, timezone
from urllib.parse import quote, unquote, urlsplit

SKEW = 15 * 60  # seconds that the date of a request may be off
MUST_BE_SIGNED = ("host", "x-amz-date")


def _digest(data):
    return hashlib.sha256(data).hexdigest()


def _canonical_path(request, service):
    path = urlsplit(request.target).path or "/"
    # S3 is encoded once; everything else signs the path that is on the wire encoded again.
    return quote(unquote(path), safe="/-_.~") if service == "s3" else quote(path, safe="/-_.~")


def _canonical_query(request):
    pairs = [(quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in request.query]
    return "&".join(f"{k}={v}" for k, v in sorted(pairs))


def _payload_hash(request, service):
    declared = request.headers.get("x-amz-content-sha256")
    return declared if declared and service == "s3" else _digest(request.body)


def canonical(request, scope):
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in scope.signed)
    return "\n".join([request.method, _canonical_path(request, scope.service), _canonical_query(request), headers,
                      ";".join(scope.signed), _payload_hash(request, scope.service)])


def expected(request, scope, secret):
    date = request.headers.get("x-amz-date", "")
    what = f"{scope.day}/{scope.region}/{scope.service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", date, what, _digest(canonical(request, scope).encode())])
    key = ("AWS4" + secret).encode()
    for part in (scope.day, scope.region, scope.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def faults(request, scope, secret, now=None):
    """What is wrong with how a request is signed, in words."""
    found = []
    date = request.headers.get("x-amz-date", "")
    try:
        sent = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        off = abs(((now or datetime.now(timezone.utc)) - sent).total_seconds())
        if off > SKEW:
            found.append(f"x-amz-date {date} is {off:.0f} s off")
        if not date.startswith(scope.day):
            found.append("the scope's day is not that of x-amz-date")
    except ValueError:
        found.append(f"x-amz-date '{date}' is no date")
    for name in MUST_BE_SIGNED + tuple(n for n in request.headers if n.startswith("x-amz-")):
        if name not in scope.signed:
            found.append(f"the header {name} is not signed")
    if scope.signed != sorted(scope.signed):
        found.append("the signed headers are not sorted")
    if scope.service == "s3":
        declared = request.headers.get("x-amz-content-sha256")
        if declared is None:
            found.append("S3 wants x-amz-content-sha256")
        elif declared not in (_digest(request.body), "UNSIGNED-PAYLOAD"):
            found.append("x-amz-content-sha256 is not the body's")
    if not hmac.compare_digest(expected(request, scope, secret), scope.signature):
        found.append("the signature does not match")
    return found
