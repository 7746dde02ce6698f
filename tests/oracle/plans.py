"""Runs inside a virtual environment with Django: what PostgreSQL does with the queries of one project.

    python plans.py <project directory> <port> <suggestions.json> <output.json>

The project's fill.sql fills a new database, its explain_cases.py says which code runs which query.
"""

import contextlib
import json
import os
import re
import sys
import time
from pathlib import Path

# An order is served when nothing is sorted but rows with the same key.
SORTS = {"Sort"}
PAYS = 5
SERVED = "served"


class Rollback(Exception):
    pass


@contextlib.contextmanager
def rolled_back():
    from django.db import transaction

    with contextlib.suppress(Rollback), transaction.atomic():
        yield
        raise Rollback


def connected(port: int):
    """A connection to the server, which may still be starting."""
    import psycopg

    for attempt in range(100):
        try:
            return psycopg.connect(
                host="127.0.0.1", port=port, user="oracle", dbname="postgres", autocommit=True
            )
        except psycopg.OperationalError:
            if attempt == 99:
                raise
            time.sleep(0.2)


def start(project: Path, port: int):
    manage = (project / "manage.py").read_text(encoding="utf-8")
    found = re.search(r'"DJANGO_SETTINGS_MODULE",\s*"([\w.]+)"', manage)
    os.environ["DJANGO_SETTINGS_MODULE"] = found.group(1)
    sys.path.insert(0, str(project))
    os.chdir(project)

    import django
    from django.conf import settings

    address = {"HOST": "127.0.0.1", "PORT": port, "USER": "oracle"}
    with connected(port) as admin:
        admin.execute(f'CREATE DATABASE "{project.name}"')
    settings.DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": project.name,
    } | address
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    django.setup()

    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION pg_trgm")
        # Rows are right as they are; checking them one by one takes longer than writing them.
        cursor.execute("SET session_replication_role = replica")
        for statement in (project / "fill.sql").read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE")


# ----------------------------------------------------------------- queries


class Recorder:
    def __init__(self):
        self.seen = []

    def __call__(self, execute, sql, params, many, context):
        self.seen.append((sql, params))
        return execute(sql, params, many, context)


def query_of(run, model, fields) -> tuple[str, tuple]:
    """The last query behind whose FROM the model's table and all fields stand."""
    from django.contrib.contenttypes.models import ContentType
    from django.db import connection
    from django.db.models import QuerySet

    ContentType.objects.clear_cache()
    recorder = Recorder()
    with rolled_back(), connection.execute_wrapper(recorder):
        result = run()
        if isinstance(result, QuerySet):
            list(result)
    table = f'"{model._meta.db_table}"'
    columns = [f'{table}."{model._meta.get_field(name.lstrip("-")).column}"' for name in fields]
    for sql, params in reversed(recorder.seen):
        rest = sql.partition(" FROM ")[2]
        if sql.startswith("SELECT") and table in rest and all(column in rest for column in columns):
            return sql, params
    raise LookupError(f"no query on {table} with {', '.join(fields)}")


class Plan:
    def __init__(self, query: tuple[str, tuple], table: str):
        from django.db import connection

        sql, params = query
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}", params)
            (answer,) = cursor.fetchone()
        root = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
        self.buffers = root["Shared Hit Blocks"] + root["Shared Read Blocks"]
        self.rows = root["Actual Rows"]
        self.nodes: list[str] = []
        self.kinds: list[str] = []
        self.indexes: list[str] = []
        self.removed = 0
        self.scans_table = False
        self.visit(root, table)

    def visit(self, node: dict, table: str):
        kind, index = node["Node Type"], node.get("Index Name")
        if index:
            self.indexes.append(index)
        # A bitmap's heap scan follows from its index scan; the rest says what is done with rows.
        if (
            kind in SORTS
            or "Scan" in kind
            and kind != "Bitmap Heap Scan"
            or kind in ("Incremental Sort", "BitmapOr")
        ):
            self.kinds.append(kind)
            self.nodes.append(" ".join(filter(None, [kind, index or node.get("Relation Name")])))
        if kind == "Seq Scan" and node["Relation Name"] == table:
            self.scans_table = True
        self.removed += int(node.get("Rows Removed by Filter", 0) * node["Actual Loops"])
        for child in node.get("Plans", []):
            self.visit(child, table)

    @property
    def sorts(self) -> bool:
        return bool(SORTS & set(self.kinds))

    def told(self) -> dict:
        return {"nodes": self.nodes, "buffers": self.buffers, "removed": self.removed}


