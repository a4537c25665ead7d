"""CloudWatch, as far as it is asked: how many connections a database has, as the seed says (`connections`)."""
import json
import time
import uuid

from .wire.request import Answer


def answer(bed, call, account):
    """GetMetricStatistics: one value, of the last minute, for an instance that was seeded with one. By the name that the
    instance has now; nothing of one that nobody has counted."""
    input = call.typed()
    names = {d["Name"]: d["Value"] for d in input.get("Dimensions", [])}
    points = []
    if (input["Namespace"], input["MetricName"]) == ("AWS/RDS", "DatabaseConnections"):
        with bed.world.lock:
            found = [i for i in bed.world.store(account, call.region).instances if i.name == names.get("DBInstanceIdentifier")]
            points = [bed.world.connections[i.id] for i in found if i.id in bed.world.connections]
    body = {"Label": input["MetricName"],
            "Datapoints": [{"Timestamp": time.time() - 60, "Maximum": float(p), "Unit": "Count"} for p in points]}
    return Answer(200, {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": str(uuid.uuid4())}, json.dumps(body).encode())
