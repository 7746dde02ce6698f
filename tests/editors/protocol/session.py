"""An editor as the server sees it: a copy of a project, documents with versions, and what is told of their findings."""

import asyncio
import functools
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pytest_lsp import LanguageClient

ROOT = Path(__file__).resolve().parents[3]
DJPERF = os.environ["DJPERF_BINARY"]
PATIENCE = 30.0

Place = tuple[str, int, int]


def units(text: str, encoding: str) -> int:
    """The length of a text as positions count it."""
    if encoding == "utf-8":
        return len(text.encode())
    return len(text) if encoding == "utf-32" else len(text.encode("utf-16-le")) // 2


def offset(text: str, position: types.Position, encoding: str) -> int:
    """Where in a text a position is; one that is not in it, or inside of a character, is a mistake."""
    lines = text.split("\n")
    assert position.line < len(lines), (position, len(lines))
    before, rest = 0, position.character
    for character in lines[position.line]:
        if rest <= 0:
            break
        rest -= units(character, encoding)
        before += 1
    assert rest == 0, f"{position} is no place in {lines[position.line]!r} ({encoding})"
    return sum(len(line) + 1 for line in lines[: position.line]) + before


def edited(text: str, edits: list[types.TextEdit], encoding: str) -> str:
    spans = sorted(
        ((offset(text, e.range.start, encoding), offset(text, e.range.end, encoding), e.new_text) for e in edits),
        key=lambda span: span[:2],
    )
    for (_, end, _), (start, _, _) in zip(spans, spans[1:]):
        assert end <= start, f"edits overlap: {edits}"
    for start, end, new in reversed(spans):
        text = text[:start] + new + text[end:]
    return text


