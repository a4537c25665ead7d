"""Where databases are: subnet groups, VPC security groups, and whether a group lets users in.

Security groups are EC2's, which moto keeps; `ec2(account, region)` gives its backend.
"""
import ipaddress
from dataclasses import dataclass

from .errors import Refusal, combination, value


@dataclass
class SubnetGroup:
    place: object
    name: str
    vpc: str
    subnets: list  # (id, zone)
    description: str = "made for tests"

    def describe(self):
        return {"DBSubnetGroupName": self.name, "DBSubnetGroupDescription": self.description, "VpcId": self.vpc,
                "SubnetGroupStatus": "Complete", "SupportedNetworkTypes": ["IPV4"],
                "DBSubnetGroupArn": self.place.arn("subgrp", self.name),
                "Subnets": [{"SubnetIdentifier": i, "SubnetAvailabilityZone": {"Name": z}, "SubnetStatus": "Active"}
                            for i, z in self.subnets]}


class Network:
    def __init__(self, ec2, users="10.20.0.0/16"):
        self.ec2, self.users = ec2, ipaddress.ip_network(users)

    def default_vpc(self, place):
        return next((v.id for v in self.ec2(place.account, place.region).vpcs.values() if v.is_default == "true" or
                     v.is_default is True), None)

    def group(self, place, group_id):
        for groups in self.ec2(place.account, place.region).groups.values():
            if group_id in groups:
                return groups[group_id]
        return None

    def default_group(self, place, vpc):
        groups = self.ec2(place.account, place.region).groups.get(vpc, {})
        return next((g.id for g in groups.values() if g.name == "default"), None)

    def subnet_group(self, place, name):
        """The one asked for, or `default`, which is in the default VPC."""
        if name:
            found = place.subnet_groups.get(name.lower())
            if not found:
                raise Refusal("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
            return found
        if "default" in place.subnet_groups:
            return place.subnet_groups["default"]
        vpc = self.default_vpc(place)
        if not vpc:
            raise Refusal("InvalidSubnet", "No default subnet detected in VPC. Please contact AWS Support to recreate the "
                          "default subnets.")
        subnets = [(s.id, s.availability_zone) for zone in self.ec2(place.account, place.region).subnets.values()
                   for s in zone.values() if s.vpc_id == vpc]
        place.subnet_groups["default"] = SubnetGroup(place, "default", vpc, subnets, "default")
        return place.subnet_groups["default"]

    def security_groups(self, place, ids, subnet_group):
        """The groups asked for, which must be in the VPC; the VPC's default one if none is."""
        if not ids:
            found = self.default_group(place, subnet_group.vpc)
            return [found] if found else []
        if len(set(ids)) != len(ids):
            raise value("Duplicate security groups")
        for each in ids:
            group = self.group(place, each)
            if group is None:
                raise value(f"Invalid security group , groupId= {each}, groupName=.")
            if group.vpc_id != subnet_group.vpc:
                raise combination("The DB instance and EC2 security group are in different VPCs. The DB instance is in "
                                  f"{subnet_group.vpc} and the EC2 security group is in {group.vpc_id}")
        return list(ids)

    def lets_users_in(self, place, group_id):
        """Does a rule of it cover an address of the users, or name a group that is tagged users=true?"""
        group = self.group(place, group_id)
        return bool(group) and any(self._covers(place, rule) for rule in group.ingress_rules)

    def _covers(self, place, rule):
        cidr = rule.ip_range.get("CidrIp")
        if cidr and ipaddress.ip_network(cidr, strict=False).overlaps(self.users):
            return True
        other = self.group(place, rule.source_group.get("GroupId", ""))
        return bool(other) and any(t["key"] == "users" and t["value"] == "true" for t in other.get_tags())
