"""What the services beside RDS hold to, where moto does not."""
import unittest

from .harness import BedTest

TOKEN, OTHER_TOKEN = "a" * 32, "b" * 32


class Secrets(BedTest):
    world = {"secrets": [{"name": "dev/master", "value": "first"}]}

    def setUp(self):
        super().setUp()
        self.store = self.bed.client("secretsmanager")

    def put(self, text, token=None, **more):
        return self.store.put_secret_value(SecretId="dev/master", SecretString=text, **({"ClientRequestToken": token} if token else {}), **more)

    def stages(self):
        """The value at each label."""
        found = self.store.describe_secret(SecretId="dev/master")["VersionIdsToStages"]
        return {label: self.store.get_secret_value(SecretId="dev/master", VersionId=version)["SecretString"]
                for version, labels in found.items() for label in labels}

    def at(self, label):
        found = self.store.describe_secret(SecretId="dev/master")["VersionIdsToStages"]
        return next(version for version, labels in found.items() if label in labels)

    def test_a_value_that_is_put_is_current(self):
        self.put("second")
        self.assertEqual({"AWSCURRENT": "second", "AWSPREVIOUS": "first"}, self.stages())
        self.put("third")
        self.assertEqual({"AWSCURRENT": "third", "AWSPREVIOUS": "second"}, self.stages())
        self.assertEqual("third", self.store.get_secret_value(SecretId="dev/master")["SecretString"])

    def test_a_pending_value_is_promoted(self):
        self.put("second", TOKEN, VersionStages=["AWSPENDING"])
        self.assertEqual({"AWSCURRENT": "first", "AWSPENDING": "second"}, self.stages())
        self.store.update_secret_version_stage(SecretId="dev/master", VersionStage="AWSCURRENT", MoveToVersionId=TOKEN,
                                               RemoveFromVersionId=self.at("AWSCURRENT"))
        self.store.update_secret_version_stage(SecretId="dev/master", VersionStage="AWSPENDING", RemoveFromVersionId=TOKEN)
        self.assertEqual({"AWSCURRENT": "second", "AWSPREVIOUS": "first"}, self.stages())
        self.assertEqual("second", self.store.get_secret_value(SecretId="dev/master")["SecretString"])
        self.refused("ResourceNotFoundException", self.store.get_secret_value, SecretId="dev/master", VersionStage="AWSPENDING")

    def test_a_label_is_at_one_version(self):
        self.put("second", TOKEN, VersionStages=["AWSPENDING"])
        self.put("third", OTHER_TOKEN, VersionStages=["AWSPENDING"])
        self.assertEqual("third", self.stages()["AWSPENDING"])

    def test_a_token_is_for_one_value(self):
        self.put("second", TOKEN)
        self.put("second", TOKEN)
        self.refused("ResourceExistsException", self.put, text="third", token=TOKEN)

    def test_labels_are_moved_from_where_they_are(self):
        self.put("second", TOKEN, VersionStages=["AWSPENDING"])
        move = {"SecretId": "dev/master", "VersionStage": "AWSCURRENT"}
        call = self.store.update_secret_version_stage
        self.refused("InvalidParameterException", call, MoveToVersionId=TOKEN, **move)
        self.refused("InvalidParameterException", call, MoveToVersionId=TOKEN, RemoveFromVersionId=TOKEN, **move)
        self.refused("InvalidParameterException", call, RemoveFromVersionId=self.at("AWSCURRENT"), **move)
        self.refused("ResourceNotFoundException", call, MoveToVersionId=OTHER_TOKEN, RemoveFromVersionId=self.at("AWSCURRENT"), **move)

    def test_deleted_ones_keep_their_name_and_take_nothing(self):
        self.store.delete_secret(SecretId="dev/master")
        self.refused("InvalidRequestException", self.put, text="second")
        self.refused("InvalidRequestException", self.store.get_secret_value, SecretId="dev/master")
        with self.assertRaises(Exception):
            self.store.create_secret(Name="dev/master", SecretString="x")

    def test_names_and_missing_ones(self):
        self.refused("ValidationException", self.store.create_secret, Name="a b?", SecretString="x")
        self.refused("ResourceNotFoundException", self.store.put_secret_value, SecretId="nowhere", SecretString="x")
        self.store.update_secret(SecretId="dev/master", SecretString="second")
        self.assertEqual({"AWSCURRENT": "second", "AWSPREVIOUS": "first"}, self.stages())


class Messages(BedTest):
    world = {"topics": ["refresh"]}

    def test_subjects(self):
        publish, topic = self.bed.client("sns").publish, self.made["topics"]["refresh"]
        for subject in ("x" * 100, "two\nlines", "ümlaut"):
            self.refused("InvalidParameter", publish, TopicArn=topic, Message="m", Subject=subject)
        self.refused("InvalidParameter", publish, TopicArn=topic, Message="", Subject="s")
        self.refused("NotFound", publish, TopicArn=topic + "x", Message="m")
        publish(TopicArn=topic, Message="m", Subject="x" * 99)


if __name__ == "__main__":
    unittest.main()
