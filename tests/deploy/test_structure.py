"""How the templates of deploy/ fit together, and what they must never say."""
import re
import unittest

from templates import FOLDER, all_templates, branches, load, of_type, walk

FUNCTIONS = ["PlanFunction", "ChangeFunction", "SqlFunction", "ReportFunction"]
OUTPUTS = {"StateMachineArn", "TopicArn", "TableName", "RDSSecGrp", "QuarantineGroup", *(name + "Arn" for name in FUNCTIONS)}
NOWHERE = {"IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "Nothing goes out"}
ENVIRONMENT = {"DBREFRESH_QUARANTINE_GROUP", "DBREFRESH_GROUPS", "DBREFRESH_ADDRESSES", "DBREFRESH_ALLOW_UNMASKED", "DBREFRESH_KMS_KEY"}


def nested():
    """(name of the stack, its resource, its template)"""
    for name, stack in of_type(load("global"), "AWS::CloudFormation::Stack").items():
        yield name, stack["Properties"], load(name.lower())


def from_stack(node):
    """(stack, output) that a value is of."""
    if isinstance(node, dict) and "Fn::GetAtt" in node and node["Fn::GetAtt"][1].startswith("Outputs."):
        return node["Fn::GetAtt"][0], node["Fn::GetAtt"][1].removeprefix("Outputs.")
    return None


class Structure(unittest.TestCase):
    def test_nested_stacks_get_all_parameters_and_no_other(self):
        self.assertEqual({path.stem.removeprefix("awssoldb_") for path in FOLDER.glob("*.template")},
                         {"global", *(name.lower() for name, _, _ in nested())})
        for name, stack, template in nested():
            self.assertEqual(set(stack["Parameters"]), set(template["Parameters"]), name)
            urls = [each["Fn::Sub"] for each in stack["TemplateURL"]["Fn::If"][1:]]
            self.assertEqual({url.rsplit("/", 1)[1] for url in urls}, {f"awssoldb_{name.lower()}.template"})

    def test_outputs_of_nested_stacks_exist_and_make_no_circle(self):
        waits = {}
        for name, stack, _ in nested():
            sources = [source for each in walk(stack["Parameters"]) if (source := from_stack(each))]
            waits[name] = {source for source, _ in sources}
            for source, output in sources:
                self.assertIn(output, load(source.lower())["Outputs"], name)
        while waits:
            ready = {name for name, others in waits.items() if not others & set(waits)}
            self.assertTrue(ready, f"these wait for one another: {sorted(waits)}")
            waits = {name: others for name, others in waits.items() if name not in ready}

    def test_parameters_that_are_passed_on_mean_the_same(self):
        parameters = load("global")["Parameters"]
        for name, _, template in nested():
            for each, given in template["Parameters"].items():
                for said in ("Default", "AllowedValues"):
                    if each in parameters and said in given:
                        self.assertEqual(given[said], parameters[each].get(said), f"{name}: {said} of {each}")

    def test_outputs(self):
        outputs = load("global")["Outputs"]
        self.assertEqual(set(outputs), OUTPUTS)
        for name, output in outputs.items():
            stack, of = from_stack(output["Value"])
            self.assertIn(of, load(stack.lower())["Outputs"], name)

    def test_the_machine_knows_its_functions(self):
        machine = load("orchestration")["Resources"]["StateMachine"]["Properties"]
        self.assertEqual(machine["DefinitionSubstitutions"], {name: {"Ref": name + "Arn"} for name in FUNCTIONS})
        given = load("global")["Resources"]["Orchestration"]["Properties"]["Parameters"]
        compute = load("compute")
        for name in FUNCTIONS:
            self.assertEqual(from_stack(given[name + "Arn"]), ("Compute", name + "Arn"))
            self.assertEqual(compute["Outputs"][name + "Arn"]["Value"], {"Fn::GetAtt": [name, "Arn"]})
            # Policies name it so.
            self.assertEqual(compute["Resources"][name]["Properties"]["FunctionName"],
                             "awssoldb-" + name.removesuffix("Function").lower())

    def test_functions(self):
        functions = of_type(load("compute"), "AWS::Lambda::Function")
        self.assertEqual(set(functions), set(FUNCTIONS))
        for name, function in functions.items():
            properties = function["Properties"]
            self.assertEqual(set(properties["Environment"]["Variables"]), ENVIRONMENT, name)
            self.assertEqual(properties["Role"], {"Ref": name.removesuffix("Function") + "RoleArn"})
            self.assertEqual("VpcConfig" in properties, name == "SqlFunction", name)

    def test_a_look_for_overdue_databases_that_fails_is_told(self):
        resources = load("orchestration")["Resources"]
        self.assertEqual(resources["Overdue"]["Condition"], resources["OverdueFailed"]["Condition"])
        failed = resources["OverdueFailed"]["Properties"]
        self.assertEqual(failed["FunctionName"], load("compute")["Resources"]["ReportFunction"]["Properties"]["FunctionName"])
        self.assertEqual(failed["DestinationConfig"], {"OnFailure": {"Destination": {"Ref": "TopicArn"}}})

    def test_nothing_stays_but_the_table(self):
        for template in all_templates().values():
            for name, resource in template["Resources"].items():
                policies = {resource.get(policy, "Delete") for policy in ("DeletionPolicy", "UpdateReplacePolicy")}
                stays = {"RetainExceptOnCreate", "Retain"} if resource["Type"] == "AWS::DynamoDB::Table" else {"Delete"}
                self.assertEqual(policies, stays, name)
                if resource["Type"] in ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster"):
                    self.assertIn("DeletionPolicy", resource, f"{name}: a snapshot would stay")

    def test_no_password(self):
        for template in all_templates().values():
            for name, parameter in template["Parameters"].items():
                self.assertNotRegex(name, re.compile("pass(word)?$|pwd|secret$|credential|token", re.I))
                self.assertNotIn("NoEcho", parameter, name)
            for name, resource in of_type(template, "AWS::RDS::DBInstance", "AWS::RDS::DBCluster").items():
                self.assertNotIn("MasterUserPassword", resource["Properties"], name)
                if "MasterUsername" in resource["Properties"]:
                    self.assertIs(resource["Properties"].get("ManageMasterUserPassword"), True, name)

    def test_nobody_is_let_in_from_everywhere(self):
        groups = of_type(load("security"), "AWS::EC2::SecurityGroup")
        for template in all_templates().values():
            for name, group in of_type(template, "AWS::EC2::SecurityGroup").items():
                self.assertTrue(group["Properties"].get("SecurityGroupEgress"), f"{name}: EC2 would let all out")
                for rule in branches(group["Properties"].get("SecurityGroupIngress", [])):
                    self.assertNotIn(rule.get("CidrIp"), ("0.0.0.0/0",), name)
                    self.assertNotIn("CidrIpv6", rule, name)
        quarantine = groups["QuarantineGroup"]["Properties"]
        self.assertEqual(quarantine["SecurityGroupEgress"], [NOWHERE])
        self.assertEqual([rule["SourceSecurityGroupId"]["Ref"] for rule in branches(quarantine["SecurityGroupIngress"])],
                         ["SqlGroup", "ScriptHostGroup"])
        for rule in of_type(load("security"), "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress").values():
            self.assertNotEqual(rule["Properties"]["GroupId"], {"Ref": "QuarantineGroup"})

    def test_no_partition_is_written_out(self):
        for path in FOLDER.glob("*.template"):
            for line in path.read_text().splitlines():
                if not line.lstrip().startswith(("Description:", "#")):
                    self.assertNotRegex(line, r"arn:aws|amazonaws\.com/|s3\.amazonaws", path.name)
