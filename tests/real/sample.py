"""A pytest plugin: of each parametrised test only the first and the last set of parameters run.

run.py puts this directory on the path; `-p sample` in the arguments of a project switches it on.
"""


def pytest_collection_modifyitems(config, items):
    first, last = {}, {}
    for item in items:
        key = (item.parent.nodeid, getattr(item, "originalname", item.name))
        first.setdefault(key, item)
        last[key] = item
    kept = {id(item) for item in (*first.values(), *last.values())}
    dropped = [item for item in items if id(item) not in kept]
    items[:] = [item for item in items if id(item) in kept]
    config.hook.pytest_deselected(items=dropped)
