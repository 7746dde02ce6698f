#!/usr/bin/env python3
"""Measures how soon findings follow what is typed: replays a recorded session in a project, through the language server.

    benches/editing.py TREE                 with findings that the client asks for, as VS Code and Neovim do
    benches/editing.py TREE --push          with findings that the server sends

TREE is copied. The session, editing.json, says what is typed and at which kind of place; the places are found in the project:
each kind in its largest file and in one of middle size. Keys follow each other at the recorded pace, but each waits for the
findings of the one before; with --hurry it does not. Times run from the change to the findings of that document with
that change in them, and, when a step is over, to the findings of the whole project. What was typed is taken back after each
step. Numbers are printed beside those of a cold run of `djperf check` on the same tree; nothing is asserted.
"""

import argparse
import ast
import json
import os
import queue
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from warm import build

SESSION = Path(__file__).with_suffix(".json")
PATTERNS = {
    "view": ("**/views*.py", "**/views/**/*.py"),
    "model": ("**/models.py", "**/models/**/*.py"),
    "template": ("**/templates/**/*.html",),
}
# A server that needs longer is not measured any more.
PATIENCE = 300.0
RETRY = -32802


class Server:
    """A client without an editor: messages to the server, and when what came back."""

    def __init__(self, djperf: Path, tree: Path, push: bool) -> None:
        self.push, self.tree = push, tree
        command = [djperf, "server"]
        # Ctrl-C is for this process alone.
        own = {"start_new_session": True, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, cwd=tree, **own)
        self.lock = threading.Lock()
        self.last = 0
        self.answers: dict[int, queue.SimpleQueue] = {}
        self.published: dict[str, tuple[int, float]] = {}
        self.news = threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()
        document = {"publishDiagnostics": {"versionSupport": True, "relatedInformation": True}}
        workspace = {"configuration": True, "workspaceFolders": True}
        if not push:
            document["diagnostic"] = {}
            workspace["diagnostics"] = {"refreshSupport": True}
        folder = {"uri": tree.as_uri(), "name": tree.name}
        self.ask(
            "initialize",
            {
                "processId": os.getpid(),
                "clientInfo": {"name": "benches/editing.py"},
                "rootUri": folder["uri"],
                "workspaceFolders": [folder],
                "capabilities": {"textDocument": document, "workspace": workspace},
            },
        )

    def send(self, **message: object) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        with self.lock:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self.process.stdin.flush()

    def tell(self, method: str, params: dict) -> None:
        self.send(method=method, params=params)

    def begin(self, method: str, params: dict | None) -> int:
        self.last += 1
        self.answers[self.last] = queue.SimpleQueue()
        self.send(id=self.last, method=method, params=params)
        return self.last

    def end(self, number: int) -> tuple[dict, float]:
        """An answer, and when it came."""
        try:
            answer = self.answers[number].get(timeout=PATIENCE)
        except queue.Empty:
            raise SystemExit(f"no answer after {PATIENCE:.0f} s") from None
        del self.answers[number]
        if answer is None:
            raise SystemExit("the server is gone")
        return answer

    def ask(self, method: str, params: dict | None) -> tuple[dict, float]:
        """An answer that is no error; the server may want to be asked once more."""
        while True:
            message, at = self.end(self.begin(method, params))
            if "error" not in message:
                return message["result"], at
            if message["error"]["code"] != RETRY:
                raise SystemExit(f"{method}: {message['error']}")

    def listen(self) -> None:
        out = self.process.stdout
        while header := out.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = out.readline()
            message = json.loads(out.read(length))
            at = time.perf_counter()
            if "method" not in message:
                self.answers[message["id"]].put((message, at))
            elif "id" in message:
                asked = message["params"].get("items", []) if message["method"] == "workspace/configuration" else None
                self.send(id=message["id"], result=None if asked is None else [{} for _ in asked])
            elif message["method"] == "textDocument/publishDiagnostics":
                params = message["params"]
                with self.news:
                    self.published[params["uri"]] = (params.get("version") or 0, at)
                    self.news.notify_all()
        for waiting in list(self.answers.values()):
            waiting.put(None)

    # Findings

    def wanted(self, uri: str, version: int):
        """Asks for the findings of a version of a document; what is called to wait for them tells when they came."""
        if self.push:
            return lambda: self.pushed(uri, version)
        params = {"textDocument": {"uri": uri}}
        number = self.begin("textDocument/diagnostic", params)

        def wait() -> float:
            message, at = self.end(number)
            if message.get("error", {}).get("code") == RETRY:
                _, at = self.ask("textDocument/diagnostic", params)
            return at

        return wait

    def pushed(self, uri: str, version: int) -> float:
        with self.news:
            there = lambda: self.published.get(uri, (-1, 0.0))[0] >= version  # noqa: E731
            if not self.news.wait_for(there, PATIENCE):
                raise SystemExit(f"no findings of version {version} after {PATIENCE:.0f} s: {uri}")
            return self.published[uri][1]

    def everything(self) -> tuple[dict[str, str], float]:
        """Ids of the findings of all files, as soon as all of them are up to date."""
        report, at = self.ask("workspace/diagnostic", {"previousResultIds": []})
        return {item["uri"]: item["resultId"] for item in report["items"]}, at

    def peak(self) -> int:
        """Most memory so far, in MB; 0 where the system does not tell."""
        status = Path(f"/proc/{self.process.pid}/status")
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return int(found[1]) // 1024 if found else 0

    def stop(self) -> None:
        self.ask("shutdown", None)
        self.tell("exit", {})
        self.process.wait(timeout=30)


