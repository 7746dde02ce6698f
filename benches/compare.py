#!/usr/bin/env python3
"""Measures djperf against parsing alone, ruff and djch, and prints Markdown.

    benches/compare.py                   the published projects of benches/trees.txt
    benches/compare.py --tree DIR        a project that is checked out already (repeatable)
    benches/compare.py --scale           also one, two and four copies of the first tree

Each command runs once to warm up, then `--runs` times, all commands in turn so that noise hits them
alike; the median counts. "Parsing alone" walks, reads and parses the same files with the same parser
and threads as djperf (examples/parse_only.rs) and does nothing else.

Needs cargo, a Python with venv, and for the default trees a package index. Works on Unix.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
HOME = TARGET / "compare"
OTHERS = ("ruff==0.17.5", "djch==0.1.9")
KEPT = {".py", ".html", ".txt", ".toml"}


@dataclass
class Job:
    """One command, and what its runs took."""

    name: str
    threads: int | None
    command: list[str]
    cwd: Path
    seconds: list[float] = field(default_factory=list)
    peak_kb: int = 0

    def run(self, keep: bool) -> None:
        started = time.perf_counter()
        with open(os.devnull, "wb") as null:
            process = subprocess.Popen(self.command, cwd=self.cwd, stdout=null, stderr=subprocess.PIPE)
            assert process.stderr is not None
            complaint = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stderr.close()
        seconds = time.perf_counter() - started
        if process.returncode != 0:
            command = " ".join(self.command)
            raise SystemExit(f"exit code {process.returncode}: {command}\n{complaint.decode()}")
        if keep:
            self.seconds.append(seconds)
            # Kilobytes on Linux, bytes on macOS.
            peak = usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
            self.peak_kb = max(self.peak_kb, peak)

    @property
    def peak(self) -> str:
        # A child starts as a copy of this process, whose own size is the least that can be seen.
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        own //= 1024 if sys.platform == "darwin" else 1
        sign = "≤ " if self.peak_kb <= own else ""
        return f"{sign}{self.peak_kb / 1024:.0f} MB"

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def build() -> tuple[Path, Path]:
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--bin", "djperf"]
    subprocess.run([*command, "--example", "parse_only"], cwd=ROOT, check=True)
    return TARGET / "release/djperf", TARGET / "release/examples/parse_only"


def environment() -> Path:
    """The bin directory of a virtual environment with the other tools."""
    home = HOME / "venv"
    stamp = home / "ready"
    if not stamp.exists() or stamp.read_text() != " ".join(OTHERS):
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *OTHERS], check=True)
        stamp.write_text(" ".join(OTHERS))
    return home / "bin"


def published() -> list[Path]:
    """Downloads and unpacks the projects of trees.txt; hashes are checked by pip."""
    wheels, trees = HOME / "wheels", HOME / "trees"
    wanted = (ROOT / "benches/trees.txt").read_text(encoding="utf-8")
    stamp = trees / "ready"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(wheels, ignore_errors=True)
        shutil.rmtree(trees, ignore_errors=True)
        trees.mkdir(parents=True)
        pip = [str(environment() / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        what = ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", "benches/trees.txt"]
        subprocess.run([*pip, "download", *what, "--dest", str(wheels)], cwd=ROOT, check=True)
        for wheel in sorted(wheels.glob("*.whl")):
            name, version = wheel.name.split("-")[:2]
            with zipfile.ZipFile(wheel) as archive:
                members = [m for m in archive.namelist() if Path(m).suffix in KEPT]
                archive.extractall(trees / f"{name}-{version}", members)
        stamp.write_text(wanted, encoding="utf-8")
    return sorted(path for path in trees.iterdir() if path.is_dir())


def ask(command: list[str], cwd: Path) -> dict:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)


def djperf_job(djperf: Path, tree: Path, threads: int) -> Job:
    options = ["--isolated", "--fail-on", "never", "--output-format", "concise"]
    command = [str(djperf), "check", ".", *options, "--no-cache", "--threads", str(threads)]
    return Job("djperf check", threads, command, tree)


def parse_job(parse_only: Path, tree: Path, threads: int) -> Job:
    return Job("parsing alone", threads, [str(parse_only), ".", str(threads)], tree)


def other_jobs(bin_dir: Path, tree: Path) -> list[Job]:
    ruff = [str(bin_dir / "ruff"), "check", ".", "--isolated", "--no-cache", "--exit-zero"]
    ruff += ["--output-format", "concise"]
    return [
        Job("ruff, its Django rules (DJ)", None, [*ruff, "--select", "DJ"], tree),
        Job("djch", None, [str(bin_dir / "djch"), "check"], tree),
    ]


def measure(jobs: list[Job], runs: int) -> None:
    for job in jobs:
        job.run(keep=False)
    for _ in range(runs):
        for job in jobs:
            job.run(keep=True)


def thread_counts() -> list[int]:
    return [1, 2] if (os.cpu_count() or 1) > 1 else [1]


def compare(djperf: Path, parse_only: Path, others: Path | None, tree: Path, runs: int) -> None:
    sizes = ask([str(parse_only), "."], tree)
    found = ask([str(djperf), "check", ".", "--isolated", "--no-cache", "--output-format", "json"], tree)["summary"]
    jobs = []
    for threads in thread_counts():
        jobs += [parse_job(parse_only, tree, threads), djperf_job(djperf, tree, threads)]
    if others:
        jobs += other_jobs(others, tree)
    measure(jobs, runs)
    floors = {job.threads: job.median for job in jobs if job.name == "parsing alone"}
    print(
        f"\n### {tree.name}\n\n"
        f"{sizes['files']:,} files, {sizes['lines']:,} lines, {sizes['bytes'] / 1e6:.1f} MB, "
        f"{found['models']} models, {found['findings']} findings\n"
    )
    print("| command | threads | median | spread | × parsing alone | peak memory |")
    print("|---|--:|--:|--:|--:|--:|")
    for job in jobs:
        # A tool that chooses its threads itself is held against the most threads measured.
        floor = floors[job.threads or max(floors)]
        spread = f"{min(job.seconds) * 1000:.0f}–{max(job.seconds) * 1000:.0f}"
        print(
            f"| {job.name} | {job.threads or 'own choice'} | {job.median * 1000:.0f} ms | {spread} "
            f"| {job.median / floor:.1f} | {job.peak} |"
        )


def scale(djperf: Path, parse_only: Path, tree: Path, runs: int) -> None:
    print(f"\n### Copies of {tree.name} in one project\n")
    print("| copies | files | lines | djperf | per 100,000 lines | × parsing alone | peak memory |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    threads = thread_counts()[-1]
    for copies in (1, 2, 4):
        home = HOME / "scale" / f"{tree.name}-{copies}"
        shutil.rmtree(home, ignore_errors=True)
        for number in range(copies):
            shutil.copytree(tree, home / f"copy{number}", symlinks=True)
        sizes = ask([str(parse_only), "."], home)
        floor, job = parse_job(parse_only, home, threads), djperf_job(djperf, home, threads)
        measure([floor, job], runs)
        shutil.rmtree(home)
        each = job.median * 1000 / sizes["lines"] * 100_000
        print(
            f"| {copies} | {sizes['files']:,} | {sizes['lines']:,} | {job.median * 1000:.0f} ms "
            f"| {each:.0f} ms | {job.median / floor.median:.1f} | {job.peak} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tree", action="append", type=Path, metavar="DIR")
    parser.add_argument("--runs", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--only-djperf", action="store_true", help="leave the other tools out")
    options = parser.parse_args()
    djperf, parse_only = build()
    others = None if options.only_djperf else environment()
    trees = [tree.resolve() for tree in options.tree] if options.tree else published()
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, medians of "
        f"{options.runs} runs{'' if options.only_djperf else '; ' + ', '.join(OTHERS)}"
    )
    for tree in trees:
        compare(djperf, parse_only, others, tree, options.runs)
    if options.scale:
        scale(djperf, parse_only, trees[0], options.runs)


if __name__ == "__main__":
    main()
