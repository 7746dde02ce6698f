#!/usr/bin/env python3
"""Asks real Django what happens when the order of middleware breaks a constraint.

    python3 tests/oracle/middleware.py            measure and write middleware.json
    python3 tests/oracle/middleware.py --check    measure and compare; 1 if anything differs

For each constraint of rules/django/middleware.toml with `verified = true` there is an experiment in stack.py: requests
through a list that keeps the constraint, and through one that breaks it. The run fails when one is missing, when both
answer the same although the constraint is reported, and when they differ although it is never reported.

Needs Python 3.11 or later and the standard library; Django and the packages go into virtual environments under
target/oracle.
"""

import argparse
import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import run

TABLE = run.ROOT / "rules" / "django" / "middleware.toml"
ANSWERS = run.HERE / "middleware.json"
SERIES = ("5.2", "6.1")
PACKAGES = ("whitenoise==6.9.0", "django-cors-headers==4.7.0")


def environment(version: str, available: dict[int, str]) -> Path | None:
    """The Python of a virtual environment with the packages; None without a Python for the series."""
    first, last = run.VERSIONS[version]
    fitting = [minor for minor in sorted(available) if first <= minor <= last]
    if not fitting:
        return None
    home = run.TARGET / f"venv-middleware-{version}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = " ".join([f"Django=={version}.*", *PACKAGES])
    stamp = home / "ready"
    if not (stamp.exists() and stamp.read_text() == wanted):
        shutil.rmtree(home, ignore_errors=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([available[fitting[-1]], "-m", "venv", str(home)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *wanted.split()], check=True)
        stamp.write_text(wanted)
    return python


def measure(python: Path) -> dict:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO"))}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "TZ": "UTC"}
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python), str(run.HERE / "stack.py"), folder]
        done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def flaws(version: str, answers: dict) -> list[str]:
    """What the table says otherwise."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["constraint"]
    verified = {row["id"]: row["severity"] for row in rows if row["verified"]}
    found = [f"{version}: no experiment for {name}" for name in verified.keys() - answers.keys()]
    found += [f"{version}: no such verified constraint: {name}" for name in answers.keys() - verified.keys()]
    for name in sorted(verified.keys() & answers.keys()):
        same = answers[name]["kept"] == answers[name]["broken"]
        if same != (verified[name] == "style"):
            found.append(f"{version}: {name} is {verified[name]}, and {answers[name]}")
    return sorted(found)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    available = run.pythons()
    answers, wrong = {}, []
    known = json.loads(ANSWERS.read_text(encoding="utf-8")) if ANSWERS.exists() else {}
    for version in SERIES:
        python = environment(version, available)
        if python is None:
            print(f"{version}: no Python for it")
            answers[version] = known.get(version, {})
            continue
        answers[version] = measure(python)
        wrong += flaws(version, answers[version])
    text = json.dumps(answers, indent=1, sort_keys=True) + "\n"
    if check and text != ANSWERS.read_text(encoding="utf-8"):
        old = ANSWERS.read_text(encoding="utf-8").splitlines()
        wrong += list(difflib.unified_diff(old, text.splitlines(), lineterm=""))
    if not check:
        ANSWERS.write_text(text, encoding="utf-8")
    print("\n".join(wrong) if wrong else f"{sum(map(len, answers.values()))} experiments as the table says")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
