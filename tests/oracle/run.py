#!/usr/bin/env python3
"""Asks real Django about the fixture projects and keeps the answers next to this file.

    python3 tests/oracle/run.py                 measure and write
    python3 tests/oracle/run.py --check         measure and compare; 1 if anything differs
    python3 tests/oracle/run.py --fixes         only what the fixes of djperf do; --check compares
    python3 tests/oracle/run.py --migrations    only whether the migrations in migrations.md are right;
                                                --check asks that, too
    python3 tests/oracle/run.py --compare shop DIR
                                                measure a changed copy of fixtures/shop and
                                                show what became of the number of queries

Needs only the standard library; Django goes into virtual environments under target/oracle.
"""

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FIXTURES = ROOT / "fixtures"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve() / "oracle"
PROJECTS = ("blog", "press", "shop")
# Django series and the Python versions it supports, first and last.
VERSIONS = {"4.2": (8, 12), "5.2": (10, 14), "6.0": (12, 14), "6.1": (12, 14)}
BASELINE = "5.2"
# Rules whose markers are `# expect:`, by their cards.
RULES = {
    card.stem for group in ("n-plus-one", "settings", "templates") for card in (ROOT / "rules" / group).glob("*.md")
}
# Of indexes: see explain.py.
INDEX_RULES = {
    "unindexed-filter",
    "unindexed-order",
    "missing-composite-index",
    "redundant-index",
    "unindexable-lookup",
    "low-selectivity-index",
    "generic-foreign-key-without-index",
    "get-or-create-without-unique",
    "index-build-locks-table",
}
MARKER = re.compile(r"# (expect[\w-]*):\s*(.*)$")
INDEX_EXPECTATION = re.compile(r"([a-z-]+)\[(-?\w+(?:, -?\w+)*)\]$")
EXPECTATION = re.compile(r"([a-z-]+)(?:\[(\w+(?:, \w+)*)\])?$")


# ---------------------------------------------------------- environments