# ------------------------------------------------------------------- cases


class Judge:
    """Runs the phases of one case, each in a transaction of its own, and collects what is not as it should be."""

    def __init__(self, case, suggestion: dict):
        from django.apps import apps

        self.case = case
        self.suggestion = suggestion
        self.model = apps.get_model(case.model)
        self.table = self.model._meta.db_table
        self.query = query_of(case.run, self.model, case.fields)
        self.plans: dict[str, Plan] = {}
        self.wrong: list[str] = []

    def need(self, holds: bool, what: str):
        if not holds:
            self.wrong.append(what)

    def phase(self, name: str, *made, query=None, drop: str = "") -> Plan:
        from django.db import connection

        with rolled_back():
            if drop:
                self.drop(drop)
            with connection.schema_editor() as editor:
                for index in (*self.case.beside, *made):
                    add = editor.add_constraint if hasattr(index, "validate") else editor.add_index
                    add(self.model, index)
            if any(getattr(index, "expressions", ()) for index in made):
                # Of columns everything is known; of expressions only once there is an index on them.
                with connection.cursor() as cursor:
                    cursor.execute(f'ANALYZE "{self.table}"')
            plan = self.plans[name] = Plan(query or self.query, self.table)
        return plan

    def drop(self, name: str):
        """A constraint, an index, or the indexes that Django made for a field."""
        from django.db import connection

        with connection.cursor() as cursor:
            if name in {constraint.name for constraint in self.model._meta.constraints}:
                cursor.execute(f'ALTER TABLE "{self.table}" DROP CONSTRAINT "{name}"')
            elif name in {index.name for index in self.model._meta.indexes}:
                cursor.execute(f'DROP INDEX "{name}"')
            else:
                with connection.schema_editor() as editor:
                    old = self.model._meta.get_field(name)
                    new = old.clone()
                    new.db_index = False
                    new.set_attributes_from_name(name)
                    new.model = self.model
                    editor.alter_field(self.model, old, new)

    def proposal(self):
        """What djperf says, else the case's own remedy, else a plain index on the fields."""
        from django.db import models

        if told := self.suggestion.get("declaration"):
            from django.contrib.postgres import indexes
            from django.db.models import functions

            made = eval(told, {**vars(models), **vars(functions), **vars(indexes), "models": models})
            made.name = "proposed"
            return made
        if self.case.remedy:
            return self.case.remedy
        fields = [name.lstrip("-") for name in self.case.fields]
        if self.case.rule == "get-or-create-without-unique":
            return models.UniqueConstraint(fields=fields, name="proposed")
        return models.Index(fields=self.case.fields, name="proposed")

    def pays(self, before: Plan, after: Plan):
        self.need("proposed" in after.indexes, "the proposed index is not used")
        self.need(not after.scans_table, "the table is still read as a whole")
        self.need(
            before.buffers >= PAYS * after.buffers,
            f"{before.buffers} buffers before and {after.buffers} after",
        )

    def missing(self):
        before = self.phase("before")
        after = self.phase("after", self.proposal())
        wasteful = before.removed >= PAYS * max(1, before.rows)
        self.need(before.scans_table or before.sorts or wasteful, "there is no need for an index")
        self.pays(before, after)
        if self.case.rule == "unindexed-order" or any(name.startswith("-") for name in self.case.fields):
            self.need(before.sorts and not after.sorts, "the order is not taken from the index")

    def unindexable(self):
        from django.db import models

        before = self.phase("before")
        plain = models.Index(fields=self.case.fields, name="plain")
        useless = self.phase("plain index", plain)
        self.need(before.scans_table, "the table is not read as a whole")
        self.need(
            "plain" not in useless.indexes and useless.nodes == before.nodes, "a plain index changes the plan"
        )
        if self.case.rewritten:
            other = query_of(self.case.rewritten, self.model, self.case.fields)
            after = self.phase("after", models.Index(fields=self.case.fields, name="proposed"), query=other)
            self.need(not after.scans_table and after.indexes != [], "the other form reads the whole table")
            self.need(
                before.buffers >= PAYS * after.buffers,
                f"{before.buffers} buffers before and {after.buffers} after",
            )
        else:
            self.pays(before, self.phase("after", self.proposal()))

    def redundant(self):
        before = self.phase("before")
        after = self.phase("after", drop=self.case.drop)
        self.need(after.indexes != [] and self.case.drop not in after.indexes, "no index is used without it")
        self.need(not after.scans_table and after.buffers <= 2 * before.buffers, "the query needs the index")

    def boolean(self):
        before = self.phase("before")
        if self.case.remedy:
            after = self.phase("after", self.proposal(), drop=self.case.drop)
            self.pays(before, after)
            self.need(not after.sorts, "the order is not taken from the index")
        else:
            after = self.phase("after", drop=self.case.drop)
            self.need(
                before.scans_table and before.nodes == after.nodes, "dropping the index changes the plan"
            )

    def served(self):
        from django.db import connection

        plan = self.phase("before")
        with connection.cursor() as cursor:
            cursor.execute("SELECT relpages FROM pg_class WHERE oid = %s::regclass", [self.table])
            (pages,) = cursor.fetchone()
        self.need(plan.indexes != [] and not plan.scans_table, "no index serves this query")
        self.need(pages >= PAYS * plan.buffers, f"{plan.buffers} buffers of {pages} pages")

    def answer(self) -> dict:
        kinds = {
            SERVED: self.served,
            "unindexable-lookup": self.unindexable,
            "redundant-index": self.redundant,
            "low-selectivity-index": self.boolean,
        }
        kinds.get(self.case.rule, self.missing)()
        return {
            "rule": self.case.rule,
            "model": self.case.model,
            "fields": self.case.fields,
            "remedy": "other code" if self.case.rewritten else "",
            "plans": {name: plan.told() for name, plan in self.plans.items()},
            "problems": self.wrong,
        }


