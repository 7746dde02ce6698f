#!/usr/bin/env python3
"""Applies all fixes of djperf to real projects and runs their own tests before and after.

    tests/real/run.py --djperf target/release/djperf            all projects of projects.toml
    tests/real/run.py --djperf … rdmo wagtail                   some of them
    tests/real/run.py --djperf … rdmo --tree rdmo=DIR           from a checkout instead of its source package

For each project it prints what was fixed; whether the fixed files still compile, a second run changes
nothing, no finding is new and no comment is lost; which tests fail that passed before; and the queries
that ran through the changed files. Exit code 1 if anything of that is wrong.

Source packages are unpacked under target/real, with a virtual environment each. Needs Python 3.11 and
network access; each project's tests run twice.
"""

import argparse
import ast
import difflib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tokenize
import tomllib
import urllib.request
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HOME = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve() / "real"
FIX = ["--fix", "--unsafe-fixes", "--fix-only", "--isolated"]


def run(command, **options):
    return subprocess.run(list(map(str, command)), text=True, check=False, **options)


def unpack(project: dict, home: Path) -> Path:
    """The project's source, as published."""
    archive = home / "archive"
    if not (archive / "ready").exists():
        shutil.rmtree(archive, ignore_errors=True)
        archive.mkdir(parents=True)
        if project["source"].startswith("https://"):
            with urllib.request.urlopen(project["source"]) as answer:
                (archive / "source.tar.gz").write_bytes(answer.read())
        else:
            wanted = archive / "requirements.txt"
            wanted.write_text(project["source"] + "\n", encoding="utf-8")
            options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
            done = run([sys.executable, "-m", "pip", "download", *options, "-r", wanted, "-d", archive])
            if done.returncode:
                raise SystemExit(f"{project['name']}: cannot download {project['source']}")
        (packed,) = archive.glob("*.tar.gz")
        with tarfile.open(packed) as tar:
            tar.extractall(archive / "tree", filter="data")
        (archive / "ready").touch()
    (tree,) = (archive / "tree").iterdir()
    return tree


