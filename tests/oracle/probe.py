"""Runs inside a virtual environment with Django: asks one project what Django knows about it.

    python probe.py <project directory> <output.json> [--lenient]

The database is SQLite in memory; nothing is written except the output file.
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

SIZES = (5, 10)
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
# Parts of a response that differ from run to run and say nothing about the data.
VOLATILE = re.compile(rb"<lastBuildDate>.*?</lastBuildDate>")


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
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


# ---------------------------------------------------------------- models


def dump_models():
    from django.apps import apps

    models = apps.get_models(include_auto_created=True)
    return {model._meta.label: describe(model) for model in models}


def describe(model):
    meta = model._meta
    fields = [*meta.fields, *meta.many_to_many, *meta.private_fields]
    base = meta.base_manager
    return {
        "module": model.__module__,
        "app_label": meta.app_label,
        "abstract": meta.abstract,
        "proxy": meta.proxy,
        "proxy_for": meta.proxy_for_model._meta.label if meta.proxy else None,
        "managed": meta.managed,
        "auto_created": bool(meta.auto_created),
        "parents": [parent._meta.label for parent in meta.parents],
        "pk": meta.pk.name,
        "fields": [describe_field(field) for field in fields],
        "reverse": describe_reverse(model),
        "managers": [
            {
                "name": manager.name,
                "class": type(manager).__name__,
                "queryset": type(manager.get_queryset()).__name__,
            }
            for manager in meta.managers
        ],
        "default_manager": meta.default_manager.name,
        "base_manager": base.name if base in meta.managers or base.name else None,
        "ordering": [str(part) for part in meta.ordering],
        "get_latest_by": meta.get_latest_by,
        "indexes": [{"name": index.name, "fields": list(index.fields)} for index in meta.indexes],
        "unique_together": [list(names) for names in meta.unique_together],
        "constraints": [constraint.name for constraint in meta.constraints],
    }


def kind_of(field) -> str:
    from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation

    if isinstance(field, GenericForeignKey):
        return "gfk"
    if isinstance(field, GenericRelation):
        return "generic_relation"
    if not field.is_relation:
        return "field"
    return {"many_to_one": "fk", "one_to_one": "o2o", "many_to_many": "m2m"}[cardinality(field)]


def cardinality(field) -> str:
    names = ("many_to_one", "one_to_one", "many_to_many", "one_to_many")
    return next(name for name in names if getattr(field, name))


def describe_field(field):
    kind = kind_of(field)
    data = {"name": field.name, "kind": kind, "type": type(field).__name__}
    if kind == "gfk":
        return data | {"content_type": field.ct_field, "object_id": field.fk_field}
    data |= {
        "attname": field.attname,
        "null": field.null,
        "unique": bool(field.unique),
        "db_index": bool(field.db_index),
        "primary_key": field.primary_key,
    }
    if kind == "field":
        return data
    rel = field.remote_field
    hidden = rel.hidden
    data |= {
        "target": field.related_model._meta.label,
        "accessor": None if hidden else rel.get_accessor_name(),
        "related_query_name": None if hidden else field.related_query_name(),
    }
    if kind in ("fk", "o2o"):
        data["to_field"] = field.target_field.name
    if kind == "o2o":
        data["parent_link"] = bool(rel.parent_link)
        data["auto_created"] = bool(field.auto_created)
    if kind == "m2m":
        data["through"] = rel.through._meta.label
        data["through_auto_created"] = bool(rel.through._meta.auto_created)
        data["symmetrical"] = bool(rel.symmetrical)
    if kind == "generic_relation":
        data["related_query_name"] = field.related_query_name()
    return data


def describe_reverse(model):
    kinds = {
        "one_to_many": "reverse_fk",
        "one_to_one": "reverse_o2o",
        "many_to_many": "reverse_m2m",
        "many_to_one": "reverse_generic",  # queries only: no attribute on the instances
    }
    relations = [
        {
            "accessor": None if relation.many_to_one else relation.get_accessor_name(),
            "query_name": relation.name,
            "kind": kinds[cardinality(relation)],
            "from_model": relation.related_model._meta.label,
            "from_field": relation.field.name,
        }
        for relation in model._meta.get_fields()
        if relation.is_relation and relation.auto_created and not relation.concrete
    ]
    return sorted(relations, key=lambda r: (r["accessor"] or "", r["from_model"], r["from_field"]))


# --------------------------------------------------------------- queries


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
    urls = {}
    for size in SIZES:
        with rolled_back():
            seed.load(size)
            problems += too_few_rows(project)
            urls = visit(scenarios.URL_ARGUMENTS)
            for name, scenario in scenarios.SCENARIOS.items():
                try:
                    first, again = measure(scenario), measure(scenario)
                except Exception as error:
                    problems.append(f"{name}: {type(error).__name__}: {error}")
                    first = again = (0, "failed")
                if first != again:
                    problems.append(f"{name}: not stable, {first} and then {again}")
                measured[name].append(first)

    problems += [f"{url}: status {status}" for url, status in urls.items() if status != 200]
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
    return {"n": list(SIZES), "urls": urls, "scenarios": result}, problems


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
    from django.test import Client
    from django.urls import get_resolver, reverse

    statuses = {}
    for name in sorted(url_names(get_resolver())):
        with rolled_back():
            response = Client().get(reverse(name, args=arguments.get(name, [])))
            response.getvalue()
        statuses[name] = response.status_code
    return statuses


def url_names(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            if pattern.namespace != "admin":
                inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
                yield from url_names(pattern, inner)
        elif pattern.name:
            yield prefix + pattern.name


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
    queries, problems = dump_queries(project, options.lenient)
    data = {
        "django": django.get_version(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "models": models,
        "queries": queries,
        "problems": problems,
    }
    output.write_text(json.dumps(data), encoding="utf-8")


if __name__ == "__main__":
    main()
