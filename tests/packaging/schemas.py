#!/usr/bin/env python3
"""Checks workflows, the action, hooks and the examples for CI against the schemas of those who read them.

    python3 tests/packaging/schemas.py

Needs PyPI for the tools; the schemas come with them. The Jenkinsfile has no schema.
"""

import re
import shutil

from common import ROOT, ensure, fresh_directory, run, tool

SCHEMAS = {
    "vendor.github-actions": ["action.yml"],
    "vendor.github-workflows": [
        ".github/workflows/ci.yml",
        ".github/workflows/release.yml",
        "examples/ci/github.yml",
        "examples/ci/github-changes.yml",
    ],
    "vendor.gitlab-ci": ["examples/ci/gitlab-ci.yml"],
    "vendor.azure-pipelines": ["examples/ci/azure-pipelines.yml"],
}
# As check-jsonschema's own hooks read them.
READING = {
    "vendor.gitlab-ci": ("--data-transform", "gitlab-ci", "--regex-variant", "nonunicode"),
    "vendor.azure-pipelines": ("--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"),
}
WITHOUT_SCHEMA = {"Jenkinsfile"}
PRE_COMMIT = ["examples/ci/pre-commit-config.yaml", "examples/ci/pre-commit-pypi.yaml"]
PINNED = re.compile(r"@[0-9a-f]{40}\Z")


def main() -> None:
    for schema, files in SCHEMAS.items():
        run(tool("check-jsonschema"), "--builtin-schema", schema, *READING.get(schema, ()), *files)
    run(tool("pre-commit"), "validate-manifest", ".pre-commit-hooks.yaml")
    run(tool("pre-commit"), "validate-config", *PRE_COMMIT)
    checked = {name for files in (*SCHEMAS.values(), PRE_COMMIT) for name in files}
    there = {f"examples/ci/{path.name}" for path in (ROOT / "examples/ci").iterdir() if path.name not in WITHOUT_SCHEMA}
    there |= {f".github/workflows/{path.name}" for path in (ROOT / ".github/workflows").iterdir()}
    ensure(there <= checked, f"not checked: {sorted(there - checked)}")

    # Does a schema reject what is wrong?
    broken = fresh_directory("broken") / "action.yml"
    broken.write_text((ROOT / "action.yml").read_text().replace("using: composite", "using: composed"))
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-actions", broken, code=1)

    run(tool("zizmor"), "--offline", "--no-progress", "action.yml", ".github/workflows")
    injected = broken.with_name("injected") / "action.yml"
    injected.parent.mkdir()
    injected.write_text((ROOT / "action.yml").read_text().replace('"$OUTPUT_FORMAT"', '"${{ inputs.output-format }}"'))
    done = run(tool("zizmor"), "--offline", "--no-progress", injected, code=None)
    ensure(done.returncode != 0 and "template-injection" in done.stdout, done.stdout)
    shutil.rmtree(broken.parent)

    for name in ("action.yml", ".github/workflows/ci.yml", ".github/workflows/release.yml", "examples/ci/github.yml"):
        for used in re.findall(r"uses: (\S+)", (ROOT / name).read_text()):
            ensure(bool(PINNED.search(used)) or used.startswith("OWNER/"), f"{name}: {used} is not pinned")
    print(f"{len(checked) + 2} files are valid")


if __name__ == "__main__":
    main()
