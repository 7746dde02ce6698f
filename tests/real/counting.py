"""Counts the queries that run through given files: imported at start-up by the interpreter of run.py's tests.

DJPERF_COUNT_OUT is a directory, DJPERF_COUNT_FILES a file with absolute paths, one a line. Each process
writes {"file:function": queries} for the innermost function of these files that a query was run from.
"""

import atexit
import importlib.abc
import importlib.machinery
import json
import os
import sys
from collections import Counter

MODULE = "django.db.backends.utils"
FLUSH = 500


class Counting:
    def __init__(self, files, folder):
        self.files = files
        self.path = os.path.join(folder, f"{os.getpid()}.json")
        self.pid = os.getpid()
        self.counts = Counter()
        self.seen = 0
        atexit.register(self.write)

    def query(self):
        frame = sys._getframe(2)
        while frame is not None:
            code = frame.f_code
            if code.co_filename in self.files:
                name = getattr(code, "co_qualname", code.co_name)
                self.counts[f"{self.files[code.co_filename]}:{name}"] += 1
                break
            frame = frame.f_back
        self.seen += 1
        if self.seen % FLUSH == 0:
            self.write()

    def write(self):
        if os.getpid() != self.pid:
            # A forked worker counts for itself.
            self.pid = os.getpid()
            self.path = os.path.join(os.path.dirname(self.path), f"{self.pid}.json")
        with open(self.path, "w", encoding="utf-8") as out:
            json.dump(self.counts, out)


class Finder(importlib.abc.MetaPathFinder):
    def __init__(self, counting):
        self.counting = counting

    def find_spec(self, name, path=None, target=None):
        if name != MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            patch(module.CursorWrapper, self.counting)

        spec.loader.exec_module = exec_module
        return spec


def patch(wrapper, counting):
    for name in ("execute", "executemany"):
        method = getattr(wrapper, name)

        def counted(self, *args, _method=method, **kwargs):
            counting.query()
            return _method(self, *args, **kwargs)

        setattr(wrapper, name, counted)


def install():
    folder = os.environ.get("DJPERF_COUNT_OUT")
    if not folder:
        return
    with open(os.environ["DJPERF_COUNT_FILES"], encoding="utf-8") as lines:
        files = dict(line.rstrip("\n").split("\t") for line in lines)
    sys.meta_path.insert(0, Finder(Counting(files, folder)))


install()
