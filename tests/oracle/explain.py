#!/usr/bin/env python3
"""Asks a PostgreSQL server of its own what the proposed indexes do to the queries of the fixtures.

    python3 tests/oracle/explain.py             measure and write
    python3 tests/oracle/explain.py --check     measure and compare; 1 if anything differs
    python3 tests/oracle/explain.py --table     print what was measured, as a table

Needs PostgreSQL's server programs and the standard library; Django goes into the virtual environments of run.py.
"""

import argparse
import contextlib
import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import run

PROJECTS = ("press", "blog")
# What djperf's list does not hold, as it is no new index on columns; tests/fixtures/index_markers.rs sees to it that it
# reports what the markers say.
NOT_LISTED = {
    "unindexable-lookup",
    "redundant-index",
    "low-selectivity-index",
    "get-or-create-without-unique",
}
GAPS = run.ROOT / "tests" / "fixtures" / "index_gaps.txt"
# The one that belongs on PostgreSQL.
MIGRATED = "press"
# Needs no plan: adding an index on a table in use is about locks.
NOT_PLANNED = {"index-build-locks-table"}
SETTINGS = {
    "autovacuum": "off",
    # All rows are looked at, so that every run has the same statistics.
    "default_statistics_target": "700",
    "fsync": "off",
    "full_page_writes": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_wal_senders": "0",
    "shared_buffers": "256MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "wal_level": "minimal",
}


# ------------------------------------------------------------------ server


