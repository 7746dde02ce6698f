"""Asks one Django about a project whose indexes changed. Run by run.py inside of a virtual environment.

    migrate.py OLD NEW OUTPUT

OLD is the project before, NEW after. Writes what is wrong as a list of lines.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def manage(project: Path, *arguments: str) -> tuple[int, str]:
    """Runs a command in a process of its own: settings are read once."""
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(project)}
    command = [sys.executable, "-W", "ignore", "-m", "django", *arguments]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def migrations(project: Path) -> dict[str, str]:
    """Path -> the operations of a migration, whatever their quotes and line breaks.

    Dependencies on other applications are left out: makemigrations repeats those of earlier migrations.
    """
    found = {}
    for path in sorted(project.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "operations":
                found[str(path.relative_to(project))] = ast.dump(node)
    return found


def main() -> None:
    old, new, output = map(Path, sys.argv[1:])
    wrong = []
    code, said = manage(old, "makemigrations", "--check", "--dry-run")
    if code:
        wrong.append(f"the project had changes without a migration before: {said}")
    for command in (["makemigrations", "--check", "--dry-run"], ["migrate"]):
        code, said = manage(new, *command)
        if code:
            wrong.append(f"{' '.join(command)}: {said}")
    written = migrations(new)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(new, copy)
        ours = sorted(set(written) - set(migrations(old)))
        for path in ours:
            (copy / path).unlink()
        code, said = manage(copy, "makemigrations")
        if code:
            wrong.append(f"makemigrations: {said}")
        theirs = migrations(copy)
        made = sorted(set(theirs) - set(migrations(old)))
        if made != ours:
            wrong.append(f"written were {ours}, makemigrations writes {made}")
        for path in set(made) & set(ours):
            # Where functions are imported from is a matter of taste.
            if theirs[path] != written[path] and "functions" not in theirs[path]:
                wrong.append(f"{path}: makemigrations writes\n{(copy / path).read_text(encoding='utf-8')}")
    output.write_text(json.dumps(wrong), encoding="utf-8")


if __name__ == "__main__":
    main()
