"""cfn-lint finds nothing in the templates of deploy/."""
import os
import subprocess
import sys
import unittest

from templates import FOLDER

# Nothing is asked of any network: its specifications are a part of the package.
NOWHERE = {"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1",
           "https_proxy": "http://127.0.0.1:1", "NO_PROXY": "", "no_proxy": ""}


class Lint(unittest.TestCase):
    def test_nothing_is_found(self):
        files = sorted(str(path) for path in FOLDER.glob("*.template"))
        self.assertEqual(len(files), 5)
        tool = os.path.join(os.path.dirname(sys.executable), "cfn-lint")
        ran = subprocess.run([tool, "--regions", "eu-central-1", "us-east-1", "--", *files], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, env={**os.environ, **NOWHERE}, check=False)
        self.assertEqual((ran.returncode, ran.stdout.strip()), (0, ""))
