"""moto, in this process, for every service but RDS; and clients of it for the bed's own use."""
import http.client
import logging
import os

from .wire import models
from .wire.request import Answer

PRELOADED = ("ec2", "kms", "secretsmanager", "s3", "dynamodb", "sns", "sqs", "sts")
PATIENCE = 300  # seconds; whoever asks us has a limit of their own
DROPPED = ("connection", "transfer-encoding", "content-length", "keep-alive", "expect", "date", "server")


def load():
    """What takes seconds and is the same for every bed: no request is to wait for it."""
    import boto3
    import moto.server  # noqa: F401
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    for service in PRELOADED:
        backend(service, "123456789012", "us-east-1")
        models.service(service)
        boto3.client(service, region_name="us-east-1", aws_access_key_id="bed", aws_secret_access_key="bed")
    models.service("rds")


def backend(service, account, region):
    from moto.backends import get_backend
    backends = get_backend(service)[account]
    return backends[region] if region in backends else backends["aws"]


class Upstream:
    backend = staticmethod(backend)

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        load()
        from moto.server import ThreadedMotoServer
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        self.port = self.server.get_host_and_port()[1]
        os.environ["MOTO_PORT"] = str(self.port)

    def reset(self):
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data
        BackendDict.reset()
        reset_model_data()

    def forward(self, request, account):
        """The answer of moto to a request as it came, from an account."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {k: v for k, v in request.headers.items() if k not in ("connection", "expect", "transfer-encoding")}
        headers["x-moto-account-id"] = account
        headers["content-length"] = str(len(request.body))
        connection.request(request.method, request.target, body=request.body, headers=headers)
        reply = connection.getresponse()
        body = reply.read()
        kept = {k: v for k, v in reply.getheaders() if k.lower() not in DROPPED}
        connection.close()
        return Answer(reply.status, kept, body)

    def client(self, service, account, region):
        """A client of moto itself, past the front: for seeds and for the end state."""
        import boto3
        from botocore.config import Config
        found = boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{self.port}", aws_access_key_id="bed",
                             aws_secret_access_key="bed", config=Config(retries={"max_attempts": 0}, read_timeout=PATIENCE, s3={"addressing_style": "path"}))
        found.meta.events.register("before-call", lambda params, **_: params["headers"].update({"x-moto-account-id": account}))
        return found

    def stop(self):
        self.server.stop()
