#!/usr/bin/env python3
"""Builds the wheel and the source distribution, installs them into empty environments, and uses what is there.

    python3 tests/packaging/wheel.py

Needs cargo and PyPI. The binaries are compiled with the profile of tests, so that nothing is compiled twice.
"""

import re
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

from common import (
    EXE,
    PROJECT,
    REPORT,
    ROOT,
    SCRIPTS,
    TARGET,
    ensure,
    environment,
    fresh_directory,
    fresh_venv,
    python,
    run,
    tool,
    write,
)

VERSION = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M).group(1)


def check_installed(place: Path, project: Path) -> None:
    """The script and the module answer alike, and find what is there to be found."""
    script, module = [place / SCRIPTS / f"djperf{EXE}"], [python(place), "-m", "djperf"]
    for arguments, code in (
        (["version"], 0),
        (["check", "--output-format", "concise", "."], 1),
        (["check", "shop/models.py"], 0),
        (["check", "no such file"], 2),
        (["explain", "DJP101"], 0),
    ):
        answers = [run(*start, *arguments, cwd=project, code=code).stdout for start in (script, module)]
        ensure(answers[0] == answers[1], f"{arguments}: the script and the module differ:\n{answers}")
        if arguments[0] == "version":
            ensure(answers[0] == f"djperf {VERSION}\n", f"another version than that of Cargo.toml: {answers[0]}")
        if code == 1:
            ensure("shop/report.py:5:61: DJP101 " in answers[0], f"the finding is missing:\n{answers[0]}")


def check_signals(place: Path) -> None:
    """A signal ends the binary behind the module, not only the module."""
    if not hasattr(signal, "SIGTERM") or sys.platform == "win32":
        return
    for sent in (signal.SIGTERM, signal.SIGINT):
        # More output than a pipe holds, which nobody reads: it waits until it is ended.
        command = [python(place), "-m", "djperf", "check", "--preview", "fixtures/shop"]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A shell ignores the interrupt for what it runs in the background, and so would this.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        first = process.stdout.read(1)
        ensure(first != b"", "no output to wait for")
        time.sleep(0.2)
        ensure(process.poll() is None, "it ended though nobody reads its output")
        process.send_signal(sent)
        code = process.wait(timeout=30)
        ensure(code == -sent, f"{sent!r} ended in {code}")


def check_incomplete(place: Path) -> None:
    """Without its binary, the module says so and does not look like a run with findings."""
    (place / SCRIPTS / f"djperf{EXE}").unlink()
    done = run(python(place), "-m", "djperf", "check", code=3)
    ensure("installation is incomplete" in done.stdout and "Traceback" not in done.stdout, done.stdout)


def check_wheel(wheel: Path) -> None:
    ensure(re.fullmatch(rf"djperf-{re.escape(VERSION)}-py3-none-\w+\.whl", wheel.name) is not None, wheel.name)
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "djperf/__init__.py",
        "djperf/__main__.py",
        f"djperf-{VERSION}.dist-info/licenses/LICENSE",
        f"djperf-{VERSION}.data/scripts/djperf{EXE}",
    ):
        ensure(wanted in names, f"{wanted} is not in {wheel.name}: {names}")


def check_sdist(sdist: Path) -> None:
    names = {name.partition("/")[2] for name in tarfile.open(sdist).getnames()}
    for wanted in ("Cargo.lock", "LICENSE", "README.md", "pyproject.toml", "python/djperf/__main__.py"):
        ensure(wanted in names, f"{wanted} is not in {sdist.name}")
    superfluous = [name for name in names if name.startswith(("tests/", "fixtures/", "benches/", "docs/", "."))]
    ensure(not superfluous, f"{sdist.name} holds {superfluous[:5]}")


def main() -> None:
    project = fresh_directory("shop")
    write(project, PROJECT | {"shop/report.py": REPORT})

    place = fresh_venv("from-source")
    run(python(place), "-m", "pip", "install", "--no-cache-dir", ".")
    check_installed(place, project)
    check_signals(place)
    check_incomplete(place)
    print("pip install . : djperf and python -m djperf")

    dist = fresh_directory("dist")
    run(tool("maturin"), "sdist", "-o", dist)
    (sdist,) = dist.glob("*.tar.gz")
    check_sdist(sdist)
    # Built far away from this repository and its files.
    run(python(place), "-m", "pip", "wheel", "--no-cache-dir", "--no-deps", "-w", dist, sdist, cwd=TARGET)
    (wheel,) = dist.glob("*.whl")
    check_wheel(wheel)
    place = fresh_venv("from-sdist")
    run(python(place), "-m", "pip", "install", "--no-index", wheel)
    check_installed(place, project)
    print(f"{sdist.name} -> {wheel.name}")

    beside = fresh_directory("beside")
    run(python(place), "-m", "pip", "uninstall", "-q", "-y", "djperf")
    run(python(place), "-m", "pip", "install", "-q", "--no-index", "--target", beside, wheel)
    run(python(place), "-m", "djperf", "check", ".", cwd=project, code=1, PYTHONPATH=str(beside))
    print("pip install --target")


if __name__ == "__main__":
    main()
