"""botocore's models, by the name that a request is signed for."""
from functools import lru_cache

from botocore.loaders import Loader
from botocore.model import ServiceModel

# The signing name in a credential's scope, where it is not the model's name.
NAMES = {"states": "stepfunctions", "monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
SERVED = ("rds", "s3", "secretsmanager", "dynamodb", "sns", "sqs", "sts", "ssm", "ec2", "kms", "iam", "lambda",
          "logs", "states", "events", "monitoring", "tagging", "cloudformation", "scheduler")


@lru_cache(maxsize=None)
def service(signing_name):
    """The model, or None for a service that the bed does not have."""
    if signing_name not in SERVED:
        return None
    name = NAMES.get(signing_name, signing_name)
    model = Loader().load_service_model(name, "service-2")
    if "cbor" in model["metadata"]["protocol"]:  # the bed has another one that the service speaks
        model["metadata"]["protocol"] = "json"
    return ServiceModel(model, name)


def operation(signing_name, name):
    model = service(signing_name)
    return model.operation_model(name) if model and name in model.operation_names else None


@lru_cache(maxsize=None)
def error_status(signing_name, code):
    """The HTTP status of an error that the model knows by its code on the wire; None for others."""
    model = service(signing_name)
    for name in model.shape_names if model else ():
        shape = model.shape_for(name)
        if shape.type_name == "structure" and shape.metadata.get("exception") and shape.error_code == code:
            return shape.metadata.get("error", {}).get("httpStatusCode", 400)
    return None
