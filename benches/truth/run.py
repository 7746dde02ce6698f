#!/usr/bin/env python3
"""Holds djperf's findings against what the tests of a project really load, and prints Markdown.

    benches/truth/run.py CHECKOUT --n1trace DIR --djperf FILE --traces DIR -- COMMAND...

Runs COMMAND, the project's own tests, in CHECKOUT with the tracer n1trace switched on, then runs
djperf on CHECKOUT and prints which of the confirmed lines it names. Without COMMAND, the traces of an
earlier run are read again. benches/truth/README.md says what is confirmed and what is named.

It knows what the tests executed, and nothing of the rest: a line that is not confirmed may well be
an N+1 query. Needs Python 3.10 or later and nothing else; the project brings its own environment.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

# The interpreter imports this before anything of the project.
BOOT = "import n1trace.boot\nn1trace.boot.install()\n"
NO_TRUTH = re.compile(
    r"(^|/)(tests?|testing|testutils?|test_utils?|migrations|factories)(/|\.py$)"
    r"|(^|/)(test_[^/]*|[^/]*_tests?|conftest|manage|runtests)\.py$"
)
ACCESS_LINES = 3
ORIGIN_LINES = 10


@dataclass(frozen=True, order=True)
class Place:
    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass
class Line:
    """One line of the project that loads one relation for each row, with all that was recorded of it."""

    access: Place
    relation: str
    kinds: set[str] = field(default_factory=set)
    # Where the rows were fetched, each with the places where those querysets were made.
    origins: dict[Place, set[Place]] = field(default_factory=dict)
    callers: set[Place] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    rows: int = 0
    loads: int = 0
    defeated: bool = False

    @property
    def name(self) -> str:
        return self.relation.rsplit(".", 1)[-1]

    def add(self, record: dict, origin: Place) -> None:
        self.kinds.add(record["kind"] + (" filtered" if record["filtered"] else ""))
        made = self.origins.setdefault(origin, {origin})
        for pair in (record["built_first"], record["built_last"]):
            if pair and is_project(pair[0]):
                made.add(Place(*pair))
        if record["py_file"]:
            self.callers.add(Place(record["py_file"], record["py_line"]))
        self.functions.add(record["access_func"] or record["serializer"] or record["via"])
        self.rows = max(self.rows, record["instances_max"])
        self.loads += record["loads"]
        self.defeated |= record["prefetch_defeated"]


@dataclass
class Finding:
    relations: list[str]
    # The lines of the finding and of its labels, as (path, first line, last line).
    places: list[tuple[str, int, int]]

    def names(self, name: str) -> bool:
        """A path stands for the relations on its way too: loading it loads them."""
        return any(name in path.split("__") for path in self.relations)

    def is_near(self, place: Place, lines: int) -> bool:
        return any(
            path == place.path and first - lines <= place.line <= last + lines
            for path, first, last in self.places
        )


def is_project(path: str | None) -> bool:
    """Neither a test nor a migration nor, which n1trace marks with `!`, from outside of the project."""
    return bool(path) and not path.startswith(("!", "<")) and not NO_TRUTH.search(path)


def trace(checkout: Path, tracer: Path, traces: Path, command: list[str], seconds: int) -> None:
    with tempfile.TemporaryDirectory() as boot:
        (Path(boot) / "sitecustomize.py").write_text(BOOT, encoding="utf-8")
        paths = [boot, str(tracer.parent), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "N1TRACE": "1",
            "N1TRACE_ROOT": str(checkout),
            "N1TRACE_OUT": str(traces),
        }
        process = subprocess.Popen(command, cwd=checkout, env=environment, stdout=sys.stderr)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            # As if by Ctrl+C, so that what was recorded is written.
            process.send_signal(signal.SIGINT)
            code = process.wait()
        if code:
            print(f"the tests ended with exit code {code}", file=sys.stderr)


def recorded(traces: Path) -> tuple[list[dict], Counter]:
    records, tests = [], Counter()
    for path in sorted(traces.glob("*.jsonl")):
        for text in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(text)
            if record.get("type") == "lazy":
                records.append(record)
            elif "outcome" in record:
                tests[record["outcome"] or "unknown"] += 1
    return records, tests


def place_of(record: dict) -> Place | None:
    """The access: in the project's own template or code, or else the nearest code of it that led there."""
    for key in ("access", "py"):
        path, line = record[f"{key}_file"], record[f"{key}_line"]
        if is_project(path):
            return Place(path, line)
        if path and not path.startswith("!") and NO_TRUTH.search(path):
            return None
    return None


