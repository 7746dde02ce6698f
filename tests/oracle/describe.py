"""What Django knows about the installed models, as plain data."""


def dump_models():
    from django.apps import apps

    models = apps.get_models(include_auto_created=True)
    return {model._meta.label: describe(model) for model in models}


def dump_indexes():
    """Model -> its table and the indexes that the database says there are, in a defined order."""
    from django.apps import apps
    from django.db import connection

    models = [m for m in apps.get_models(include_auto_created=True) if not m._meta.proxy]
    with connection.cursor() as cursor:
        return {model._meta.label: describe_table(cursor, model._meta.db_table) for model in models}


def describe_table(cursor, table):
    from django.db import connection

    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
    statements = dict(cursor.fetchall())
    found = {}
    for name, entry in connection.introspection.get_constraints(cursor, table).items():
        if entry["foreign_key"] or entry["check"]:
            continue
        sql = statements.get(name) or ""
        index = {
            "columns": entry["columns"],  # null: an expression
            "orders": entry.get("orders") or ["ASC"] * len(entry["columns"]),
            "unique": entry["unique"],
            "primary_key": entry["primary_key"],
            "partial": " WHERE " in " ".join(sql.split()).upper(),
            "declared": sql != "",  # by a statement of its own, not with the table
        }
        # What SQLite makes for a constraint of the table is the constraint.
        key = (str(index["columns"]), index["declared"] and name)
        if key not in found or index["primary_key"]:
            found[key] = index | ({"name": name} if index["declared"] else {})
    return {"table": table, "indexes": [found[key] for key in sorted(found, key=str)]}


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
    if kind in ("field", "fk", "o2o"):
        data["column"] = field.column
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
        data["accessor"] = None  # a name for queries only
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
