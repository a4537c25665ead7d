"""Values against a shape: types, required members, ranges, lengths, enumerations, patterns."""
import re
from datetime import datetime
from functools import lru_cache

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$")

UNIONS = ("AttributeValue",)  # of DynamoDB, whose model does not say so


class Text(str):
    """A scalar as text on the wire (query, header): its shape says what it must read as."""


@lru_cache(maxsize=None)
def _pattern(text):
    try:
        return re.compile(text)
    except re.error:
        return None  # a few models use Java's dialect


def _scalar_faults(shape, value, where):
    kind = shape.type_name
    text = isinstance(value, Text)
    if kind in ("string", "char"):
        return [] if isinstance(value, str) else [f"{where}: {type(value).__name__} instead of a string"]
    if kind in ("integer", "long"):
        good = re.fullmatch(r"-?\d+", value) if text else isinstance(value, int) and not isinstance(value, bool)
    elif kind in ("float", "double"):
        good = re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", value) if text else \
            isinstance(value, (int, float)) and not isinstance(value, bool)
    elif kind == "boolean":
        good = value in ("true", "false") if text else isinstance(value, bool)
    elif kind == "timestamp":
        good = ISO.match(value) if text else isinstance(value, (int, float)) and not isinstance(value, bool)
    else:  # blobs
        good = isinstance(value, (str, bytes))
    return [] if good else [f"{where}: {value!r} is no {kind}"]


def _limits(shape, value, where):
    meta, found = shape.metadata, []
    kind = shape.type_name
    size = None
    if kind in ("string", "list", "map", "blob"):
        size = len(value)
    elif kind in ("integer", "long", "float", "double"):
        size = float(value)
    if size is not None and "min" in meta and size < meta["min"]:
        found.append(f"{where}: {size} is less than {meta['min']}")
    if size is not None and "max" in meta and size > meta["max"]:
        found.append(f"{where}: {size} is more than {meta['max']}")
    if kind == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        found.append(f"{where}: {value!r} is none of {', '.join(shape.enum)}")
    if kind == "string" and meta.get("pattern"):
        pattern = _pattern(meta["pattern"])
        if pattern and not pattern.search(value):
            found.append(f"{where}: {value!r} does not fit the pattern {meta['pattern']}")
    return found


def faults(shape, value, where=""):
    """What is wrong with a value, in words that name its place."""
    kind = shape.type_name
    if kind == "structure" and getattr(shape, "is_document_type", False):
        return []
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{where or 'input'}: {type(value).__name__} instead of a structure"]
        found = [f"{where}{'.' if where else ''}{name}: required" for name in shape.required_members
                 if value.get(name) is None]
        for name, inner in value.items():
            place = f"{where}.{name}" if where else name
            if name not in shape.members:
                found.append(f"{place}: no such parameter")
            elif inner is not None:
                found += faults(shape.members[name], inner, place)
            else:
                found.append(f"{place}: null")
        if (getattr(shape, "is_tagged_union", False) or shape.name in UNIONS) and len(value) != 1:
            found.append(f"{where}: a union has exactly one member")
        return found
    if kind == "list":
        if not isinstance(value, list):
            return [f"{where}: {type(value).__name__} instead of a list"]
        return _limits(shape, value, where) + [f for i, v in enumerate(value)
                                               for f in faults(shape.member, v, f"{where}[{i}]")]
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{where}: {type(value).__name__} instead of a map"]
        return _limits(shape, value, where) + [f for k, v in value.items()
                                               for f in faults(shape.key, k, f"{where}.{k} (key)") +
                                               faults(shape.value, v, f"{where}.{k}")]
    return _scalar_faults(shape, value, where) or _limits(shape, value, where)


def typed(shape, value):
    """A sound value with its texts read: numbers, booleans, timestamps as datetimes."""
    kind = shape.type_name
    if kind == "structure":
        return {k: typed(shape.members[k], v) for k, v in value.items()}
    if kind == "list":
        return [typed(shape.member, v) for v in value]
    if kind == "map":
        return {k: typed(shape.value, v) for k, v in value.items()}
    if not isinstance(value, Text):
        return value
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return value == "true"
    if kind == "timestamp":
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return str(value)
