#!/usr/bin/env python3
"""Runs the steps of the action as GitHub would, with the wheel of wheel.py instead of one from PyPI.

    python3 tests/packaging/wheel.py && python3 tests/packaging/action.py

Needs bash. What `uses:` other actions is left out.
"""

import json
import re
import subprocess
from pathlib import Path

from common import EXE, PROJECT, REPORT, ROOT, TARGET, ensure, environment, fresh_directory, python, run, tool, write

EXPRESSION = re.compile(r"\$\{\{ (inputs|steps|github)\.([\w.-]+) \}\}")


def action() -> dict:
    """action.yml, read by the parser of one of the tools."""
    read = "import json, sys, ruamel.yaml; json.dump(ruamel.yaml.YAML(typ='safe').load(open(sys.argv[1])), sys.stdout)"
    interpreter = python(tool("check-jsonschema").parent.parent)
    return json.loads(run(interpreter, "-c", read, ROOT / "action.yml").stdout)


def outputs(path: Path) -> dict[str, str]:
    """What a step wrote to `$GITHUB_OUTPUT`, in both notations."""
    found, lines = {}, iter(path.read_text().splitlines())
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals or "<<" in name:
            name, _, end = line.partition("<<")
            value = "\n".join(iter(lambda: next(lines), end))
        found[name] = value
    return found


class Job:
    """One use of the action in a project. All uses share an installation, unless they ask for a version."""

    installed: dict[str, str] = {}

    def __init__(self, project: Path, **inputs: str):
        declared = action()
        self.project = project
        self.temp = TARGET / "runner"
        known = {name: value["default"] for name, value in declared["inputs"].items()}
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        ensure(given.keys() <= known.keys(), f"unknown inputs: {given.keys() - known.keys()}")
        self.inputs = known | given
        self.steps: dict[str, dict[str, str]] = {}
        self.summary = self.temp / "summary.md"
        self.summary.write_text("")
        self.log = ""
        self.code = 0
        for step in declared["runs"]["steps"]:
            if step.get("id") == "install" and Job.installed and "version" not in given:
                self.steps["install"] = Job.installed
            elif "run" in step and self.code == 0:
                self.step(step)

    def value(self, text: str) -> str:
        def look_up(match: re.Match) -> str:
            room, name = match.groups()
            if room == "inputs":
                return self.inputs[name]
            if room == "github":
                return {"action_path": str(ROOT)}[name]
            step, _, output = name.partition(".outputs.")
            return self.steps[step].get(output, "")

        return EXPRESSION.sub(look_up, text)

    def step(self, step: dict) -> None:
        ensure("${{" not in step["run"], f"{step['name']}: an expression in a script")
        script, written = self.temp / "step.sh", self.temp / "output.txt"
        script.write_text(step["run"])
        written.write_text("")
        env = environment(
            GITHUB_OUTPUT=str(written),
            GITHUB_WORKSPACE=str(self.project),
            GITHUB_STEP_SUMMARY=str(self.summary),
            RUNNER_TEMP=str(self.temp),
            PIP_NO_INDEX="1",
            PIP_FIND_LINKS=str(TARGET / "dist"),
            **{name: self.value(text) for name, text in step.get("env", {}).items()},
        )
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.project / self.value(step.get("working-directory", ".")),
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log += done.stdout
        self.code = done.returncode
        if "id" in step:
            self.steps[step["id"]] = outputs(written)
            if step["id"] == "install" and self.code == 0:
                Job.installed = self.steps["install"]


def expect(job: Job, code: int, *words: str) -> Job:
    ensure(job.code == code, f"exit code {job.code}, expected {code}:\n{job.log}")
    for word in words:
        ensure(word in job.log, f"{word!r} is missing from\n{job.log}")
    return job


def main() -> None:
    fresh_directory("runner")
    project = fresh_directory("repository")
    write(project, {f"back end/{name}": text for name, text in (PROJECT | {"shop/report.py": REPORT}).items()})

    plain = {"output_format": "concise", "summary": "false"}
    expect(Job(project, **plain), 1, "back end/shop/report.py:5:61: DJP101 ")
    expect(Job(project, paths="back end/shop/views.py\nback end/shop/models.py\n", **plain), 0)
    job = expect(Job(project, working_directory="back end", paths="shop", **plain), 1, "shop/report.py:5:61: DJP101 ")
    ensure("back end" not in job.log, job.log)
    expect(Job(project, args="--fail-on never\n  --isolated", **plain), 0, "DJP101")
    expect(Job(project, args="--no-such-thing", **plain), 2, "no-such-thing")
    expect(Job(project, paths="nowhere", **plain), 2, "no such file or directory: nowhere")
    expect(Job(project, version="1; touch hacked", **plain), 2, "not a version")
    for text in ("; touch hacked", "$(touch hacked)", "`touch hacked`", "' && touch hacked #", '" && touch hacked #'):
        for name in ("paths", "args", "output_format", "sarif_file", "summary"):
            Job(project, **plain | {name: text})
    ensure(not list(project.rglob("hacked")), "an input was run as code")
    print("the action: exit codes, paths, arguments; nothing of an input is run")

    job = expect(Job(project, upload_sarif="true"), 1, "::warning ", "file=back end/shop/report.py")
    sarif = json.loads((project / "djperf.sarif").read_text())
    ensure(sarif["runs"][0]["results"][0]["ruleId"] == "DJP101", str(sarif))
    ensure(job.steps["check"]["sarif-file"] == str(project / "djperf.sarif"), str(job.steps))
    ensure("related-access-in-loop" in job.summary.read_text(), job.summary.read_text())
    print("the action: annotations, summary, SARIF")


if __name__ == "__main__":
    main()
