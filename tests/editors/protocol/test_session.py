"""What somebody does in an editor: read findings, fix them, edit other files, save or throw away."""

import asyncio
import re
import subprocess

import pytest
from lsprotocol import types

from session import DJPERF, Session

VIEWS = "catalog/views.py"
LIST = "templates/catalog/product_list.html"
MODELS = "catalog/models.py"
SERVICES = "dashboard/services/orders.py"


def one(diagnostics: list[types.Diagnostic], code: str, word: str = "") -> types.Diagnostic:
    found = [d for d in diagnostics if d.code == code and word in d.message]
    assert len(found) == 1, (code, word, diagnostics)
    return found[0]


async def test_findings_and_their_evidence(session: Session) -> None:
    session.open(VIEWS)
    found = (await session.agree())[VIEWS]
    finding = one(found, "DJP101", "`category`")
    assert finding.source == "djperf" and finding.severity == types.DiagnosticSeverity.Warning
    accepted = session.client.capabilities.text_document.publish_diagnostics
    if accepted.related_information:
        told = {session.name(r.location.uri): r.message for r in finding.related_information}
        assert "`category`" in told[LIST], told
    if not accepted.code_description_support:
        assert all(d.code_description is None for d in found)


async def test_a_quick_fix_makes_its_finding_go(session: Session) -> None:
    session.open(VIEWS)
    finding = one((await session.agree())[VIEWS], "DJP101", "`category`")
    actions = await session.actions(VIEWS, finding, only=["quickfix"])
    assert all(action.kind == "quickfix" for action in actions)
    [fix] = [a for a in actions if re.fullmatch(r'djperf \(DJP101\): add .?\.select_related\("category"\).?', a.title, re.I)]
    assert await session.apply(fix) == {VIEWS}
    assert 'order_by("pk").select_related("category")' in session.texts[VIEWS]
    left = (await session.agree())[VIEWS]
    assert not [d for d in left if "`category`" in d.message], left


async def test_a_finding_is_suppressed(session: Session) -> None:
    session.open(VIEWS)
    finding = one((await session.agree())[VIEWS], "DJP101", "`owner`")
    actions = await session.actions(VIEWS, finding)
    [suppress] = [a for a in actions if a.title == "djperf (DJP101): suppress on this line"]
    await session.apply(suppress)
    assert re.search(r"# (djperf: ignore\[related-access-in-loop\]|noqa: DJP101)", session.texts[VIEWS])
    left = (await session.agree())[VIEWS]
    assert not [d for d in left if "`owner`" in d.message or d.code.startswith("DJP9")], left


async def test_a_finding_is_explained(session: Session) -> None:
    session.open(VIEWS)
    finding = one((await session.agree())[VIEWS], "DJP101", "`owner`")
    [explain] = [a for a in await session.actions(VIEWS, finding) if a.title == "djperf (DJP101): explain"]
    assert explain.command.command == "djperf.explain"
    params = types.ExecuteCommandParams(command=explain.command.command, arguments=explain.command.arguments)
    answer = await session.client.workspace_execute_command_async(params)
    assert answer.lstrip().startswith("# related-access-in-loop"), answer
    hover = await session.client.text_document_hover_async(
        types.HoverParams(types.TextDocumentIdentifier(session.uri(VIEWS)), finding.range.start)
    )
    assert "DJP101" in hover.contents.value and "category" not in hover.contents.value, hover
    imports = types.Position(line=0, character=0)
    nothing = await session.client.text_document_hover_async(
        types.HoverParams(types.TextDocumentIdentifier(session.uri(VIEWS)), imports)
    )
    assert nothing is None, nothing


async def test_all_safe_fixes_at_once(session: Session) -> None:
    session.open(SERVICES)
    found = (await session.agree())[SERVICES]
    one(found, "DJP108")
    [action] = await session.source_actions(SERVICES, "source.fixAll.djperf")
    assert action.kind == "source.fixAll.djperf"
    assert await session.apply(action) == {SERVICES}
    subprocess.run([DJPERF, "check", "--fix-only", "--no-cache", SERVICES], cwd=session.root, check=True, capture_output=True)
    assert session.texts[SERVICES] == (session.root / SERVICES).read_text()
    left = (await session.agree())[SERVICES]
    assert len(left) == len(found) - 1


