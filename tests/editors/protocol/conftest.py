"""A server for each test, and a client with the capabilities of an editor in front of it."""

import os
import shutil
from pathlib import Path
from typing import Union

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from session import DJPERF, ROOT, Session


def pulling() -> types.ClientCapabilities:
    """VS Code as it is by now: it asks for findings, and can be asked to ask again."""
    capabilities = client_capabilities("visual-studio-code")
    capabilities.text_document.diagnostic = types.DiagnosticClientCapabilities(
        dynamic_registration=True, related_document_support=False
    )
    capabilities.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    capabilities.workspace.inlay_hint = types.InlayHintWorkspaceClientCapabilities(refresh_support=True)
    capabilities.text_document.inlay_hint = types.InlayHintClientCapabilities(dynamic_registration=True)
    return capabilities


PROFILES = {
    "vscode-push": lambda: client_capabilities("visual-studio-code"),
    "vscode-pull": pulling,
    "neovim": lambda: client_capabilities("neovim@v0.11"),
    "emacs": lambda: client_capabilities("emacs"),
}


def action_or_command(client: LanguageClient) -> None:
    """lsprotocol takes an action that has a command for a command; only one whose `command` is a word is that."""
    converter = client.protocol._converter

    def structure(value: dict, _: object) -> types.Command | types.CodeAction:
        kind = types.Command if isinstance(value.get("command"), str) else types.CodeAction
        return converter.structure(value, kind)

    converter.register_structure_hook(Union[types.Command, types.CodeAction], structure)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the shop, under a name that has to be escaped in a URI."""
    copy = tmp_path / "the shop ä"
    shutil.copytree(ROOT / "fixtures" / "shop", copy)
    return copy


@pytest_lsp.fixture(
    config=ClientServerConfig(server_command=[DJPERF, "server"], server_env=dict(os.environ)), params=PROFILES
)
async def client(lsp_client: LanguageClient, request: pytest.FixtureRequest, root: Path):
    action_or_command(lsp_client)

    @lsp_client.feature("client/registerCapability")
    def register(params: types.RegistrationParams) -> None:
        lsp_client.registrations = getattr(lsp_client, "registrations", []) + list(params.registrations)

    # Clients that say they can ask again have to know the question.
    @lsp_client.feature("workspace/codeLens/refresh")
    def lenses(_params: None) -> None:
        return None

    @lsp_client.feature("workspace/inlayHint/refresh")
    def hints(_params: None) -> None:
        return None

    folder = types.WorkspaceFolder(uri=root.as_uri(), name="shop")
    lsp_client.initialized_with = await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=PROFILES[request.param](), root_uri=root.as_uri(), workspace_folders=[folder]
        )
    )
    yield
    await lsp_client.shutdown_session()
    assert lsp_client._server.returncode == 0, f"the server ended with {lsp_client._server.returncode}"


@pytest.fixture
def session(client: LanguageClient, root: Path) -> Session:
    return Session(client, root, client.initialized_with)