def environment(project: dict, tree: Path, home: Path) -> Path:
    """The Python that runs the project's tests; the project itself is imported from its tree."""
    python = home / "venv/bin/python"
    stamp = home / "venv/ready"
    wanted = json.dumps([project["packages"], str(tree)])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    shutil.rmtree(home / "venv", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    packages = project["packages"]
    subprocess.run([*pip, "install", *packages], cwd=tree / project["root"], check=True)
    # The trees under test are found by path, not the installed copy.
    own = project["name"]
    subprocess.run([*pip, "uninstall", "-y", own], check=False, stdout=subprocess.DEVNULL)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def findings(djperf: Path, tree: Path) -> list[dict]:
    done = run([djperf, "check", ".", "--isolated", "--output-format", "json"], cwd=tree, capture_output=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"djperf failed in {tree}:\n{done.stderr}")
    return json.loads(done.stdout)["diagnostics"]


def named(found: list[dict]) -> Counter:
    """Findings without their lines, which move."""
    return Counter((each["rule"], each["path"], each["model"], *each["relations"]) for each in found)


def comments(text: str) -> Counter:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def fixed(djperf: Path, before: Path, after: Path) -> tuple[list[str], list[str]]:
    """Fixes a copy; gives the changed files and what is wrong with the result."""
    shutil.rmtree(after, ignore_errors=True)
    shutil.copytree(before, after, symlinks=True)
    done = run([djperf, "check", ".", *FIX], cwd=after, capture_output=True)
    wrong = [] if done.returncode in (0, 1) else [f"--fix ended with {done.returncode}: {done.stderr[-500:]}"]
    changed = []
    for path in sorted(before.rglob("*.py")):
        name = str(path.relative_to(before))
        old, new = path.read_bytes(), (after / name).read_bytes()
        if old == new:
            continue
        changed.append(name)
        try:
            ast.parse(new)
            lost = comments(old.decode()) - comments(new.decode())
            wrong += [f"{name}: lost {comment}" for comment in lost]
        except (SyntaxError, tokenize.TokenError) as error:
            wrong.append(f"{name}: {error}")
    again = run([djperf, "check", ".", "--diff", "--unsafe-fixes", "--isolated"], cwd=after, capture_output=True)
    if again.stdout.strip():
        wrong.append("a second run changes more:\n" + again.stdout[:2000])
    was, now = findings(djperf, before), findings(djperf, after)
    fewer = {path for _, path, *_ in named(was)}
    for each in named(now) - named(was):
        known = {relation for rule, path, model, *names in named(was) for relation in names if (rule, path, model) == each[:3]}
        if each[1] not in fewer or not set(each[3:]) <= known:
            wrong.append(f"new finding: {' '.join(map(str, each))}")
    print(f"{len(was)} findings, {len(now)} left, {len(changed)} files changed")
    return changed, wrong


def tested(project: dict, python: Path, tree: Path, files: list[str], home: Path) -> tuple[dict, Counter]:
    """Test -> outcome, and queries by function of the changed files."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        (out / "sitecustomize.py").write_bytes((HERE / "counting.py").read_bytes())
        (out / "sample.py").write_bytes((HERE / "sample.py").read_bytes())
        (out / "counts").mkdir()
        listing = "".join(f"{tree / name}\t{name}\n" for name in files)
        (out / "files").write_text(listing, encoding="utf-8")
        root = tree / project["root"]
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            **project.get("env", {}),
            "PYTHONPATH": os.pathsep.join([str(out), str(root)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "DJPERF_COUNT_OUT": str(out / "counts"),
            "DJPERF_COUNT_FILES": str(out / "files"),
        }
        report = out / "report.xml"
        arguments = [argument.replace("{report}", str(report)) for argument in project["tests"]]
        log = home / f"{tree.name}.log"
        with log.open("w", encoding="utf-8") as output:
            run([python, *arguments], cwd=root, env=env, stdout=output, stderr=subprocess.STDOUT)
        if not report.exists():
            raise SystemExit(f"{project['name']}: the tests did not run, see {log}")
        outcomes = {}
        for case in xml.parse(report).iter("testcase"):
            name = f"{case.get('classname')}::{case.get('name')}"
            outcomes[name] = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
        counts = Counter()
        for path in (out / "counts").glob("*.json"):
            counts.update(json.loads(path.read_text(encoding="utf-8")))
    return outcomes, counts


def gate(project: dict, djperf: Path, tree: Path | None, dry: bool) -> list[str]:
    home = HOME / project["name"]
    home.mkdir(parents=True, exist_ok=True)
    print(f"\n## {project['name']}\n")
    before, after = home / "before", home / "after"
    shutil.rmtree(before, ignore_errors=True)
    ignored = shutil.ignore_patterns(".git", "node_modules")
    shutil.copytree(tree or unpack(project, home), before, symlinks=True, ignore=ignored)
    changed, wrong = fixed(djperf, before, after)
    patch = home / "fixes.diff"
    with patch.open("w", encoding="utf-8") as out:
        for name in changed:
            texts = [(side / name).read_text(encoding="utf-8").splitlines(True) for side in (before, after)]
            out.writelines(difflib.unified_diff(*texts, f"a/{name}", f"b/{name}"))
    if dry or not changed:
        return wrong
    python = environment(project, before, home)
    was, counts_was = tested(project, python, before, changed, home)
    now, counts_now = tested(project, python, after, changed, home)
    broken = sorted(name for name, outcome in was.items() if outcome == "passed" and now.get(name) != "passed")
    wrong += [f"test fails: {name} ({now.get(name, 'missing')})" for name in broken]
    tally = {side: Counter(outcomes.values()) for side, outcomes in (("before", was), ("after", now))}
    for side, outcomes in tally.items():
        print(f"tests {side}: " + ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items())))
    print(f"queries through the changed files: {counts_was.total()} before, {counts_now.total()} after")
    moved = {name: counts_now[name] - counts_was[name] for name in {*counts_was, *counts_now}}
    for name, difference in sorted(moved.items(), key=lambda item: item[1]):
        if difference:
            print(f"  {name}: {counts_was[name]} -> {counts_now[name]}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="*", help="names in projects.toml; default: all")
    parser.add_argument("--djperf", type=Path, required=True, metavar="FILE")
    parser.add_argument("--tree", action="append", default=[], metavar="NAME=DIR")
    parser.add_argument("--no-tests", action="store_true", help="only look at the fixes")
    options = parser.parse_args()
    trees = dict(each.split("=", 1) for each in options.tree)
    known = tomllib.loads((HERE / "projects.toml").read_text(encoding="utf-8"))["project"]
    unknown = set(options.projects) - {project["name"] for project in known}
    if unknown:
        raise SystemExit(f"not in projects.toml: {', '.join(sorted(unknown))}")
    failed = False
    for project in known:
        if options.projects and project["name"] not in options.projects:
            continue
        tree = trees.get(project["name"])
        wrong = gate(project, options.djperf.resolve(), Path(tree).resolve() if tree else None, options.no_tests)
        print("\n".join(f"WRONG {line}" for line in wrong) or "nothing is wrong")
        failed |= bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
