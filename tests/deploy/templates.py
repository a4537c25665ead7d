"""The templates of deploy/, as data: `!Ref X` is {"Ref": "X"}, `!Sub` {"Fn::Sub": …} and so on."""
import functools
import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy"


class Loader(yaml.SafeLoader):
    pass


def intrinsic(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else "Fn::" + tag: value}


Loader.add_multi_constructor("!", intrinsic)


@functools.cache
def load(name):
    return yaml.load((FOLDER / f"awssoldb_{name}.template").read_text(), Loader)


@functools.cache
def all_templates():
    return {path.stem.removeprefix("awssoldb_"): load(path.stem.removeprefix("awssoldb_"))
            for path in sorted(FOLDER.glob("*.template"))}


def of_type(template, *types):
    return {name: each for name, each in template["Resources"].items() if each["Type"] in types}


def walk(node):
    """Every dict in it."""
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from walk(each)
    elif isinstance(node, list):
        for each in node:
            yield from walk(each)


def listed(value):
    return value if isinstance(value, list) else [value]


def branches(node):
    """What a list may hold, whichever way its conditions go."""
    for each in listed(node):
        if isinstance(each, dict) and "Fn::If" in each:
            yield from branches(each["Fn::If"][1:])
        elif each != {"Ref": "AWS::NoValue"}:
            yield each


def text(node):
    """A string with what is not known yet as `x`; None where only a parameter says it."""
    if isinstance(node, dict) and "Fn::Sub" in node:
        sub = node["Fn::Sub"]
        return re.sub(r"\$\{[^}]*\}", "x", sub if isinstance(sub, str) else sub[0])
    return node if isinstance(node, str) else None
