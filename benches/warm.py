#!/usr/bin/env python3
"""Measures what the cache saves: runs over a few changed files after a run over all, as ratios to a run without it.

    benches/warm.py TREE [FILE...]      files relative to TREE; without any, three views or serializers of middle size

TREE is copied. The files get one more statement in a function (`bodies`), or one more function (`declarations`),
which is what the cache can use less of. All kinds of runs take turns so that noise hits them alike; medians count.
"""

import argparse
import ast
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build() -> Path:
    command = ["cargo", "build", "--release", "--locked", "--bin", "djperf", "--message-format", "json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    made = [json.loads(line) for line in out.splitlines()]
    return Path(next(m["executable"] for m in made if m.get("executable")))


def usual(tree: Path) -> list[str]:
    found = [
        path
        for pattern in ("**/views*.py", "**/views/*.py", "**/serializers*.py")
        for path in tree.glob(pattern)
        if "test" not in str(path.relative_to(tree)) and with_statement(path.read_text()) is not None
    ]
    found.sort(key=lambda path: (path.stat().st_size, path))
    middle = len(found) // 2
    return [str(path.relative_to(tree)) for path in found[middle - 1 : middle + 2]]


def with_statement(text: str) -> str | None:
    """The text with one more statement at the end of some function."""
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            last = node.body[-1]
            if last.lineno > node.lineno and lines[last.lineno - 1][: last.col_offset].isspace():
                lines.insert(last.lineno - 1, " " * last.col_offset + "str(0)\n")
                return "".join(lines)
    return None


def with_function(text: str) -> str:
    return text.rstrip("\n") + "\n\n\ndef added_by_hand(request):\n    return None\n"


class Bench:
    def __init__(self, djperf: Path, tree: Path, files: list[str]) -> None:
        self.djperf, self.tree, self.files = djperf, tree, files
        self.cache = tree.parent / "cache"
        self.full = tree.parent / "full"
        self.seconds: dict[str, list[float]] = {}
        self.plain = {file: (tree / file).read_text() for file in files}

    def write(self, change) -> None:
        for file, text in self.plain.items():
            (self.tree / file).write_text(change(text) or text)

    def run(self, name: str, arguments: list[str], keep: bool) -> None:
        started = time.perf_counter()
        with open(os.devnull, "wb") as null:
            code = subprocess.run(
                [self.djperf, "check", *arguments], cwd=self.tree, stdout=null, stderr=null, check=False
            ).returncode
        seconds = time.perf_counter() - started
        if code not in (0, 1):
            raise SystemExit(f"exit code {code}: djperf check {' '.join(arguments)}")
        if keep:
            self.seconds.setdefault(name, []).append(seconds)

    def with_cache(self, name: str, arguments: list[str], keep: bool) -> None:
        shutil.rmtree(self.cache, ignore_errors=True)
        if self.full.exists():
            shutil.copytree(self.full, self.cache)
        self.run(name, [*arguments, "--cache-dir", str(self.cache)], keep)

    def round(self, keep: bool) -> None:
        self.write(str)
        self.run("all files, no cache", [".", "--no-cache"], keep)
        self.run("the files, no cache", [*self.files, "--no-cache"], keep)
        shutil.rmtree(self.full, ignore_errors=True)
        self.with_cache("all files, leaving a cache", ["."], keep)
        shutil.copytree(self.cache, self.full)
        self.with_cache("all files, nothing changed", ["."], keep)
        self.with_cache("the files, nothing changed", self.files, keep)
        self.write(with_statement)
        self.with_cache("the files, bodies changed", self.files, keep)
        self.write(with_function)
        self.with_cache("the files, declarations changed", self.files, keep)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--djperf", type=Path, help="a release build, if there is one already")
    options = parser.parse_intermixed_args()
    djperf = (options.djperf or build()).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary) / "tree"
        shutil.copytree(options.tree, tree, symlinks=True, ignore=shutil.ignore_patterns(".git", "node_modules"))
        bench = Bench(djperf, tree, options.files or usual(tree))
        print("files:", ", ".join(bench.files), file=sys.stderr)
        for n in range(options.runs + 1):
            bench.round(keep=n > 0)
        cold = statistics.median(bench.seconds["all files, no cache"])
        print("| run | median | ratio |\n|---|---|---|")
        for name, seconds in bench.seconds.items():
            median = statistics.median(seconds)
            print(f"| {name} | {median * 1000:.0f} ms | {median / cold:.2f} |")
        size = sum(path.stat().st_size for path in bench.full.rglob("*") if path.is_file())
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        peak //= 1024 * 1024 if sys.platform == "darwin" else 1024
        print(f"\ncache {size / 1e6:.0f} MB, peak of any run {peak} MB, {options.runs} rounds")


if __name__ == "__main__":
    main()
