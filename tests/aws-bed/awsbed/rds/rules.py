"""Rules of names, tags, passwords and times that many operations share."""
import re

from .catalogue import engine
from .errors import combination, value

IDENTIFIER = re.compile(r"[A-Za-z](?!.*--)[A-Za-z0-9-]*(?<!-)$")
TAG_TEXT = re.compile(r"[\w\s_.:/=+\-@]*$", re.UNICODE)
TAGS_AT_MOST = 50


def identifier(text, parameter, longest=63):
    """A name as it is stored: in lower case (API reference: identifiers)."""
    if not IDENTIFIER.match(text) or len(text) > longest:
        raise value(f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must "
                    "contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
                    "consecutive hyphens.")
    return text.lower()


def tags(given):
    """A Tags parameter as a dict."""
    found = {}
    for tag in given or ():
        key, text = tag.get("Key", ""), tag.get("Value", "")
        if not 1 <= len(key) <= 128 or not TAG_TEXT.match(key) or len(text) > 256 or not TAG_TEXT.match(text):
            raise value(f"Tag '{key}' is not valid: keys have 1 to 128, values up to 256 letters, digits, spaces or _.:/=+-@")
        if key.lower().startswith(("aws:", "rds:")):
            raise value("Tag keys must not start with aws: or rds:")
        if key in found:
            raise value(f"Duplicate tag key: {key}")
        found[key] = text
    if len(found) > TAGS_AT_MOST:
        raise value(f"You can have at most {TAGS_AT_MOST} tags")
    return found


def tag_list(found):
    return [{"Key": k, "Value": v} for k, v in sorted(found.items())]


def password(text, engine_name):
    """The rules of a master password (API reference: CreateDBInstance)."""
    shortest, longest = engine(engine_name).passwords
    if not shortest <= len(text) <= longest:
        raise value("The parameter MasterUserPassword is not a valid password because it is "
                    f"{'shorter' if len(text) < shortest else 'longer'} than {shortest if len(text) < shortest else longest} "
                    "characters.")
    if not all(" " < c <= "~" for c in text) or set(text) & set('/"@'):
        raise value("The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides "
                    "'/', '@', '\"', ' ' may be used.")


def exactly_one(input, *names):
    given = [n for n in names if input.get(n)]
    if not given:
        raise combination(f"One of {', '.join(names)} must be specified.")
    if len(given) > 1:
        raise combination(f"{' and '.join(given)} cannot be specified together.")
    return given[0]


def port(number):
    if number is not None and not 1150 <= number <= 65535:
        raise value(f"Invalid database port: {number}. Valid port range: 1150-65535")
    return number
