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
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]

NOTES = """
from notes.models import Note, Reply, Tag, Writer

writer = Writer.objects.create(name="W")
tags = [Tag.objects.create(name=f"t{n}") for n in range(4)]
for n in range(6):
    note = Note.objects.create(title=f"n{n}", seen=n, writer=writer)
    note.tags.set(tags)
    Reply.objects.create(note=note, text=f"r{n}")
"""

BLOG = """
import seed

seed.load(5)
"""

PROBE = """
import hashlib, json, sys
import django
from django.conf import settings

settings.DATABASES["default"]["NAME"] = ":memory:"
django.setup()
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

call_command("migrate", run_syncdb=True, verbosity=0)
urls, data = json.loads(sys.argv[1])
exec(data)
found = {}
for url in urls:
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


@dataclass
class Site:
    """A project, what fills it, and what is fixed in it."""

    path: Path
    settings: str
    data: str
    urls: list[str]
    rules: str


SITES = {
    "notes": Site(HERE / "site", "config", NOTES, ["/notes/1/", "/notes/"], "DJP4"),
    # The sidebar alone.
    "blog": Site(
        ROOT / "fixtures/blog", "config.settings.base", BLOG, ["/entries/fast/", "/fast/"], "DJP401"
    ),
}


def measure(python: str, site: Site, folder: Path) -> dict:
    ran = subprocess.run(
        [python, "-c", PROBE, json.dumps([site.urls, site.data])],
        cwd=folder,
        env={
            "DJANGO_SETTINGS_MODULE": site.settings,
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(folder),
        },
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        sys.exit(ran.stderr)
    return json.loads(ran.stdout)


def findings(djperf: str, site: Site, folder: Path) -> list[dict]:
    command = [djperf, "check", ".", "--preview", "--select", site.rules, "--output-format", "json"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if ran.returncode not in (0, 1):
        sys.exit(ran.stderr)
    return json.loads(ran.stdout)["diagnostics"]


def fix_all(djperf: str, site: Site, folder: Path) -> list[str]:
    """Makes one fix after the other; the rules whose fixes were made."""
    made = []
    for _ in range(20):
        fixable = [one for one in findings(djperf, site, folder) if one["fix"]]
        if not fixable:
            return made
        one = fixable[0]
        begin = lambda edit: (edit["line"], edit["column"])
        for edit in sorted(one["fix"]["edits"], key=begin, reverse=True):
            path = folder / edit["path"]
            lines = path.read_text().split("\n")
            head = "\n".join([*lines[: edit["line"] - 1], lines[edit["line"] - 1][: edit["column"] - 1]])
            tail = "\n".join([lines[edit["end_line"] - 1][edit["end_column"] - 1 :], *lines[edit["end_line"] :]])
            path.write_text(head + edit["content"] + tail)
        made.append(one["rule"])
    sys.exit("the fixes do not come to an end")


def run(python: str, djperf: str, site: Site) -> dict:
    with tempfile.TemporaryDirectory() as holder:
        folder = Path(holder) / "site"
        shutil.copytree(site.path, folder, ignore=shutil.ignore_patterns("__pycache__"))
        before = measure(python, site, folder)
        made = fix_all(djperf, site, folder)
        after = measure(python, site, folder)
    for url in site.urls:
        pages = {one["page"] for one in before[url] + after[url]}
        if len(pages) != 1:
            sys.exit(f"{url} is another page with the fixes")
    counts = lambda found: {url: [one["queries"] for one in found[url]] for url in site.urls}
    return {"fixes": sorted(made), "before": counts(before), "after": counts(after)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--djperf", default=str(ROOT / "target/release/djperf"))
    given = parser.parse_args()
    result = {name: run(given.python, given.djperf, site) for name, site in SITES.items()}
    text = json.dumps(result, indent=2) + "\n"
    file = HERE / "sidebar.json"
    if not given.check:
        file.write_text(text)
    elif file.read_text() != text:
        sys.exit(f"sidebar.json differs:\n{text}")
    print(text, end="")


if __name__ == "__main__":
    main()
