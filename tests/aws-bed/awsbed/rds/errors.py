"""What RDS refuses: a code as it is on the wire, and a message."""
from ..wire import models


class Refusal(Exception):
    def __init__(self, code, message, status=None):
        super().__init__(message)
        self.code, self.message = code, message
        self.status = status or models.error_status("rds", code) or 400


def value(message):
    return Refusal("InvalidParameterValue", message)


def combination(message):
    return Refusal("InvalidParameterCombination", message)