# Places


def in_a_function(text: str) -> int | None:
    """Before the last statement of the function in the middle of a file."""
    lines = text.splitlines(keepends=True)
    places = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            last = node.body[-1]
            if last.lineno > node.lineno and lines[last.lineno - 1][: last.col_offset].isspace():
                places.append(last.lineno - 1)
    places.sort()
    return sum(map(len, lines[: places[len(places) // 2]])) if places else None


def below_a_field(text: str) -> int | None:
    """Below a field of the model in the middle of a file."""
    lines = text.splitlines(keepends=True)
    places = []
    for node in ast.walk(ast.parse(text)):
        for field in node.body if isinstance(node, ast.ClassDef) else []:
            if isinstance(field, ast.Assign) and re.match(r"models\.\w+(Field|Key)\(", ast.unparse(field.value)):
                places.append(field.end_lineno)
    places.sort()
    return sum(map(len, lines[: places[len(places) // 2]])) if places else None


def in_a_loop(text: str) -> int | None:
    found = re.search(r"\{% for \w+ in [^%]*%\}[^\n]*\n", text)
    return found.end() if found else None


PLACES = {"in a function": in_a_function, "below a field": below_a_field, "in a loop": in_a_loop}


def files(tree: Path, kind: str, at: str) -> list[Path]:
    """The file of middle size and the largest one, of those that have such a place."""
    found = []
    for path in sorted({path for pattern in PATTERNS[kind] for path in tree.glob(pattern)}):
        if re.search(r"test|migrations|node_modules|/\.", str(path.relative_to(tree))):
            continue
        try:
            if PLACES[at](path.read_text()) is not None:
                found.append(path)
        except (SyntaxError, UnicodeDecodeError):
            continue
    found.sort(key=lambda path: (path.stat().st_size, path))
    return sorted({found[len(found) // 2], found[-1]}, key=found.index) if found else []


# Typing


class Document:
    """An open file, changed as an editor does it; positions are those of UTF-16."""

    def __init__(self, server: Server, path: Path) -> None:
        self.server, self.path = server, path
        self.uri, self.version, self.text = path.as_uri(), 1, path.read_text()
        language = "python" if path.suffix == ".py" else "html"
        item = {"uri": self.uri, "languageId": language, "version": 1, "text": self.text}
        server.tell("textDocument/didOpen", {"textDocument": item})
        server.wanted(self.uri, 1)()

    def position(self, at: int) -> dict:
        start = self.text.rfind("\n", 0, at) + 1
        units = len(self.text[start:at].encode("utf-16-le")) // 2
        return {"line": self.text.count("\n", 0, at), "character": units}

    def change(self, start: int, end: int, new: str) -> float:
        """Tells of a change; when that was."""
        self.version += 1
        change = {"range": {"start": self.position(start), "end": self.position(end)}, "text": new}
        self.text = self.text[:start] + new + self.text[end:]
        at = time.perf_counter()
        document = {"uri": self.uri, "version": self.version}
        self.server.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        return at

    def close(self) -> None:
        self.server.tell("textDocument/didClose", {"textDocument": {"uri": self.uri}})


class Bench:
    def __init__(self, server: Server, pause: float, hurry: bool) -> None:
        self.server, self.pause, self.hurry = server, pause, hurry
        self.seconds: dict[tuple[str, str], list[float]] = defaultdict(list)

    def files(self, tree: Path, step: dict) -> None:
        """Replays a step in each file that it is for."""
        for path in files(tree, step["in"], step["at"]):
            print("typing in", path.relative_to(tree), file=sys.stderr)
            document = Document(self.server, path)
            lines = document.text.count("\n")
            self.step(f"{step['in']}, {lines} lines", document, step["at"], step["keys"])
            document.close()

    def step(self, name: str, document: Document, at: str, keys: str) -> None:
        """Types, waits for what that leads to, and takes it back."""
        start = PLACES[at](document.text)
        line = document.text[start : document.text.find("\n", start)]
        indent = line[: len(line) - len(line.lstrip())] if at != "below a field" else self.indent_above(document.text, start)
        cursor, sent, waiting = start, 0.0, []

        def edit(begin: int, end: int, new: str) -> None:
            nonlocal sent
            time.sleep(max(0.0, sent + self.pause - time.perf_counter()))
            sent = document.change(begin, end, new)
            waiting.append((sent, self.server.wanted(document.uri, document.version)))
            if not self.hurry:
                collect()

        def collect() -> None:
            for begun, wait in waiting:
                self.seconds[name, "a key, to findings of the document"].append(wait() - begun)
            waiting.clear()

        edit(cursor, cursor, indent)
        cursor += len(indent)
        for number, key in enumerate(keys):
            if key == "\b":
                edit(cursor - 1, cursor, "")
                cursor -= 1
                continue
            last = number == len(keys) - 1
            new = key + ("" if key != "\n" or last else indent)
            edit(cursor, cursor, new)
            cursor += len(new)
        collect()
        self.settled(name, "the last key, to findings of the project", sent)
        begun = document.change(start, cursor, "")
        self.server.wanted(document.uri, document.version)()
        self.settled(name, "all of it taken back, to findings of the project", begun)

    @staticmethod
    def indent_above(text: str, at: int) -> str:
        line = text[text.rfind("\n", 0, at - 1) + 1 : at]
        return line[: len(line) - len(line.lstrip())]

    def settled(self, name: str, what: str, since: float) -> None:
        _, at = self.server.everything()
        self.seconds[name, what].append(at - since)


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def cold_run(djperf: Path, tree: Path) -> float:
    started = time.perf_counter()
    command = [djperf, "check", "--no-cache", "--quiet", "."]
    code = subprocess.run(command, cwd=tree, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
    if code not in (0, 1):
        raise SystemExit(f"exit code {code}: djperf check")
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--push", action="store_true")
    parser.add_argument("--hurry", action="store_true")
    parser.add_argument("--session", type=Path, default=SESSION, help="another recorded session")
    parser.add_argument("--rounds", type=int, default=1, help="how often the session is replayed")
    parser.add_argument("--djperf", type=Path, help="a release build, if there is one already")
    options = parser.parse_args()
    djperf = (options.djperf or build()).resolve()
    session = json.loads(options.session.read_text())
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary).resolve() / options.tree.resolve().name
        shutil.copytree(options.tree, tree, symlinks=True, ignore=shutil.ignore_patterns(".git", "node_modules"))
        cold = statistics.median(cold_run(djperf, tree) for _ in range(3))
        # The server's cache is its own, and empty.
        os.environ["DJPERF_CACHE_DIR"] = str(Path(temporary) / "cache")
        started = time.perf_counter()
        server = Server(djperf, tree, options.push)
        server.tell("initialized", {})
        before, at = server.everything()
        first, first_peak = at - started, server.peak()
        bench = Bench(server, session["pause"] / 1000, options.hurry)
        try:
            for _ in range(options.rounds):
                for step in session["steps"]:
                    bench.files(tree, step)
            after, _ = server.everything()
            if after != before:
                changed = sorted(uri for uri in before.keys() | after.keys() if before.get(uri) != after.get(uri))
                print(f"findings are others than in the beginning in {len(changed)} files: {changed[0]} …", file=sys.stderr)
        except KeyboardInterrupt:
            print("interrupted; so far:", file=sys.stderr)
        peak = server.peak()
        server.stop()
    print(f"cold run {cold * 1000:.0f} ms; first index {first * 1000:.0f} ms, {first / cold:.2f} of it; ", end="")
    print(f"most memory {first_peak} MB after it, {peak} MB at the end\n")
    print("| in | from … to | n | p50 | p95 | p99 | p50 / cold | p95 / cold |\n|---|---|---|---|---|---|---|---|")
    for (name, what), seconds in bench.seconds.items():
        shown = [quantile(seconds, share) for share in (0.5, 0.95, 0.99)]
        times = " | ".join(f"{one * 1000:.0f} ms" for one in shown)
        print(f"| {name} | {what} | {len(seconds)} | {times} | {shown[0] / cold:.3f} | {shown[1] / cold:.3f} |")


if __name__ == "__main__":
    main()
