"""What the checks of packages share: where things are built, tools from PyPI, a small Django project, git."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CARGO_TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
TARGET = CARGO_TARGET / "packaging"
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
EXE = ".exe" if os.name == "nt" else ""

# What a hook of git, a shell or a CI system may have set, and what would change the answers.
FOREIGN = ("GIT_", "PRE_COMMIT", "PIP_", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "DJPERF_", "GITHUB_", "CI")

MODELS = """\
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    title = models.CharField(max_length=80)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
"""
VIEWS = """\
from django.shortcuts import render

from shop.models import Book


def catalogue(request):
    books = Book.objects.order_by("title")
    return render(request, "shop/catalogue.html", {"books": books})
"""
TEMPLATE = """\
<ul>
{% for book in books %}
  <li>{{ book.title }}</li>
{% endfor %}
</ul>
"""
REPORT = """\
from shop.models import Book


def lines():
    return [f"{book.title}: {book.author.name}" for book in Book.objects.order_by("title")]
"""
PROJECT = {
    "manage.py": 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")\n',
    "settings.py": 'INSTALLED_APPS = ["shop"]\n'
    'TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]\n'
    'ROOT_URLCONF = "urls"\n',
    "urls.py": 'from django.urls import path\n\nfrom shop import views\n\nurlpatterns = [path("", views.catalogue)]\n',
    "shop/__init__.py": "",
    "shop/models.py": MODELS,
    "shop/views.py": VIEWS,
    "shop/templates/shop/catalogue.html": TEMPLATE,
}


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what belongs to others; packages are compiled as tests are, and share that."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    env |= {
        "CARGO_TARGET_DIR": str(CARGO_TARGET),
        "MATURIN_PEP517_ARGS": "--profile=dev",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PRE_COMMIT_HOME": str(TARGET / "pre-commit"),
        "NO_COLOR": "1",
    }
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": "Test", f"GIT_{role}_EMAIL": "test@example.invalid"}
    return env | more


def run(*command: object, cwd: Path = ROOT, code: int | None = 0, **env: str) -> subprocess.CompletedProcess:
    """Runs a command and insists on its exit code; `None` allows any."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env=environment(**env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if code is not None and done.returncode != code:
        sys.exit(f"{' '.join(words)}\nexit code {done.returncode}, expected {code}:\n{done.stdout}")
    return done


def ensure(condition: bool, message: str) -> None:
    if not condition:
        sys.exit(message)


def python(directory: Path) -> Path:
    return directory / SCRIPTS / f"python{EXE}"


def fresh_venv(name: str) -> Path:
    """An empty virtual environment."""
    directory = TARGET / name
    shutil.rmtree(directory, ignore_errors=True)
    venv.create(directory, with_pip=True)
    return directory


def tool(name: str) -> Path:
    """A program of requirements.txt, installed when that file changes."""
    directory = TARGET / "tools"
    wanted = (HERE / "requirements.txt").read_text()
    stamp = directory / "installed.txt"
    if not stamp.is_file() or stamp.read_text() != wanted:
        fresh_venv("tools")
        run(python(directory), "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt")
        stamp.write_text(wanted)
    return directory / SCRIPTS / f"{name}{EXE}"


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def fresh_directory(name: str) -> Path:
    directory = TARGET / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def repository(name: str) -> Path:
    """An empty git repository."""
    directory = fresh_directory(name)
    run("git", "init", "-q", "-b", "main", cwd=directory)
    return directory


def own_files() -> list[str]:
    """The files of this repository: those that git knows or would add."""
    listed = run("git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return sorted({name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()})