def pythons() -> dict[int, str]:
    """Minor version of Python 3 -> executable, for every Python that starts."""
    candidates = [sys.executable]
    candidates += [f"python3.{minor}" for minor in range(8, 16)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += [str(path) for path in sorted(pyenv.glob("3.*/bin/python"))]
    found: dict[int, str] = {}
    for candidate in candidates:
        path = shutil.which(candidate)
        if path is None:
            continue
        ask = [path, "-c", "import sys; print(*sys.version_info[:2])"]
        answer = subprocess.run(ask, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            major, minor = map(int, answer.stdout.split())
            if major == 3:
                found.setdefault(minor, path)
    return found


def requirements() -> list[str]:
    """What the fixtures need besides Django, from their requirements.txt."""
    lines: set[str] = set()
    for path in sorted(FIXTURES.glob("*/requirements.txt")):
        lines.update(path.read_text(encoding="utf-8").split())
    return sorted(line for line in lines if not line.startswith("Django>"))


def environment(version: str, available: dict[int, str]) -> Path | None:
    """The Python of the virtual environment for a Django series; None without a Python for it."""
    home = TARGET / f"venv-{version}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "ready"
    wanted = " ".join([f"Django=={version}.*", *requirements()])
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    first, last = VERSIONS[version]
    fitting = [minor for minor in sorted(available) if first <= minor <= last]
    if not fitting:
        return None
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([available[fitting[-1]], "-m", "venv", str(home)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *wanted.split()], check=True)
    stamp.write_text(wanted)
    return python


def probe(python: Path, project: Path, *options: str) -> dict:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "TZ": "UTC", "PRESS_SQLITE": ":memory:"}
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "answer.json"
        command = [str(python), str(HERE / "probe.py"), str(project), str(output), *options]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{project.name}: {' '.join(command)} failed\n{done.stderr}")
        return json.loads(output.read_text(encoding="utf-8"))


# --------------------------------------------------------------- answers


def text(data) -> str:
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def overlay(base: dict, other: dict) -> dict:
    """What to change in base to get other; null removes an entry."""
    changed = {name: value for name, value in other.items() if base.get(name) != value}
    return changed | {name: None for name in base if name not in other}


def files(project: str, answers: dict[str, dict]) -> dict[str, str]:
    """Path relative to this folder -> content, for one project."""
    base = answers[BASELINE]
    made = {
        f"{project}/models.json": text(base["models"]),
        f"{project}/indexes.json": text(base["indexes"]),
    }
    if base["queries"]["scenarios"]:
        made[f"{project}/queries.json"] = text(base["queries"])
    for version, answer in answers.items():
        for kind in ("models", "indexes"):
            if difference := overlay(base[kind], answer[kind]):
                made[f"{project}/{kind}.{version}.json"] = text(difference)
        old, new = base["queries"], answer["queries"]
        parts = {key: overlay(old[key], new[key]) for key in ("urls", "scenarios")}
        if any(parts.values()):
            made[f"{project}/queries.{version}.json"] = text(parts)
    return made


def kept(versions) -> list[str]:
    """The checked-in files that a run with these versions would write or remove."""
    names = []
    for project in PROJECTS:
        if (HERE / project / "fixed.diff").exists():
            names.append(f"{project}/fixed.diff")
        for kind in ("models", "indexes", "queries", "fixed"):
            for suffix in ("", *(f".{version}" for version in versions)):
                name = f"{project}/{kind}{suffix}.json"
                if (HERE / name).exists():
                    names.append(name)
    return names


def index_markers(line: str) -> list[tuple[str, list[str]]]:
    """Rule and fields of every index that a line expects; the rule is empty when that cannot be read."""
    found = MARKER.search(line)
    if not found or found.group(1) != "expect-index":
        return []
    parts = (INDEX_EXPECTATION.match(part.strip()) for part in found.group(2).split(";"))
    known = [(part.group(1), part.group(2).split(", ")) if part else ("", []) for part in parts]
    return [(rule if rule in INDEX_RULES else "", fields) for rule, fields in known]


def markers() -> tuple[dict[str, int], list[str]]:
    counts: dict[str, int] = {}
    problems = []
    for path in sorted(FIXTURES.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = MARKER.search(line)
            if not found:
                continue
            counts[found.group(1)] = counts.get(found.group(1), 0) + 1
            if found.group(1) == "expect-index":
                if not all(rule for rule, _ in index_markers(line)):
                    problems.append(f"{path.relative_to(ROOT)}:{number}: cannot read {found.group(2)!r}")
                continue
            for part in found.group(2).split(";"):
                expectation = EXPECTATION.match(part.strip())
                if not expectation or expectation.group(1) not in RULES:
                    problems.append(f"{path.relative_to(ROOT)}:{number}: cannot read {part!r}")
    return counts, problems


def listing(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


def ask_all(versions: list[str]) -> tuple[dict[str, dict[str, dict]], list[str]]:
    available = pythons()
    answers: dict[str, dict[str, dict]] = {project: {} for project in PROJECTS}
    environments = {}
    for version in versions:
        python = environment(version, available)
        if python is None:
            first, last = VERSIONS[version]
            print(f"Django {version}: skipped, needs Python 3.{first} to 3.{last}")
        else:
            environments[version] = python
    jobs = [(project, version) for version in environments for project in PROJECTS]
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(lambda job: probe(environments[job[1]], FIXTURES / job[0]), jobs)
        for (project, version), answer in zip(jobs, results):
            answers[project][version] = answer
    problems = []
    for project, version in jobs:
        answer = answers[project][version]
        counted = len(answer["queries"]["scenarios"])
        print(
            f"{project}: Django {answer['django']}, Python {answer['python']}, {counted} scenarios"
        )
        problems += [f"{project}, Django {version}: {line}" for line in answer["problems"]]
    return answers, problems


def compare(project: str, folder: Path) -> int:
    python = environment(BASELINE, pythons())
    if python is None:
        raise SystemExit(f"no Python for Django {BASELINE}")
    before = json.loads((HERE / project / "queries.json").read_text(encoding="utf-8"))["scenarios"]
    answer = probe(python, folder, "--lenient")
    changed = 0
    for name, now in answer["queries"]["scenarios"].items():
        was = before.get(name)
        if was is None:
            continue
        same = was["results"] == now["results"]
        changed += not same
        if was["queries"] != now["queries"] or not same:
            few, many = was["queries"]
            print(
                f"{name}: {few}/{many} -> {now['queries'][0]}/{now['queries'][1]} queries"
                + ("" if same else ", RESULT CHANGED")
            )
    for line in answer["problems"]:
        print(line)
    return 1 if changed or answer["problems"] else 0


# ----------------------------------------------------------------- fixes


def fixed_copy(project: str, djperf: Path) -> tuple[Path, str]:
    """A copy of a fixture with all fixes made, and the difference."""
    copy = TARGET / "fixed" / project
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(FIXTURES / project, copy, ignore=shutil.ignore_patterns("__pycache__"))
    # A root of its own, not a part of the repository that holds the copy.
    (copy / ".git").mkdir()
    command = [str(djperf), "check", ".", "--unsafe-fixes"]
    texts = []
    for options in (["--diff"], ["--fix", "--fix-only"]):
        done = subprocess.run([*command, *options], cwd=copy, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise SystemExit(f"{' '.join([*command, *options])} ended with {done.returncode}\n{done.stderr}")
        texts.append(done.stdout)
    (copy / ".git").rmdir()
    return copy, texts[0]


def after(before: dict, now: dict) -> dict:
    """The numbers of queries that the fixes changed."""
    return {
        name: entry["queries"]
        for name, entry in now.items()
        if before[name]["queries"] != entry["queries"]
    }


def fixes(versions: list[str], djperf: Path, originals: dict | None) -> tuple[dict[str, str], list[str]]:
    """The files that tell what the fixes do, and what is wrong with them."""
    available = pythons()
    made: dict[str, str] = {}
    problems: list[str] = []
    for project in PROJECTS:
        copy, difference = fixed_copy(project, djperf)
        made[f"{project}/fixed.diff"] = difference
        base: dict = {}
        for version in versions:
            python = environment(version, available)
            if python is None:
                continue
            known = originals and originals[project].get(version)
            was = known or probe(python, FIXTURES / project)
            now = probe(python, copy, "--lenient")
            label = f"{project}, Django {version}, fixed"
            problems += [f"{label}: {line}" for line in now["problems"]]
            old, new = was["queries"], now["queries"]
            for name, entry in new["scenarios"].items():
                if entry["results"] != old["scenarios"][name]["results"]:
                    problems.append(f"{label}: {name} returns something else")
            for name, digest in now["responses"].items():
                if digest != was["responses"][name]:
                    problems.append(f"{label}: {name} answers something else")
            parts = {key: after(old[key], new[key]) for key in ("urls", "scenarios")}
            print(f"{label}: {len(parts['scenarios'])} scenarios and {len(parts['urls'])} URLs run other queries")
            if version == BASELINE:
                base = parts
                if old["scenarios"]:
                    made[f"{project}/fixed.json"] = text(parts)
            else:
                difference = {key: overlay(base[key], parts[key]) for key in parts}
                if any(difference.values()):
                    made[f"{project}/fixed.{version}.json"] = text(difference)
    return made, problems


# ------------------------------------------------------------ migrations


BLOCK = re.compile(r"^`([^`\n]+)`(:| becomes:)\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SETTINGS = """\
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", {}]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SECRET_KEY = "x"
{}"""


def shapes() -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """The projects of migrations.md that are for real Django: name -> files before and after."""
    page = (HERE / "migrations.md").read_text(encoding="utf-8")
    found = {}
    for part in page.split("\n## ")[1:]:
        name, body = part.split("\n", 1)
        if "Not asked of real Django" in body:
            continue
        before: dict[str, str] = {}
        changed: dict[str, str] = {}
        for path, kind, content in BLOCK.findall(body):
            (before if kind == ":" else changed)[path] = content
        for path in list(before):
            if "/" in path:
                before.setdefault(f"{path.rsplit('/', 1)[0]}/__init__.py", "")
        apps = ", ".join(f'"{path[:-10]}"' for path in sorted(before) if path.endswith("/models.py"))
        before["settings.py"] = SETTINGS.format(apps, before.get("settings.py", ""))
        found[name] = (before, before | changed)
    return found


def migrate(python: Path, job: tuple[str, dict[str, str], dict[str, str]]) -> list[str]:
    """What one Django has to say about a project before and after."""
    name, before, after = job
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    env |= {"PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as folder:
        for side, content in (("old", before), ("new", after)):
            for path, text in content.items():
                target = Path(folder) / side / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
        output = Path(folder) / "answer.json"
        command = [str(python), str(HERE / "migrate.py"), f"{folder}/old", f"{folder}/new", str(output)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            return [f"{name}: {done.stderr}"]
        return [f"{name}: {line}" for line in json.loads(output.read_text(encoding="utf-8"))]


def migrations(versions: list[str]) -> list[str]:
    """What is wrong with the migrations of migrations.md."""
    available = pythons()
    jobs = [(name, *files) for name, files in shapes().items()]
    problems = []
    for version in versions:
        python = environment(version, available)
        if python is None:
            continue
        with ThreadPoolExecutor(max_workers=2) as pool:
            for lines in pool.map(lambda job: migrate(python, job), jobs):
                problems += [f"migrations, Django {version}: {line}" for line in lines]
        print(f"migrations: Django {version}, {len(jobs)} projects")
    return problems


def show(name: str, old: str, new: str) -> None:
    diff = difflib.unified_diff(
        old.splitlines(), new.splitlines(), f"checked in: {name}", f"measured: {name}", lineterm=""
    )
    for number, line in enumerate(diff):
        if number == 200:
            print("…")
            break
        print(line)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--compare", nargs=2, metavar=("PROJECT", "DIR"))
    parser.add_argument("--fixes", action="store_true")
    parser.add_argument("--migrations", action="store_true")
    parser.add_argument(
        "--djperf", type=Path, default=TARGET.parent / "release" / "djperf", help="default: %(default)s"
    )
    parser.add_argument("--versions", default=",".join(VERSIONS), help="default: %(default)s")
    options = parser.parse_args()
    if options.compare:
        return compare(options.compare[0], Path(options.compare[1]))

    versions = [BASELINE] + [v for v in options.versions.split(",") if v != BASELINE]
    if options.migrations:
        problems = migrations(versions)
        print("\n".join(problems) or "nothing is wrong")
        return 1 if problems else 0
    if not options.djperf.exists():
        raise SystemExit(f"{options.djperf} is missing: cargo build --release")
    made: dict[str, str] = {}
    answers = None
    if options.fixes:
        problems: list[str] = []
        used = versions
    else:
        before = listing(FIXTURES)
        answers, problems = ask_all(versions)
        problems += [f"left behind: {path}" for path in sorted(listing(FIXTURES) - before)]
        counts, unreadable = markers()
        problems += unreadable
        print("markers:", ", ".join(f"{total} {name}" for name, total in sorted(counts.items())))
        used = list(answers[PROJECTS[0]])
        for project in PROJECTS:
            made |= files(project, answers[project])
    proven, wrong = fixes(used, options.djperf.resolve(), answers)
    made |= proven
    problems += wrong
    if options.check and not options.fixes:
        problems += migrations(used)
    if problems:
        print("\n".join(problems))
        return 1

    old_names = [name for name in kept(used) if not options.fixes or "/fixed." in name]
    if options.check:
        different = 0
        for name in sorted(set(made) | set(old_names)):
            path = HERE / name
            old = path.read_text(encoding="utf-8") if path.exists() else ""
            if old != made.get(name, ""):
                different += 1
                show(name, old, made.get(name, ""))
        print(f"{different} files differ" if different else "nothing differs")
        return 1 if different else 0

    for name in set(old_names) - set(made):
        (HERE / name).unlink()
    for name, content in made.items():
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / name).write_text(content, encoding="utf-8")
    if answers is None:
        return 0
    first = answers[PROJECTS[0]]
    record = {v: {"django": a["django"], "python": a["python"]} for v, a in first.items()}
    (HERE / "versions.json").write_text(text(record), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
