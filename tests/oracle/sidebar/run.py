"""What the fixes of the rules about templates do to a page with a sidebar, on real Django.

    python3 tests/oracle/sidebar/run.py             # measure and write sidebar.json
    python3 tests/oracle/sidebar/run.py --check     # measure and compare

It needs an interpreter with Django (`--python FILE`, else this one) and djperf (`--djperf FILE`). All fixes are made in a
copy, those for display included, in rounds until none is left. Each URL is asked for twice, with an empty cache before
the first time. Pages must be the same byte for byte before and after, the first and the second time.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
URLS = ["/notes/1/", "/notes/"]

PROBE = """
import django, hashlib, json, sys
django.setup()
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from notes.models import Note, Reply, Tag, Writer

call_command("migrate", run_syncdb=True, verbosity=0)
writer = Writer.objects.create(name="W")
tags = [Tag.objects.create(name=f"t{n}") for n in range(4)]
for n in range(6):
    note = Note.objects.create(title=f"n{n}", seen=n, writer=writer)
    note.tags.set(tags)
    Reply.objects.create(note=note, text=f"r{n}")
found = {}
for url in json.loads(sys.argv[1]):
    cache.clear()
    rounds = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            page = Client().get(url)
        assert page.status_code == 200, page
        rounds.append({"queries": len(queries), "page": hashlib.sha256(page.content).hexdigest()[:16]})
    found[url] = rounds
print(json.dumps(found))
"""


def measure(python: str, site: Path) -> dict:
    ran = subprocess.run(
        [python, "-c", PROBE, json.dumps(URLS)],
        cwd=site,
        env={"DJANGO_SETTINGS_MODULE": "config", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        sys.exit(ran.stderr)
    return json.loads(ran.stdout)


def findings(djperf: str, site: Path) -> list[dict]:
    command = [djperf, "check", ".", "--preview", "--select", "DJP4", "--output-format", "json"]
    ran = subprocess.run(command, cwd=site, capture_output=True, text=True)
    if ran.returncode not in (0, 1):
        sys.exit(ran.stderr)
    return json.loads(ran.stdout)["diagnostics"]


def fix_all(djperf: str, site: Path) -> list[str]:
    """Makes one fix after the other; the rules whose fixes were made."""
    made = []
    for _ in range(20):
        fixable = [one for one in findings(djperf, site) if one["fix"]]
        if not fixable:
            return made
        one = fixable[0]
        begin = lambda edit: (edit["line"], edit["column"])
        for edit in sorted(one["fix"]["edits"], key=begin, reverse=True):
            path = site / edit["path"]
            lines = path.read_text().split("\n")
            head = "\n".join([*lines[: edit["line"] - 1], lines[edit["line"] - 1][: edit["column"] - 1]])
            tail = "\n".join([lines[edit["end_line"] - 1][edit["end_column"] - 1 :], *lines[edit["end_line"] :]])
            path.write_text(head + edit["content"] + tail)
        made.append(one["rule"])
    sys.exit("the fixes do not come to an end")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--djperf", default=str(ROOT / "target/release/djperf"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        shutil.copytree(HERE / "site", site, ignore=shutil.ignore_patterns("__pycache__"))
        before = measure(given.python, site)
        made = fix_all(given.djperf, site)
        after = measure(given.python, site)
    for url in URLS:
        pages = {one["page"] for one in before[url] + after[url]}
        if len(pages) != 1:
            sys.exit(f"{url} is another page with the fixes")
    counts = lambda found: {url: [one["queries"] for one in found[url]] for url in URLS}
    result = {"fixes": sorted(made), "before": counts(before), "after": counts(after)}
    text = json.dumps(result, indent=2) + "\n"
    file = HERE / "sidebar.json"
    if not given.check:
        file.write_text(text)
    elif file.read_text() != text:
        sys.exit(f"sidebar.json differs:\n{text}")
    print(text, end="")


if __name__ == "__main__":
    main()