def programs() -> Path | None:
    """The folder with initdb and postgres, the newest of those that Debian installs beside each other."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(installed, key=lambda place: float(place.parent.name), reverse=True)
    return next(
        (place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None
    )


def unprivileged() -> dict:
    """Options for subprocess: PostgreSQL does not run as root."""
    if os.name == "nt" or os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise SystemExit("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def folder_for(owner: dict):
    """A temporary folder under target, or elsewhere when its owner may not go there."""
    run.TARGET.mkdir(parents=True, exist_ok=True)
    for parent in (run.TARGET, None):
        with tempfile.TemporaryDirectory(dir=parent, prefix="postgres-") as name:
            if owner:
                os.chown(name, owner["user"], owner["group"])
            enter = ["/bin/sh", "-c", 'cd "$1"', "sh", name]
            if (
                subprocess.run(enter, check=False, cwd="/", stderr=subprocess.DEVNULL, **owner).returncode
                == 0
            ):
                yield Path(name)
                return
    raise SystemExit("there is no folder for the server's data")


@contextlib.contextmanager
def server():
    """The port of a server that is gone afterwards, with all its data."""
    place = programs()
    if place is None:
        raise SystemExit(
            "no PostgreSQL server here: install the package postgresql, or put initdb on the PATH"
        )
    owner = unprivileged()
    with folder_for(owner) as folder, started(place, folder, owner) as port:
        yield port


@contextlib.contextmanager
def started(place: Path, folder: Path, owner: dict):
    data = folder / "data"
    options = {"cwd": "/", "stdin": subprocess.DEVNULL, **owner}
    # Not the C locale: there every index serves prefixes, which hides what happens elsewhere.
    create = [place / "initdb", "-D", data, "-U", "oracle", "-A", "trust", "--no-sync"]
    create += ["--encoding=UTF8", "--locale=C.UTF-8"]
    usage = subprocess.run(
        [place / "initdb", "--help"], capture_output=True, text=True, check=True, **options
    ).stdout
    if "--locale-provider" in usage:
        create += ["--locale-provider=icu", "--icu-locale=en-US"]
    done = subprocess.run(create, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise SystemExit(f"initdb failed\n{done.stdout}{done.stderr}")
    port = free_port()
    settings = SETTINGS | {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
    start = [place / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())]
    with open(folder / "server.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(start, stdout=log, stderr=log, **options)
    try:
        time.sleep(1)
        if process.poll() is not None:
            raise SystemExit(
                f"the server does not start\n{(folder / 'server.log').read_text(encoding='utf-8')}"
            )
        yield port
    finally:
        # Ends at once, without waiting for those who are connected.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# ------------------------------------------------------------- suggestions


def marked(project: str) -> list[dict]:
    """What the comments in a fixture expect; the model is None where the line is no declaration of it."""
    found = []
    root = run.FIXTURES / project
    for path in sorted(root.rglob("*.py")):
        model = None
        app = path.relative_to(root).parts[0]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if heading := re.match(r"class (\w+)\(", line):
                model = heading.group(1)
            for rule, fields in run.index_markers(line):
                declared = "models" in path.relative_to(root).with_suffix("").parts
                found.append(
                    {
                        "rule": rule,
                        "model": f"{app}.{model}" if declared else None,
                        "fields": fields,
                        "declaration": None,
                        "path": str(path.relative_to(root)),
                        "line": number,
                    }
                )
    return [one for one in found if one["rule"] not in NOT_PLANNED]


def gaps(project: str) -> set[tuple[str, int, str]]:
    """Path, line and rule of the markers that djperf does not find."""
    lines = GAPS.read_text(encoding="utf-8").splitlines()
    found = (re.match(rf"{project}/(\S+):(\d+) ([a-z-]+)\[", line) for line in lines)
    return {(one.group(1), int(one.group(2)), one.group(3)) for one in found if one}


def suggested(project: str, djperf: Path) -> list[dict]:
    """What djperf proposes, with the markers for what it does not list and for what it does not find."""
    root = run.FIXTURES / project
    command = [str(djperf), "indexes", "--output-format", "json", "."]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr}")
    listed = []
    for model in json.loads(done.stdout)["models"]:
        # The list is that of the whole repository.
        if not (root / model["path"]).resolve().is_relative_to(root):
            continue
        for one in model["suggestions"]:
            place = {"model": model["model"], "path": model["path"], "line": model["line"]}
            listed.append(one | place)
    known = gaps(project)
    for one in marked(project):
        one["gap"] = (one["path"], one["line"], one["rule"]) in known
        if one["gap"] or one["rule"] in NOT_LISTED:
            listed.append(one)
    return listed


# ----------------------------------------------------------------- answers


def measure(python: Path, project: str, port: int, djperf: Path) -> dict:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "TZ": "UTC"}
    with tempfile.TemporaryDirectory() as folder:
        given, output = Path(folder) / "suggestions.json", Path(folder) / "plans.json"
        given.write_text(json.dumps(suggested(project, djperf)), encoding="utf-8")
        command = [
            str(python),
            str(run.HERE / "plans.py"),
            str(run.FIXTURES / project),
            str(port),
            str(given),
            str(output),
        ]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{project}: {' '.join(command)} failed\n{done.stderr}")
        return json.loads(output.read_text(encoding="utf-8"))


def migrated(python: Path, port: int, djperf: Path) -> list[str]:
    """What is wrong with a fixed fixture on PostgreSQL, migrated from nothing."""
    copy, _ = run.fixed_copy(MIGRATED, djperf)
    originals = run.FIXTURES / MIGRATED
    files = [path.relative_to(copy) for path in sorted(copy.glob("*/migrations/[0-9]*.py"))]
    created = [copy / path for path in files if not (originals / path).exists()]
    before = {path.parts[0]: path.stem for path in files if (originals / path).exists()}
    text = "".join(path.read_text(encoding="utf-8") for path in created)
    wrong = [] if "AddIndexConcurrently" in text else ["no index is built concurrently"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PRESS_"))}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(run.HERE)}
    env |= {"PRESS_DB_HOST": "127.0.0.1", "PRESS_DB_PORT": str(port)}
    env |= {"PRESS_DB_USER": "oracle", "PRESS_DB_NAME": "fixed"}
    steps = [
        ["-c", CREATE, str(port)],
        ["manage.py", "migrate", "--verbosity", "0"],
        ["manage.py", "makemigrations", "--check", "--dry-run"],
        ["manage.py", "shell", "-c", BUILT, "--verbosity", "0"],
        # What was done can be undone.
        *(["manage.py", "migrate", app, name, "--verbosity", "0"] for app, name in before.items()),
    ]
    names = re.findall(r"""name=["'](\w+_idx)["']""", text)
    for step in steps:
        done = subprocess.run(
            [str(python), *step],
            cwd=copy,
            env=env | {"EXPECTED": " ".join(names)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            wrong.append(f"{' '.join(step[:4])}: {done.stdout}{done.stderr}")
    print(f"{MIGRATED}, fixed: {len(created)} migrations with {len(names)} new indexes on PostgreSQL")
    return [f"{MIGRATED}, fixed, on PostgreSQL: {line}" for line in wrong]


CREATE = "import plans, sys; plans.connected(int(sys.argv[1])).execute('CREATE DATABASE fixed')"
BUILT = """
import os
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indisvalid")
    there = {name for (name,) in cursor.fetchall()}
missing = set(os.environ["EXPECTED"].split()) - there
assert not missing, f"not built: {sorted(missing)}"
"""


def magnitude(before: int, after: int) -> str:
    """How many times less, as 5, 10, 100, 1000 …, whichever is the last one reached."""
    times = before / max(1, after)
    if times < 5:
        return "the same" if times < 2 else "less"
    return "5" if times < 10 else str(10 ** math.floor(math.log10(times)))


def stable(answer: dict) -> dict:
    """What is the same in every run on the same version of PostgreSQL."""
    cases = {}
    for name, case in answer["cases"].items():
        plans = case["plans"]
        cases[name] = {
            "rule": case["rule"],
            "model": case["model"],
            "fields": case["fields"],
            "plans": {phase: plan["nodes"] for phase, plan in plans.items()},
        }
        if "after" in plans:
            falling = magnitude(plans["before"]["buffers"], plans["after"]["buffers"])
            cases[name]["buffers fall by a factor of"] = falling
    return {"postgresql": answer["postgresql"], "cases": cases}


def table(answers: dict[str, dict]) -> str:
    lines = [
        "| case | rule | index | before | after | buffers | rows thrown away |",
        "|---|---|---|---|---|---|---|",
    ]
    for project, answer in answers.items():
        for name, case in answer["cases"].items():
            plans = case["plans"]
            steps = [", ".join(plan["nodes"]) for plan in plans.values()]
            buffers = " → ".join(str(plan["buffers"]) for plan in plans.values())
            removed = " → ".join(str(plan["removed"]) for plan in plans.values())
            index = f"{case['model']}[{', '.join(case['fields'])}]"
            middle = f" (plain index: {steps[1]})" if len(steps) == 3 else ""
            cells = [f"{project}/{name}", case["rule"], index, steps[0] + middle, steps[-1], buffers, removed]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument(
        "--djperf", type=Path, default=run.TARGET.parent / "release" / "djperf", help="default: %(default)s"
    )
    options = parser.parse_args()
    python = run.environment(run.BASELINE, run.pythons())
    if python is None:
        raise SystemExit(f"no Python for Django {run.BASELINE}")
    before = run.listing(run.FIXTURES)
    djperf = options.djperf.resolve()
    with server() as port, ThreadPoolExecutor(max_workers=len(PROJECTS)) as pool:
        fixed = pool.submit(migrated, python, port, djperf)
        found = pool.map(lambda project: measure(python, project, port, djperf), PROJECTS)
        answers = dict(zip(PROJECTS, found))
        wrong = fixed.result()
    problems = [f"{project}: {line}" for project in PROJECTS for line in answers[project]["problems"]]
    problems += wrong
    problems += [f"left behind: {path}" for path in sorted(run.listing(run.FIXTURES) - before)]
    if options.table:
        print(table(answers))
    for project, answer in answers.items():
        print(f"{project}: PostgreSQL {answer['postgresql']}, {len(answer['cases'])} cases")
        for name in answer["gaps"]:
            print(f"{project}: {name} is a gap, djperf does not find it")
    if problems:
        print("\n".join(problems))
        return 1

    different = 0
    for project, answer in answers.items():
        path = run.HERE / project / "explain.json"
        made = run.text(stable(answer))
        if not options.check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(made, encoding="utf-8")
            continue
        old = path.read_text(encoding="utf-8") if path.exists() else "{}"
        version = json.loads(old).get("postgresql", answer["postgresql"])
        if version != answer["postgresql"]:
            print(f"{project}: measured with PostgreSQL {version}, only the judgements are compared")
        elif old != made:
            different += 1
            run.show(f"{project}/explain.json", old, made)
    if options.check:
        print(f"{different} files differ" if different else "nothing differs")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
