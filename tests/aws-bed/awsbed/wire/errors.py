"""Errors, each in the protocol of its service."""
import json
import uuid
from xml.sax.saxutils import escape

from . import models, xml
from .request import Answer


def answer(service, code, message, status=None):
    model = models.service(service)
    protocol = model.protocol if model else "query"
    status = status or models.error_status(service, code) or 400
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id, "Content-Type": "text/xml"}
    fault = "Receiver" if status >= 500 else "Sender"
    if protocol == "json":
        headers["Content-Type"] = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"
        body = json.dumps({"__type": code, "message": message}).encode()
    elif protocol == "rest-json":
        headers.update({"Content-Type": "application/json", "x-amzn-ErrorType": code})
        body = json.dumps({"Type": fault, "message": message}).encode()
    elif protocol == "rest-xml":
        headers["Content-Type"] = "application/xml"
        body = (f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
                f"<RequestId>{request_id}</RequestId></Error>").encode()
    elif protocol == "ec2":
        body = (f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error></Errors>"
                f"<RequestID>{request_id}</RequestID></Response>").encode()
    else:
        body = xml.error(code, message, request_id, fault)
    return Answer(status, headers, body, code)


def html(status):
    """What a load balancer in front of a service says."""
    words = {500: "500 Internal Server Error", 502: "502 Bad Gateway", 503: "503 Service Unavailable", 504: "504 Gateway Time-out"}
    body = f"<html>\n<head><title>{words[status]}</title></head>\n<body>\n<center><h1>{words[status]}</h1></center>\n</body>\n</html>\n"
    return Answer(status, {"Content-Type": "text/html"}, body.encode(), "(html)")