def made_by_test(record: dict) -> bool:
    last = record["built_last"] or record["built_first"]
    return last is not None and NO_TRUTH.search(last[0]) is not None


def confirmed(records: list[dict], rows: int) -> tuple[list[Line], Counter]:
    lines: dict[tuple[Place, str], Line] = {}
    dropped = Counter()
    for record in records:
        if record["instances_max"] < rows:
            continue
        access = place_of(record)
        if record["write_op"]:
            dropped["a change of a related set"] += 1
        elif access is None:
            dropped["an access outside of the project's code"] += 1
        elif not is_project(record["origin_file"]) or made_by_test(record):
            dropped["rows fetched outside of the project's code"] += 1
        else:
            line = lines.setdefault((access, record["relation"]), Line(access, record["relation"]))
            line.add(record, Place(record["origin_file"], record["origin_line"]))
    return sorted(lines.values(), key=lambda line: (line.access, line.relation)), dropped


def findings(djperf: Path, checkout: Path) -> list[Finding]:
    command = [str(djperf), "check", ".", "--output-format", "json", "--fail-on", "never"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    found = []
    for each in json.loads(done.stdout)["diagnostics"]:
        places = [(at["path"], at["line"], at["end_line"]) for at in (each, *each["labels"])]
        found.append(Finding(each["relations"] + each["fields"], places))
    return found


def judge(line: Line, found: list[Finding]) -> tuple[bool, int]:
    """Whether a finding names the line, and for how many of its origins one names both."""
    here = [finding for finding in found if finding.names(line.name)]
    at_access = [finding for finding in here if finding.is_near(line.access, ACCESS_LINES)]

    def start_at(made: set[Place], among: list[Finding]) -> bool:
        return any(finding.is_near(place, ORIGIN_LINES) for finding in among for place in made)

    named = bool(at_access) or any(start_at(made, here) for made in line.origins.values())
    return named, sum(start_at(made, at_access) for made in line.origins.values())


def report(name: str, lines: list[Line], found: list[Finding], tests: Counter, dropped: Counter) -> None:
    judged = [judge(line, found) for line in lines]
    named, pairs = sum(judgement[0] for judgement in judged), sum(len(line.origins) for line in lines)
    both = sum(judgement[1] for judgement in judged)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(tests.items()))
    print(f"\n### {name}\n\nTests: {outcomes or 'none'}. Findings: {len(found)}.\n")
    print("| | confirmed | named | recall |\n|---|--:|--:|--:|")
    print(f"| lines | {len(lines)} | {named} | {share(named, len(lines))} |")
    print(f"| lines and origins | {pairs} | {both} | {share(both, pairs)} |")
    for reason, count in sorted(dropped.items()):
        print(f"\nNot counted, {reason}: {count} records.")
    print("\nMissed:\n")
    for line, (is_named, _) in zip(lines, judged):
        if not is_named:
            print(describe(line))


def share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"


def describe(line: Line) -> str:
    kinds = ", ".join(sorted(line.kinds)) + (", prefetch defeated" if line.defeated else "")
    text = f"- {line.access} loads {line.relation} ({kinds}; {line.rows} rows, {line.loads} loads)"
    text += f"\n  in {', '.join(sorted(line.functions))}"
    for origin, made in sorted(line.origins.items()):
        elsewhere = ", ".join(map(str, sorted(made - {origin})))
        text += f"\n  rows of {origin}" + (f", made at {elsewhere}" if elsewhere else "")
    if line.callers:
        text += f"\n  called by {', '.join(map(str, sorted(line.callers)))}"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--n1trace", type=Path, required=True, metavar="DIR")
    parser.add_argument("--djperf", type=Path, required=True, metavar="FILE")
    parser.add_argument("--traces", type=Path, required=True, metavar="DIR")
    parser.add_argument("--rows", type=int, default=3, help="rows that confirm a line; default: %(default)s")
    parser.add_argument("--seconds", type=int, default=720, help="for the tests; default: %(default)s")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options, command = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1 :]
    checkout, traces = options.checkout.resolve(), options.traces.resolve()
    if command:
        if traces.exists() and any(traces.iterdir()):
            raise SystemExit(f"{traces} holds the traces of an earlier run")
        trace(checkout, options.n1trace.resolve(), traces, command, options.seconds)
    records, tests = recorded(traces)
    lines, dropped = confirmed(records, options.rows)
    report(checkout.name, lines, findings(options.djperf.resolve(), checkout), tests, dropped)


if __name__ == "__main__":
    main()