async def test_an_edit_of_a_template_reaches_the_view(session: Session) -> None:
    session.open(VIEWS)
    session.open(LIST)
    before = (await session.agree())[VIEWS]
    refreshes = session.client.diagnostic_refresh_count
    session.replace(LIST, "<p>{{ product.category.name }}</p>", "")
    after = (await session.agree())[VIEWS]
    assert len(after) == len(before) - 1
    diagnostics = session.client.capabilities.workspace.diagnostics
    if session.pull and diagnostics and diagnostics.refresh_support:
        while session.client.diagnostic_refresh_count == refreshes:
            await asyncio.sleep(0.05)
    # What was never saved is gone with the document.
    session.close(LIST)
    assert len((await session.agree())[VIEWS]) == len(before)


async def test_an_edit_of_a_model_reaches_the_view(session: Session) -> None:
    session.open(VIEWS)
    session.open(MODELS)
    before = (await session.agree())[VIEWS]
    one(before, "DJP101", "`owner`")
    text = session.texts[MODELS]
    start = text.index("    owner = models.ForeignKey(")
    end = text.index("    )\n", start) + len("    )\n")
    session.change(MODELS, session.range(MODELS, start, end), "    owner = models.CharField(max_length=50)\n")
    after = (await session.agree())[VIEWS]
    assert not [d for d in after if "`owner`" in d.message]
    session.save(MODELS)
    await session.agree()


async def test_a_template_has_findings_of_its_own(session: Session) -> None:
    session.open(LIST)
    assert (await session.agree())[LIST] == []
    session.replace(LIST, "{% endblock %}", "{% endbloc %}")
    found = (await session.agree())[LIST]
    assert [d.code for d in found] == ["DJP901"], found
    session.replace(LIST, "{% endbloc %}", "{% endblock %}{# djperf: ignore[query-in-loop] #}")
    found = (await session.agree())[LIST]
    assert [d.code for d in found] == ["DJP902"], found
    await session.apply((await session.actions(LIST, found[0]))[0])
    assert (await session.agree())[LIST] == []


async def test_places_behind_characters_of_several_units(session: Session) -> None:
    session.open(VIEWS)
    session.replace(VIEWS, "    products = Product.objects.active()  #", '    "ä😀"; products = Product.objects.active()  #')
    found = (await session.agree())[VIEWS]
    finding = one(found, "DJP101", "`owner`")
    actions = await session.actions(VIEWS, finding)
    [fix] = [a for a in actions if "select_related" in a.title]
    await session.apply(fix)
    assert "select_related(" in session.texts[VIEWS].split('"ä😀"')[1]
    assert not [d for d in (await session.agree())[VIEWS] if "`owner`" in d.message]


async def test_what_changes_on_disk(session: Session) -> None:
    session.open(VIEWS)
    before = (await session.agree())[VIEWS]
    path = session.root / LIST
    path.write_text(path.read_text().replace("product.category.name", "product.name"))
    event = types.FileEvent(uri=session.uri(LIST), type=types.FileChangeType.Changed)
    session.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes=[event]))
    assert len((await session.agree())[VIEWS]) == len(before) - 1


async def test_settings_of_the_client(session: Session) -> None:
    session.open(VIEWS)
    found = (await session.agree())[VIEWS]
    assert {d.code for d in found} == {"DJP101", "DJP102"}
    settings = {"djperf": {"ignore": ["DJP102"]}}
    session.client.set_configuration(settings)
    session.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=settings))
    found = (await session.agree("--ignore", "DJP102"))[VIEWS]
    assert {d.code for d in found} == {"DJP101"}


async def test_debug_information(session: Session) -> None:
    params = types.ExecuteCommandParams(command="djperf.debugInformation")
    answer = await session.client.workspace_execute_command_async(params)
    assert session.root.name in answer and "djperf" in answer, answer


async def test_findings_of_everything_at_once(session: Session) -> None:
    if not session.pull:
        pytest.skip("this editor does not ask for findings")
    session.open(VIEWS)
    await session.agree()
    fixed = '.order_by("pk").select_related("category")  # expect-template'
    for old, new in [(fixed.replace('.select_related("category")', ""), fixed), (fixed, fixed.replace('.select_related("category")', ""))]:
        session.replace(VIEWS, old, new)
        # At once: what was just typed has to count.
        params = types.WorkspaceDiagnosticParams(previous_result_ids=[])
        report = await session.client.workspace_diagnostic_async(params)
        told = {session.name(item.uri): session.places(item.items) for item in report.items if item.items}
        assert told == session.expected()