@functools.cache
def on_the_command_line(files: frozenset[tuple[str, str]], flags: tuple[str, ...]) -> list[tuple[str, str, int, int]]:
    """Path, code, line and column of all findings in a project of these files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        run = [DJPERF, "check", "--no-cache", "--output-format", "json", *flags, "."]
        done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
    return [(one["path"], one["code"], one["line"], one["column"]) for one in json.loads(done.stdout)["diagnostics"]]


class Session:
    def __init__(self, client: LanguageClient, root: Path, result: types.InitializeResult) -> None:
        self.client, self.root, self.result = client, root, result
        document = client.capabilities.text_document
        self.pull = document.diagnostic is not None
        self.encoding = result.capabilities.position_encoding or "utf-16"
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}

    # Documents

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def name(self, uri: str) -> str:
        path = Path(unquote(urlsplit(uri).path)).resolve()
        return str(path.relative_to(self.root.resolve()))

    def open(self, name: str) -> None:
        language = "python" if name.endswith(".py") else "html"
        self.texts[name] = (self.root / name).read_text()
        self.versions[name] = 1
        item = types.TextDocumentItem(
            uri=self.uri(name), language_id=language, version=1, text=self.texts[name]
        )
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def replace(self, name: str, old: str, new: str) -> None:
        """Types into a document: one change of the smallest range, as editors send it."""
        text = self.texts[name]
        assert text.count(old) == 1, (name, old, text.count(old))
        start = text.index(old)
        self.change(name, self.range(name, start, start + len(old)), new)

    def change(self, name: str, range_: types.Range, new: str) -> None:
        edit = types.TextEdit(range=range_, new_text=new)
        self.texts[name] = edited(self.texts[name], [edit], self.encoding)
        self.versions[name] += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                text_document=types.VersionedTextDocumentIdentifier(uri=self.uri(name), version=self.versions[name]),
                content_changes=[types.TextDocumentContentChangePartial(range=range_, text=new)],
            )
        )

    def save(self, name: str) -> None:
        (self.root / name).write_text(self.texts[name])
        self.client.text_document_did_save(
            types.DidSaveTextDocumentParams(text_document=types.TextDocumentIdentifier(uri=self.uri(name)))
        )

    def close(self, name: str) -> None:
        del self.texts[name], self.versions[name]
        self.client.text_document_did_close(
            types.DidCloseTextDocumentParams(text_document=types.TextDocumentIdentifier(uri=self.uri(name)))
        )

    def position(self, name: str, at: int) -> types.Position:
        before = self.texts[name][:at].split("\n")
        return types.Position(line=len(before) - 1, character=units(before[-1], self.encoding))

    def range(self, name: str, start: int, end: int) -> types.Range:
        return types.Range(start=self.position(name, start), end=self.position(name, end))

    # Findings

    async def told(self, name: str) -> list[types.Diagnostic] | None:
        """What the server says now: asked for, or sent last."""
        if not self.pull:
            found = self.client.diagnostics.get(self.uri(name))
            return None if found is None else list(found)
        report = await self.client.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(text_document=types.TextDocumentIdentifier(uri=self.uri(name)))
        )
        return list(report.items)

    def places(self, diagnostics: list[types.Diagnostic]) -> list[Place]:
        return sorted((str(d.code), d.range.start.line, d.range.start.character) for d in diagnostics)

    def expected(self, *flags: str) -> dict[str, list[Place]]:
        """What a run on the command line finds in files that say what the documents say."""
        files = {str(path.relative_to(self.root)): path.read_text() for path in self.root.rglob("*") if path.is_file()}
        files |= self.texts
        found: dict[str, list[Place]] = {}
        for path, code, line, column in on_the_command_line(frozenset(files.items()), flags):
            before = files[path].split("\n")[line - 1][: column - 1]
            found.setdefault(path, []).append((code, line - 1, units(before, self.encoding)))
        return {name: sorted(places) for name, places in found.items()}

    async def agree(self, *flags: str) -> dict[str, list[types.Diagnostic]]:
        """Waits until the server says of all open documents what the command line does; their findings."""
        expected = self.expected(*flags)
        agreed = {}
        for name in self.texts:
            wanted = expected.get(name, [])
            until = time.monotonic() + PATIENCE
            while True:
                told = await self.told(name)
                if told is not None and self.places(told) == wanted:
                    break
                assert time.monotonic() < until, f"{name}: told {told and self.places(told)}, should be {wanted}"
                await asyncio.sleep(0.05)
            agreed[name] = told
        return agreed

    # Actions

    async def actions(self, name: str, diagnostic: types.Diagnostic, only: list[str] | None = None) -> list[types.CodeAction]:
        context = types.CodeActionContext(diagnostics=[diagnostic], only=only)
        return await self._actions(name, diagnostic.range, context)

    async def source_actions(self, name: str, kind: str) -> list[types.CodeAction]:
        whole = self.range(name, 0, len(self.texts[name]))
        return await self._actions(name, whole, types.CodeActionContext(diagnostics=[], only=[kind]))

    async def _actions(self, name: str, range_: types.Range, context: types.CodeActionContext) -> list[types.CodeAction]:
        document = types.TextDocumentIdentifier(uri=self.uri(name))
        params = types.CodeActionParams(text_document=document, range=range_, context=context)
        return list(await self.client.text_document_code_action_async(params) or [])

    async def apply(self, action: types.CodeAction) -> set[str]:
        """Makes an action's edit, as the client would; the names of the files that it changed."""
        if action.edit is None:
            assert action.data is not None, f"neither an edit nor data to resolve it with: {action}"
            action = await self.client.code_action_resolve_async(action)
        assert action.edit is not None, action
        return self.make(action.edit)

    def make(self, edit: types.WorkspaceEdit) -> set[str]:
        changed = set()
        if edit.document_changes is not None:
            assert self.client.capabilities.workspace.workspace_edit.document_changes, "documentChanges were not offered"
            for change in edit.document_changes:
                assert isinstance(change, types.TextDocumentEdit), change
                name, version = self.name(change.text_document.uri), change.text_document.version
                assert version == self.versions.get(name), f"{name} is at {self.versions.get(name)}, the edit at {version}"
                changed.add(self._edit(name, list(change.edits)))
        for uri, edits in (edit.changes or {}).items():
            changed.add(self._edit(self.name(uri), list(edits)))
        assert changed, edit
        return changed

    def _edit(self, name: str, edits: list[types.TextEdit]) -> str:
        if name not in self.texts:
            path = self.root / name
            path.write_text(edited(path.read_text(), edits, self.encoding))
            return name
        # From behind, so that the places before stay where they are.
        for edit in sorted(edits, key=lambda e: offset(self.texts[name], e.range.start, self.encoding), reverse=True):
            self.change(name, edit.range, edit.new_text)
        return name
