#!/usr/bin/env python3
"""Runs the hooks of this repository with real pre-commit in a small Django project under git.

    python3 tests/packaging/precommit.py

A commit that adds a query per row is blocked, the fixed one passes. Needs cargo, git and PyPI. The hooks are those of
the working tree: its files are copied into a repository of their own, which pre-commit clones and builds, once as a
Python package and once with cargo.
"""

import json
import os
import shutil
from pathlib import Path

from common import PROJECT, REPORT, ROOT, SCRIPTS, TARGET, ensure, own_files, repository, run, tool, write

FIXED = """\
from shop.models import Book


def lines():
    return [
        f"{book.title}: {book.author.name}"
        for book in Book.objects.order_by("title").select_related("author")
    ]
"""
# As cargo has them from the tests; the hook runs `cargo install` without `--locked`. Nothing is optimised.
CARGO = {
    "CARGO_NET_OFFLINE": "true",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
}


def hook_repository() -> Path:
    """A repository with one commit: the files of this one."""
    directory = repository("hooks")
    for name in own_files():
        copy = directory / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy)
    run("git", "add", "--all", "--force", cwd=directory)
    run("git", "commit", "-q", "-m", "The hooks", cwd=directory)
    return directory


def commit(project: Path, *, code: int | None = 0) -> str:
    """Commits all changes as a user would; the output of git and of the hooks."""
    run("git", "add", "--all", cwd=project)
    return run("git", "commit", "-m", "A change", cwd=project, code=code, **CARGO).stdout


def head(project: Path) -> str:
    return run("git", "rev-parse", "HEAD", cwd=project).stdout


def blocked(project: Path, *words: str) -> None:
    """The commit is refused for the reason that the words tell, and nothing is committed."""
    before = head(project)
    output = commit(project, code=1)
    for word in words:
        ensure(word in output, f"{word!r} is missing from\n{output}")
    ensure(head(project) == before, "the commit was made all the same")
    print(f"blocked: {words[0]}")


def passes(project: Path, name: str) -> None:
    before = head(project)
    output = commit(project)
    ensure(head(project) != before, f"{name}: there is no commit:\n{output}")
    print(f"passes: {name}")


def undo(project: Path) -> None:
    run("git", "reset", "-q", "--hard", cwd=project)
    run("git", "clean", "-q", "-f", "-d", cwd=project)


def demonstration(hooks: Path) -> None:
    project = repository("demonstration")
    revision = run("git", "rev-parse", "HEAD", cwd=hooks).stdout.strip()
    ids = ["djperf", "djperf-config"]
    repo = {"repo": str(hooks), "rev": revision, "hooks": [{"id": id, "language": "rust"} for id in ids]}
    # JSON is YAML.
    write(project, PROJECT | {".pre-commit-config.yaml": json.dumps({"repos": [repo]}, indent=2)})
    run(tool("pre-commit"), "install", cwd=project)
    output = commit(project)
    ensure("djperf" in output and "Passed" in output, f"no hook ran:\n{output}")
    print("passes: a project without problems")

    write(project, {"shop/report.py": REPORT})
    blocked(
        project,
        "DJP101 related-access-in-loop",
        "[shop/report.py:5:61]",
        'add `.select_related("author")`',
        "queries: 1 + N now, 1 with the change",
    )
    # The binary that the hook uses fixes it.
    (binary,) = (TARGET / "pre-commit").glob(f"repo*/rustenv-*/{SCRIPTS}/djperf*")
    run(binary, "check", "--fix", "--unsafe-fixes", ".", cwd=project)
    ensure((project / "shop/report.py").read_text() == FIXED, (project / "shop/report.py").read_text())
    passes(project, "the same, fixed by --fix --unsafe-fixes")

    template = project / "shop/templates/shop/catalogue.html"
    template.write_text(template.read_text().replace("{{ book.title }}", "{{ book.title }}, {{ book.author.name }}"))
    blocked(project, "DJP101 related-access-in-loop", "shop/views.py:7:", "shop/templates/shop/catalogue.html:2:")
    views = project / "shop/views.py"
    views.write_text(views.read_text().replace("order_by", 'select_related("author").order_by'))
    passes(project, "a template that reads more, and its view fixed by hand")

    write(project, {"djperf.toml": 'slect = ["n-plus-one"]\n'})
    blocked(project, "slect", "djperf.toml:1")
    write(project, {"djperf.toml": 'exclude = ["legacy/**"]\n'})
    passes(project, "valid settings")
    write(project, {"legacy/__init__.py": "", "legacy/report.py": REPORT})
    passes(project, "excluded files only")
    write(project, {"README.txt": "A shop.\n", "tools/page.html": "<p>\n", "tools/build.py": "print(1)\n"})
    passes(project, "files that are no part of the Django project")
    write(project, {"notes.md": "No hook wants this.\n"})
    passes(project, "nothing for a hook")
    (project / "shop/report.py").unlink()
    passes(project, "a deleted file")
    if os.name != "nt":
        odd = ["my report.py", "-v.py", "new\nline.py", "ümlaut.py", "$(echo).py", "*.html"]
        write(project, {f"shop/odd/{name}": REPORT for name in odd})
        write(project, {"-v.py": "VALUE = 1\n"})
        blocked(project, "shop/odd/my report.py:5:61", "shop/odd/ümlaut.py:5:61", "Found 5 problems")
        undo(project)
    # More names than one command line takes.
    write(project, {f"shop/generated/module_with_a_rather_long_name_{i:04}.py": "VALUE = 1\n" for i in range(3000)})
    passes(project, "thousands of files")


def without_django(hooks: Path) -> None:
    """Hooks that an organisation has everywhere stay out of the way; the whole check insists on a project."""
    project = repository("without-django")
    write(project, {"tool.py": "print(1)\n"})
    run("git", "add", "--all", cwd=project)
    output = run(tool("pre-commit"), "try-repo", hooks, "--all-files", "--verbose", cwd=project, code=1).stdout
    results = [line for line in output.splitlines() if line.endswith(("Passed", "Failed", "Skipped"))]
    outcome = [line.rsplit(".", 1)[-1].rsplit(")", 1)[-1] for line in results]
    ensure(outcome == ["Passed", "Skipped", "Failed"], output)
    ensure("nothing to report on: no Django project found" in output, output)
    print("try-repo without Django:", "; ".join(" ".join(line.replace(".", " ").split()) for line in results))


def main() -> None:
    shutil.rmtree(TARGET / "pre-commit", ignore_errors=True)
    run(tool("pre-commit"), "validate-manifest", ".pre-commit-hooks.yaml")
    hooks = hook_repository()
    without_django(hooks)
    demonstration(hooks)


if __name__ == "__main__":
    main()
