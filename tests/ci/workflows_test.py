"""The workflows: their structure, their scripts, and the example's steps, which run here with a small workload."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

try:
    import yaml
except ImportError:
    yaml = None

SOURCES = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ["FAREBENCH_BIN_DIR"])
EXAMPLE = SOURCES / "examples/ci/farebench.yml"
OWN = SOURCES / ".github/workflows/ci.yml"


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps_of(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def scripts_of(workflow):
    return [step["run"] for step in steps_of(workflow) if "run" in step]


@unittest.skipUnless(yaml, "needs the package python3-yaml")
class WorkflowsTest(unittest.TestCase):
    def test_jobs_are_complete_and_bounded(self):
        for path in (OWN, EXAMPLE):
            workflow = read(path)
            with self.subTest(path=path.name):
                # YAML 1.1 reads the key `on` as true.
                self.assertTrue({"name", True, "permissions", "jobs"} <= workflow.keys())
                self.assertEqual(workflow["permissions"], {"contents": "read"})
                for job in workflow["jobs"].values():
                    self.assertIn("runs-on", job)
                    self.assertLessEqual(job["timeout-minutes"], 180)
                for step in steps_of(workflow):
                    self.assertEqual(len({"uses", "run"} & step.keys()), 1, step)

    def test_actions_are_pinned(self):
        for path in (OWN, EXAMPLE):
            for step in steps_of(read(path)):
                if "uses" in step:
                    self.assertRegex(step["uses"], r"^[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})$")

    def test_scripts_are_valid_bash(self):
        for path in (OWN, EXAMPLE):
            for script in scripts_of(read(path)):
                # Expressions would put text of others into a script.
                self.assertNotIn("${{", script)
                subprocess.run(["bash", "-n"], input=script.encode(), check=True)

    def test_history_is_complete_where_it_is_needed(self):
        for job in (read(OWN)["jobs"]["ci"], read(EXAMPLE)["jobs"]["gate"]):
            checkout = next(step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@"))
            self.assertEqual(checkout["with"]["fetch-depth"], 0)

    def test_own_workflow_runs_the_checks_of_the_repository(self):
        self.assertIn(".ci/run", scripts_of(read(OWN)))
        self.assertTrue(os.access(SOURCES / ".ci/run", os.X_OK))

    def test_only_publishing_may_write(self):
        jobs = read(EXAMPLE)["jobs"]
        self.assertEqual([name for name, job in jobs.items() if "permissions" in job], ["publish"])
        self.assertEqual(jobs["publish"]["if"], "github.event_name == 'push'")

    def test_documented_commands_are_those_of_the_example(self):
        text = (SOURCES / "docs/ci.md").read_text(encoding="utf-8")
        documented = re.findall(r"^farebench/dev .*$", text, re.MULTILINE)
        in_example = [line for script in scripts_of(read(EXAMPLE)) for line in script.splitlines()
                      if line.startswith("farebench/dev ")]
        self.assertEqual(documented, in_example)


@unittest.skipUnless(yaml, "needs the package python3-yaml")
class ExampleTest(unittest.TestCase):
    """Runs the example's steps in a repository whose client is that of docs/clients.md."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="farebench-ci-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.project = self.folder / "project"
        origin = self.folder / "origin"
        self.environment = os.environ | {
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GITHUB_BASE_REF": "main",
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            # Smaller than the example's, which parses as well: see test_workload_is_valid.
            "WORKLOAD": "--smoke --task get --workers 2"}
        source = re.search(r"```python\n(import argparse.*?)```", (SOURCES / "docs/clients.md").read_text(encoding="utf-8"),
                           re.DOTALL).group(1)
        origin.mkdir()
        (origin / "client.py").write_text("#!/usr/bin/python3\n" + source, encoding="utf-8")
        (origin / "Makefile").write_text("client: client.py\n\tinstall -m 755 $< $@\n", encoding="utf-8")
        self.run_script("git init -q -b main && git add . && git commit -q -m one", origin)
        self.run_script(f"git clone -q {origin} {self.project}", self.folder)
        self.run_script("git checkout -q -b change && git commit -q --allow-empty -m two", self.project)
        # In place of ./dev, which would build: the programs of this build.
        dev = self.project / "farebench/dev"
        dev.parent.mkdir()
        dev.write_text('#!/bin/sh\nverb=$1\nshift\nexec "$FAREBENCH_BIN_DIR/$verb" "$@"\n', encoding="utf-8")
        dev.chmod(0o755)

    def run_script(self, script, folder, check=True):
        identity = {f"GIT_{who}_{what}": "tester@example.invalid" for who in ("AUTHOR", "COMMITTER")
                    for what in ("NAME", "EMAIL")}
        # As GitHub runs it.
        done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd=folder,
                              env=self.environment | identity, capture_output=True, text=True, check=False)
        if check:
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def run_job(self, name):
        done = None
        for step in read(EXAMPLE)["jobs"][name]["steps"]:
            if "run" not in step or "apt-get" in step["run"]:
                continue
            done = self.run_script(step["run"], self.project, check=False)
            self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        return done

    def summary(self):
        return (self.folder / "summary.md").read_text(encoding="utf-8")

    def test_gate_compares_both_clients(self):
        self.run_job("gate")
        self.assertRegex(self.summary(), r"\A### (\d+ of \d+|Nothing) got worse")
        self.assertIn(f"{self.project}/old/client", self.summary())
        self.assertIn("To repeat it: ", self.summary())

    def test_gate_fails_if_the_client_fails(self):
        (self.project / "client.py").write_text("#!/bin/sh\nexit 7\n", encoding="utf-8")
        self.assertEqual(self.run_job("gate").returncode, 1)
        self.assertRegex(self.summary(), r"\A### \d+ of \d+ got worse")

    def test_published_files_have_the_row(self):
        self.run_job("publish")
        entries = json.loads((self.project / "entries.json").read_text(encoding="utf-8"))
        self.assertTrue([entry for entry in entries if "client:mine" in entry["name"]], entries)
        self.assertIn("client:mine", (self.project / "run.csv").read_text(encoding="utf-8"))
        self.assertIn("| client:mine | 2 | ", self.summary())

    def test_workload_is_valid(self):
        self.environment["WORKLOAD"] = read(EXAMPLE)["env"]["WORKLOAD"]
        done = self.run_script("$FAREBENCH_BIN_DIR/bench --strategies raw_epoll $WORKLOAD --benchmark_list_tests", self.project)
        self.assertEqual(len(done.stdout.splitlines()), 2, done.stdout)


if __name__ == "__main__":
    unittest.main()
