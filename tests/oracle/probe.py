"""Runs inside a virtual environment with Django: asks one project what Django knows about it.

    python probe.py <project directory> <output.json> [--lenient]

The database is SQLite in memory; nothing is written except the output file. A project without scenarios.py is
migrated and described, and runs nothing.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import io
import json
import os
import re
import sys
from pathlib import Path

from describe import dump_indexes, dump_models

SIZES = (5, 10)
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
# Parts of a response that differ from run to run and say nothing about the data.
VOLATILE = re.compile(
    rb'<lastBuildDate>.*?</lastBuildDate>|name="csrfmiddlewaretoken" value="[^"]*"'
    rb'|value="\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?"|value="\d\d:\d\d:\d\d"'
)


def start(project: Path):
    manage = (project / "manage.py").read_text(encoding="utf-8")
    found = re.search(r'"DJANGO_SETTINGS_MODULE",\s*"([\w.]+)"', manage)
    os.environ["DJANGO_SETTINGS_MODULE"] = found.group(1)
    sys.path.insert(0, str(project))
    os.chdir(project)

    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = ":memory:"
    django.setup()

    from django.core.management import call_command

    call_command("check", stdout=io.StringIO())
    call_command("migrate", verbosity=0)
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    except SystemExit:
        raise RuntimeError("the models have changes without a migration") from None


class Counter:
    def __init__(self):
        self.total = 0

    def __call__(self, execute, sql, params, many, context):
        if not sql.lstrip().upper().startswith(NOT_COUNTED):
            self.total += 1
        return execute(sql, params, many, context)


@contextlib.contextmanager
def rolled_back():
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def measure(scenario):
    from django.contrib.contenttypes.models import ContentType
    from django.core.cache import cache
    from django.db import connection

    ContentType.objects.clear_cache()
    cache.clear()
    counter = Counter()
    with rolled_back(), connection.execute_wrapper(counter):
        result = digest(scenario.run())
    return counter.total, result


def digest(value) -> str:
    from django.http.response import HttpResponseBase

    if isinstance(value, HttpResponseBase):
        if value.status_code != 200:
            raise AssertionError(f"status {value.status_code}")
        raw = VOLATILE.sub(b"", value.getvalue())
        if value.headers.get("Content-Type", "").startswith("application/json"):
            raw = json.dumps(json.loads(raw), sort_keys=True).encode()
    else:
        raw = json.dumps(plain(value), sort_keys=True).encode()
    return hashlib.sha256(raw).hexdigest()[:16]


def plain(value):
    if dataclasses.is_dataclass(value):
        return plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)


def dump_queries(project: Path, lenient: bool):
    import scenarios
    import seed

    problems = []
    measured = {name: [] for name in scenarios.SCENARIOS}
    visits = []
    for size in SIZES:
        with rolled_back():
            seed.load(size)
            problems += too_few_rows(project)
            visits.append(visit(scenarios.URL_ARGUMENTS))
            for name, scenario in scenarios.SCENARIOS.items():
                try:
                    first = measure(scenario)
                    again = measure(scenario) if size == SIZES[0] else first
                except Exception as error:
                    problems.append(f"{name}: {type(error).__name__}: {error}")
                    first = again = (0, "failed")
                if first != again:
                    problems.append(f"{name}: not stable, {first} and then {again}")
                measured[name].append(first)

    few, many = visits
    responses = {url: [few[url][2], many[url][2]] for url in few}
    statuses = {(url, answers[url][0]) for answers in visits for url in answers}
    problems += [f"{url}: status {status}" for url, status in sorted(statuses) if status != 200]
    urls = {url: {"status": few[url][0], "queries": [few[url][1], many[url][1]]} for url in few}
    result = {}
    for name, scenario in scenarios.SCENARIOS.items():
        (few, digest_few), (many, digest_many) = measured[name]
        slope = "constant" if few == many else "per-row"
        if scenario.slope not in (slope, "varies") and not lenient:
            problems.append(f"{name}: declared {scenario.slope}, measured {few} and {many} queries")
        if scenario.same_as:
            other = [digest for _, digest in measured[scenario.same_as]]
            if other != [digest_few, digest_many]:
                problems.append(f"{name}: does not return what {scenario.same_as} returns")
        source = (project / scenario.file).read_text(encoding="utf-8")
        if not re.search(rf"\b{scenario.symbol.rpartition('.')[2]}\b", source):
            problems.append(f"{name}: no {scenario.symbol} in {scenario.file}")
        result[name] = {
            "file": scenario.file,
            "symbol": scenario.symbol,
            "layer": scenario.layer,
            "slope": slope,
            "queries": [few, many],
            "per_n": (many - few) / (SIZES[1] - SIZES[0]),
            "results": [digest_few, digest_many],
            "same_as": scenario.same_as,
        }
    return {"n": list(SIZES), "urls": urls, "scenarios": result}, responses, problems


def too_few_rows(project: Path):
    from django.apps import apps

    ours = [config for config in apps.get_app_configs() if Path(config.path).parent == project]
    return [
        f"{model._meta.label}: fewer than {SIZES[0]} rows"
        for config in ours
        for model in config.get_models()
        if model._base_manager.count() < SIZES[0]
    ]


def visit(arguments):
    """Name -> status, queries and digest, for every URL with a name; admin pages as a superuser."""
    from django.contrib.auth import get_user_model
    from django.contrib.contenttypes.models import ContentType
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client
    from django.urls import get_resolver, reverse

    superuser = get_user_model().objects.filter(is_superuser=True).first()
    answers = {}
    for name, is_admin in sorted(url_names(get_resolver())):
        given = arguments.get(name, [])
        if given is None:
            continue
        client, counter = Client(), Counter()
        with rolled_back():
            if is_admin:
                client.force_login(superuser)
            ContentType.objects.clear_cache()
            cache.clear()
            with connection.execute_wrapper(counter):
                response = client.get(reverse(name, args=given))
                body = VOLATILE.sub(b"", response.getvalue())
        answers[name] = (response.status_code, counter.total, hashlib.sha256(body).hexdigest()[:16])
    return answers


def url_names(resolver, prefix="", is_admin=False):
    """Of an admin only the pages that need no arguments."""
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from url_names(pattern, inner, is_admin or pattern.app_name == "admin")
        elif pattern.name and (not is_admin or pattern.name.endswith(("_changelist", "_add"))):
            yield prefix + pattern.name, is_admin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("project", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--lenient", action="store_true")
    options = parser.parse_args()
    project, output = options.project.resolve(), options.output.resolve()

    start(project)
    import django

    models = dump_models()
    indexes = dump_indexes()
    queries, responses, problems = {"urls": {}, "scenarios": {}}, {}, []
    if (project / "scenarios.py").exists():
        queries, responses, problems = dump_queries(project, options.lenient)
    data = {
        "django": django.get_version(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "models": models,
        "indexes": indexes,
        "queries": queries,
        "responses": responses,
        "problems": problems,
    }
    output.write_text(json.dumps(data), encoding="utf-8")


if __name__ == "__main__":
    main()