def columns(fields: list[str]) -> list[str]:
    """An index on one column is read from either end."""
    return [fields[0].lstrip("-")] if len(fields) == 1 else fields


def fits(case, suggestion: dict) -> bool:
    same = case.rule == suggestion["rule"] and columns(case.fields) == columns(suggestion["fields"])
    if suggestion["model"] is None:
        return same and case.path == suggestion["path"]
    return same and case.model == suggestion["model"]


def main():
    project, port, given, output = Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    start(project, port)
    import explain_cases
    from django.db import connection

    suggestions = json.loads(Path(given).read_text(encoding="utf-8"))
    problems = [
        f"{one['path']}:{one['line']}: {one['rule']}[{', '.join(one['fields'])}] has no case"
        for one in suggestions
        if not any(fits(case, one) for case in explain_cases.CASES)
    ]
    answers = {}
    gaps = []
    for case in explain_cases.CASES:
        fitting = [one for one in suggestions if fits(case, one)]
        if case.rule == SERVED:
            fitting = [{}]
        if not fitting:
            problems.append(
                f"{case.id}: nobody suggests {case.rule}[{', '.join(case.fields)}] for {case.model}"
            )
            continue
        if fitting[0].get("gap"):
            gaps.append(case.id)
        try:
            answer = Judge(case, fitting[0]).answer()
        except Exception as error:
            problems.append(f"{case.id}: {type(error).__name__}: {error}")
            continue
        problems += [f"{case.id}: {line}" for line in answer.pop("problems")]
        answers[case.id] = answer
    version = connection.pg_version // 10000
    data = {"postgresql": version, "cases": answers, "gaps": gaps, "problems": problems}
    Path(output).write_text(json.dumps(data), encoding="utf-8")


if __name__ == "__main__":
    main()
