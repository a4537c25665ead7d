"""Parameter groups of instances and clusters, and option groups: those that are always there, and those of a world."""
from . import catalogue
from .errors import Refusal, combination


def _found(place, table, name, code, what):
    found = table.get(name.lower())
    if found is None and name.startswith("default."):
        family = name[len("default."):]
        if any(catalogue.family(e.name, v) == family for e in catalogue.ENGINES.values() for v in e.versions):
            return family
    if found is None:
        raise Refusal(code, f"{what} not found: {name}")
    return found


def parameter_group(place, name, engine, version, cluster=False):
    """The name that is used: the one asked for, whose family must fit, or the default."""
    family = catalogue.family(engine, version)
    if not name:
        return f"default.{family}"
    table = place.cluster_parameter_groups if cluster else place.parameter_groups
    code = "DBClusterParameterGroupNotFound" if cluster else "DBParameterGroupNotFound"
    found = _found(place, table, name, code, "DBClusterParameterGroup" if cluster else "DBParameterGroup")
    if found != family:
        raise combination(f"The parameter group {name} with DBParameterGroupFamily {found} can't be used for this instance. "
                          f"Please use a parameter group with DBParameterGroupFamily {family}")
    return name.lower()


def option_group(place, name, engine, version):
    major = catalogue.major(engine, version)
    default = f"default:{engine}-{major.replace('.', '-')}"
    if not name or name == default:
        return default
    found = place.option_groups.get(name.lower())
    if not found:
        raise Refusal("OptionGroupNotFoundFault", f"Specified OptionGroupName: {name} not found.")
    if found != (engine, major):
        raise combination(f"The option group {name} is for {found[0]} {found[1]}, not for {engine} {major}.")
    return name.lower()
