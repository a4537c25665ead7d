"""What a stack of CloudFormation makes that refreshes use: in the bed's own world, and not in ministack's, which only the
stack would see. Each is made as CloudFormation makes it (AWS CloudFormation Template Reference)."""

import re

MACHINE = "AWS::StepFunctions::StateMachine"  # only where it is moto that executes it
RULE_SOURCES = ("SourceSecurityGroupId", "DestinationSecurityGroupId")


def _permission(rule):
    ports = {"FromPort": int(rule["FromPort"]), "ToPort": int(rule["ToPort"])} if "FromPort" in rule else {}
    groups = [{"GroupId": rule[each]} for each in RULE_SOURCES if each in rule]
    ranges = [{"CidrIp": rule["CidrIp"]}] if "CidrIp" in rule else []
    return {"IpProtocol": str(rule["IpProtocol"]), **ports, "UserIdGroupPairs": groups, "IpRanges": ranges}


def _allow(ec2, direction, group, rules):
    if rules:
        call = ec2.authorize_security_group_ingress if direction == "Ingress" else ec2.authorize_security_group_egress
        call(GroupId=group, IpPermissions=[_permission(each) for each in rules])


def _group(bed, client, properties, name):
    """A rule for what goes out takes the place of the one that lets all out."""
    ec2 = client("ec2")
    made = ec2.create_security_group(GroupName=properties.get("GroupName", name), Description=properties["GroupDescription"],
                                     VpcId=properties["VpcId"])["GroupId"]
    if properties.get("Tags"):
        ec2.create_tags(Resources=[made], Tags=properties["Tags"])
    if properties.get("SecurityGroupEgress"):
        ec2.revoke_security_group_egress(GroupId=made, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    for direction in ("Ingress", "Egress"):
        _allow(ec2, direction, made, properties.get("SecurityGroup" + direction))
    return made, {"GroupId": made, "VpcId": properties["VpcId"]}


def _rule(direction):
    def make(bed, client, properties, name):
        _allow(client("ec2"), direction, properties["GroupId"], [properties])
        return f"{name}-rule", {}
    return make


def _table(bed, client, properties, name):
    dynamodb = client("dynamodb")
    wanted = {key: properties[key] for key in ("TableName", "AttributeDefinitions", "KeySchema", "BillingMode")}
    arn = dynamodb.create_table(**wanted)["TableDescription"]["TableArn"]
    bed.tables.append((arn.split(":")[4], arn.split(":")[3], properties["TableName"]))
    return properties["TableName"], {"Arn": arn}


def _topic(bed, client, properties, name):
    arn = client("sns").create_topic(Name=properties.get("TopicName", name))["TopicArn"]
    bed.topics.append((arn.split(":")[4], arn.split(":")[3], arn))
    return arn, {"TopicArn": arn, "TopicName": arn.rpartition(":")[2]}


def _subscription(bed, client, properties, name):
    made = client("sns").subscribe(TopicArn=properties["TopicArn"], Protocol=properties["Protocol"], Endpoint=properties["Endpoint"])
    return made["SubscriptionArn"], {}


def _machine(bed, client, properties, name):
    text = properties.get("DefinitionString")
    if text is None:
        where = properties["DefinitionS3Location"]
        text = client("s3").get_object(Bucket=where["Bucket"], Key=where["Key"])["Body"].read().decode()
    text = re.sub(r"\$\{(\w+)\}", lambda found: properties["DefinitionSubstitutions"][found[1]], text)
    made = client("stepfunctions").create_state_machine(name=properties.get("StateMachineName", name), definition=text,
                                                        roleArn=properties["RoleArn"], type=properties.get("StateMachineType", "STANDARD"))
    return made["stateMachineArn"], {"Arn": made["stateMachineArn"], "Name": properties.get("StateMachineName", name)}


def _drop_group(bed, client, physical, properties):
    client("ec2").delete_security_group(GroupId=physical)


def _drop_table(bed, client, physical, properties):
    bed.tables[:] = [each for each in bed.tables if each[2] != physical]
    client("dynamodb").delete_table(TableName=physical)


def _drop_topic(bed, client, physical, properties):
    bed.topics[:] = [each for each in bed.topics if each[2] != physical]
    client("sns").delete_topic(TopicArn=physical)


def _drop_machine(bed, client, physical, properties):
    client("stepfunctions").delete_state_machine(stateMachineArn=physical)


def _nothing(bed, client, physical, properties):
    """Goes with what it is of."""


KINDS = {"AWS::EC2::SecurityGroup": (_group, _drop_group), "AWS::EC2::SecurityGroupIngress": (_rule("Ingress"), _nothing),
         "AWS::EC2::SecurityGroupEgress": (_rule("Egress"), _nothing), "AWS::DynamoDB::Table": (_table, _drop_table),
         "AWS::SNS::Topic": (_topic, _drop_topic), "AWS::SNS::Subscription": (_subscription, _nothing),
         MACHINE: (_machine, _drop_machine)}


def make(bed, body):
    """{"type", "properties", "name", "account", "region"}; its physical id and attributes."""
    def client(service):
        return bed.upstream.client(service, body["account"], body["region"])
    made, attributes = KINDS[body["type"]][0](bed, client, body["properties"], body["name"])
    return {"id": made, "attributes": attributes}


def drop(bed, body):
    """{"type", "properties", "id", "account", "region"}."""
    def client(service):
        return bed.upstream.client(service, body["account"], body["region"])
    KINDS[body["type"]][1](bed, client, body["id"], body["properties"])
    return {}
