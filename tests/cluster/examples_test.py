"""The examples of docs/cluster.md, but for Slurm's: tests/slurm/run runs those."""

import copy
import json
import os
import shutil
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path

try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = yaml = None

SOURCES = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ["FAREBENCH_BIN_DIR"])
EXAMPLES = SOURCES / "examples/cluster"
SCHEMAS = next(PROGRAMS.parent.parent.glob("kubernetes_schema/*.whl"), None)
# Five comparison groups, so that each of four shards has one.
WORKLOAD = "--smoke --task get --transport libcurl --workers 2,3,4,5"


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="farebench-cluster-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_here(self, *command, **variables):
        environment = os.environ | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "HOME": str(self.folder)} | variables
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def expect_all_cases(self, merged):
        listed = self.run_here("farebench", "bench", *WORKLOAD.split(), "--benchmark_list_tests").splitlines()
        rows = json.loads((self.folder / merged).read_text(encoding="utf-8"))["benchmarks"]
        self.assertEqual(sorted(row["run_name"] for row in rows if row["run_type"] == "iteration"), sorted(listed))


class ParallelTest(Folder):
    @unittest.skipUnless(shutil.which("parallel"), "needs the package parallel")
    def test_merges_all_cases(self):
        self.run_here(EXAMPLES / "parallel", *WORKLOAD.split())
        self.expect_all_cases("all.json")


@unittest.skipUnless(yaml, "needs the packages python3-jsonschema and python3-yaml")
class JobTest(Folder):
    """The manifest of the Indexed Job."""

    def setUp(self):
        super().setUp()
        self.job = yaml.safe_load((EXAMPLES / "job.yaml").read_text(encoding="utf-8"))
        self.spec = self.job["spec"]

    def test_shards_are_those_of_the_indexes(self):
        # The schema has no list of the modes.
        self.assertEqual(self.spec["completionMode"], "Indexed")
        script = " ".join(self.spec["template"]["spec"]["containers"][0]["args"])
        self.assertIn(f"--shard auto/{self.spec['completions']} ", script)

    def test_pods_run_apart(self):
        template = self.spec["template"]
        rule = template["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
        self.assertEqual(rule["labelSelector"]["matchLabels"], template["metadata"]["labels"])

    def test_script_runs_all_cases(self):
        container = self.spec["template"]["spec"]["containers"][0]
        script = container["args"][0].replace("--workload light --workers 10,20,50,100", WORKLOAD)
        self.assertIn(WORKLOAD, script)
        for index in range(self.spec["completions"]):
            self.run_here(*container["command"], script, JOB_COMPLETION_INDEX=str(index))
        self.run_here("farebench", "track", "merge", *(f"shard-{index}.json" for index in range(4)), "--out", "all.json")
        self.expect_all_cases("all.json")


@unittest.skipUnless(yaml, "needs the packages python3-jsonschema and python3-yaml")
@unittest.skipUnless(SCHEMAS, "needs the schemas that ./dev test downloads")
class SchemaTest(unittest.TestCase):
    def setUp(self):
        self.job = yaml.safe_load((EXAMPLES / "job.yaml").read_text(encoding="utf-8"))
        with zipfile.ZipFile(SCHEMAS) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith("v1.37.0-local-strict/_definitions.json"))
            definitions = json.loads(wheel.read(name))
        # The schema itself is not checked, which would take seconds.
        self.validator = jsonschema.Draft202012Validator(definitions | {"$ref": "#/$defs/io.k8s.api.batch.v1.Job"})

    def expect_refused(self, change, reason):
        job = copy.deepcopy(self.job)
        change(job)
        with self.assertRaisesRegex(jsonschema.ValidationError, reason):
            self.validator.validate(job)

    def test_manifest_is_valid(self):
        self.validator.validate(self.job)

    def test_wrong_manifests_are_refused(self):
        self.expect_refused(lambda job: job["spec"].update(completion=4), "'completion' was unexpected")
        self.expect_refused(lambda job: job["spec"].update(completions="four"), "'four' is not of type")
        self.expect_refused(lambda job: job["spec"].pop("template"), "'template' is a required property")
        self.expect_refused(lambda job: job["spec"]["template"]["spec"]["containers"][0].pop("name"), "'name' is a required")
        self.expect_refused(lambda job: job.update(apiVersion="batch/v2"), "'batch/v2' is not one of")


if __name__ == "__main__":
    unittest.main()
