"""The services beside RDS of a world: what moto keeps."""
import json

from .rds.store import partition_of


def plant_services(bed, document, made):
    account, region = document["account"], document["region"]

    def client(service):
        return bed.upstream.client(service, account, region)
    _network(client("ec2"), document, made)
    _named(bed.upstream.backend("ec2", account, region), document, made)
    for each in document.get("keys", []):
        _key(client("kms"), each, partition_of(region), made)
    for each in document.get("secrets", []):
        value = each["value"] if isinstance(each["value"], str) else json.dumps(each["value"])
        made["secrets"][each["name"]] = client("secretsmanager").create_secret(Name=each["name"], SecretString=value)["ARN"]
        if "owner" in each:
            kept = bed.upstream.backend("secretsmanager", account, region).secrets[each["name"]]
            kept.tags = [{"Key": "aws:secretsmanager:owningService", "Value": each["owner"]}]
        if each.get("deleted"):
            client("secretsmanager").delete_secret(SecretId=each["name"], RecoveryWindowInDays=7)
        bed._learn_secret(value)
    for each in document.get("buckets", []):
        for where in bed.all_upstreams():
            _bucket(where.client("s3", account, region), each, region)
    for each in document.get("tables", []):
        _table(client("dynamodb"), each)
        bed.tables.append((account, region, each["name"]))
    for each in document.get("topics", []):
        made["topics"][each] = client("sns").create_topic(Name=each)["TopicArn"]
        bed.topics.append((account, region, made["topics"][each]))
    bed.hosts.hosts += [{"id": f"i-{number:017x}", "name": "DbRestore", "address": "10.0.0.9", "ping": "Online", "platform": "Linux",
                         **each} for number, each in enumerate(document.get("hosts", []))]
    bed.functions += document.get("functions", [])
    for each in document.get("queues", []):
        sqs = bed.all_upstreams()[-1].client("sqs", account, region)
        made["queues"][each] = sqs.create_queue(QueueName=each)["QueueUrl"]


def _network(ec2, document, made):
    """Security groups in the default VPC, or in one named by `vpc`; users' groups let `users` in."""
    vpcs = {"default": ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]}
    users = document.get("users", "10.20.0.0/16")
    for group in document.get("subnet_groups", []):
        vpc = _vpc(ec2, vpcs, group.get("vpc", "default"))
        subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        made["subnet_groups"][group["name"]] = (vpc, [(s["SubnetId"], s["AvailabilityZone"]) for s in subnets])
    for group in document.get("security_groups", []):
        _group(ec2, group, _vpc(ec2, vpcs, group.get("vpc", "default")), users, made)


def _named(ec2, document, made):
    """Gives security groups the ids that a world asks for: files name them by id. `ec2` is moto's backend."""
    for each in document.get("security_groups", []):
        if "id" not in each:
            continue
        for groups in ec2.groups.values():
            if made["security_groups"][each["name"]] in groups:
                group = groups.pop(made["security_groups"][each["name"]])
                group.id = group.group_id = made["security_groups"][each["name"]] = each["id"]
                groups[each["id"]] = group


def _group(ec2, group, vpc, users, made):
    """Lets in `users`, a `cidr` or more `cidrs`, and who is in the groups `from`; `interfaces` are private addresses that are in it."""
    made_id = made["security_groups"][group["name"]] = ec2.create_security_group(
        GroupName=group["name"], Description=group["name"], VpcId=vpc)["GroupId"]
    ranges = [{"CidrIp": c} for c in [users if group.get("users") else None, group.get("cidr"), *group.get("cidrs", [])] if c]
    pairs = [{"GroupId": made["security_groups"][name]} for name in group.get("from", [])]
    first, last = group.get("ports", (3306, 5432))
    if ranges or pairs:
        ec2.authorize_security_group_ingress(GroupId=made_id, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, "IpRanges": ranges, "UserIdGroupPairs": pairs}])
    if group.get("no_egress"):
        ec2.revoke_security_group_egress(GroupId=made_id, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    if group.get("tags"):
        ec2.create_tags(Resources=[made_id], Tags=[{"Key": k, "Value": v} for k, v in group["tags"].items()])
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
    for address in group.get("interfaces", []):
        ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=address, Groups=[made_id])


def _vpc(ec2, vpcs, name):
    if name not in vpcs:
        vpc = vpcs[name] = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
        zones = [z["ZoneName"] for z in ec2.describe_availability_zones()["AvailabilityZones"]][:2]
        for number, zone in enumerate(zones):
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.99.{number}.0/24", AvailabilityZone=zone)
    return vpcs[name]


def disable_keys(bed, document, made):
    """Last of all: what they encrypt was encrypted before."""
    for each in document.get("keys", []):
        if each.get("disabled"):
            bed.upstream.client("kms", document["account"], document["region"]).disable_key(KeyId=made["keys"][each["name"]].split("/")[1])


def _key(kms, each, partition, made):
    key = kms.create_key(Description=each["name"], Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": [f"arn:{partition}:iam::{a}:root" for a in each.get("accounts", [])] or "*"},
         "Action": "kms:*", "Resource": "*"}]}))["KeyMetadata"]
    kms.create_alias(AliasName=f"alias/{each['name']}", TargetKeyId=key["KeyId"])
    made["keys"][each["name"]] = key["Arn"]


def _bucket(s3, each, region):
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=each["name"], **place)
    for key, text in each.get("objects", {}).items():
        s3.put_object(Bucket=each["name"], Key=key, Body=text.encode())


def _table(dynamodb, each):
    keys = [(each["key"], "HASH")] + ([(each["range"], "RANGE")] if each.get("range") else [])
    dynamodb.create_table(TableName=each["name"], BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in keys],
                          KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in keys])
