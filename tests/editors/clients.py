#!/usr/bin/env python3
"""Drives the language server with the clients that people use, on copies of fixtures/shop.

    python3 tests/editors/clients.py                     target/release/djperf
    python3 tests/editors/clients.py --djperf FILE
    python3 tests/editors/clients.py neovim vim          only these

    configs     what editors/ ships can be read, and names what there is
    protocol    pytest-lsp with the capabilities of VS Code, Neovim and Emacs
    neovim      Neovim without a screen
    eglot       Emacs in batch mode, alone and beside ruff behind rass
    lsp-mode    the same Emacs
    vim         Vim with ALE
    zed         the extension is type-checked

Neovim and what comes from PyPI is installed into target/editors; Emacs and Vim come from Debian, and are installed when
this runs as root. Needs Python 3.11 or later, cargo and the network.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EDITORS = ROOT / "editors"
CARGO_TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
TARGET = CARGO_TARGET / "editors"
VENV = TARGET / "venv"
BIN = VENV / "bin"
DEBIAN = {"emacs": ["emacs-nox", "elpa-eglot", "elpa-lsp-mode"], "vim": ["vim-nox", "vim-ale"]}
ALE = Path("/usr/share/vim-ale")


def prepare() -> None:
    """Installs what is missing, then goes on inside the virtual environment."""
    wanted = (HERE / "requirements.txt").read_text()
    stamp = VENV / "installed.txt"
    if not (stamp.is_file() and stamp.read_text() == wanted):
        shutil.rmtree(VENV, ignore_errors=True)
        venv.create(VENV, with_pip=True)
        pip = [BIN / "python", "-m", "pip", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "-r", HERE / "requirements.txt"], check=True)
        stamp.write_text(wanted)
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(BIN / "python", [str(BIN / "python"), __file__, *sys.argv[1:]])


def debian(editor: str) -> None:
    """Installs an editor with its packages where it is missing."""
    done = subprocess.run(["dpkg", "-s", *DEBIAN[editor]], capture_output=True, check=False)
    if done.returncode == 0:
        return
    if os.geteuid() != 0:
        sys.exit(f"{editor} is missing: apt-get install {' '.join(DEBIAN[editor])}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=quiet, stdout=subprocess.DEVNULL)
    install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *DEBIAN[editor]]
    subprocess.run(install, check=True, env=quiet, stdout=subprocess.DEVNULL)


class Clients:
    def __init__(self, djperf: Path, folder: Path) -> None:
        self.djperf, self.folder = djperf, folder
        programs = folder / "bin"
        programs.mkdir()
        # The configurations say `djperf`, and so does the user.
        (programs / "djperf").symlink_to(djperf)
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(programs), str(BIN), os.environ["PATH"]]),
            "HOME": str(folder / "home"),
            "XDG_CONFIG_HOME": str(folder / "home" / "config"),
            "XDG_STATE_HOME": str(folder / "home" / "state"),
            "XDG_CACHE_HOME": str(folder / "home" / "cache"),
            "DJPERF_BINARY": str(djperf),
            "DJPERF_EDITORS": str(EDITORS),
        }
        for name in ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"):
            self.environment.pop(name, None)
        (folder / "home").mkdir()

    def project(self, name: str) -> Path:
        """A copy of the shop that is a repository, which is what editors look for."""
        copy = self.folder / name
        shutil.copytree(ROOT / "fixtures" / "shop", copy)
        subprocess.run(["git", "init", "-q"], cwd=copy, check=True, env=self.environment)
        return copy

    def run(self, *command: object, cwd: Path, timeout: int = 120, **more: str) -> str:
        words = [str(word) for word in command]
        try:
            done = subprocess.run(
                words,
                cwd=cwd,
                env=self.environment | more,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            said = ((late.stdout or b"") + (late.stderr or b"")).decode(errors="replace")
            sys.exit(f"{' '.join(words)}\nno end after {timeout} s:\n{said}")
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)}\nexit code {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    # Each of these ends the run when something is not as it should be.

    def configs(self) -> None:
        import yaml

        for path in sorted(EDITORS.rglob("*")):
            if "node_modules" in path.parts or "vscode" in path.parts or not path.is_file():
                continue
            text = path.read_text()
            if path.suffix in (".json", ".sublime-settings"):
                json.loads(text)
            elif path.suffix == ".toml":
                tomllib.loads(text)
            elif path.suffix == ".yaml":
                yaml.safe_load(text)
        template = json.loads((EDITORS / "pycharm" / "template.json").read_text())
        commands = {
            "helix": [(hx := tomllib.loads((EDITORS / "helix/languages.toml").read_text())["language-server"]["djperf"])["command"], *hx["args"]],
            "sublime": json.loads((EDITORS / "sublime/LanguageServers.sublime-settings").read_text())["djperf"]["command"],
            "pycharm": template["programArgs"]["default"].split(),
            "coc": [(coc := json.loads((EDITORS / "vim/coc-settings.json").read_text())["languageserver"]["djperf"])["command"], *coc["args"]],
        }
        for name, command in commands.items():
            assert command == ["djperf", "server"], f"{name}: {command}"
        sublime = json.loads((EDITORS / "sublime/LanguageServers.sublime-settings").read_text())["djperf"]["settings"]
        settings = [
            hx["config"]["settings"],
            {key.removeprefix("djperf."): value for key, value in sublime.items()},
            json.loads((EDITORS / "pycharm/settings.json").read_text())["djperf"],
            coc["settings"]["djperf"],
            (documented := self.documented()),
        ]
        vscode = json.loads((EDITORS / "vscode/package.json").read_text())["contributes"]["configuration"]["properties"]
        assert not (missing := {f"djperf.{key}" for key in documented} - vscode.keys()), f"not in VS Code: {missing}"
        project = self.project("configs")
        for shown in settings:
            assert not (said := self.warnings(project, shown)), f"{shown}: {said}"
        said = self.warnings(project, {"codeLense": True})
        assert any("codeLense" in line for line in said), f"a mistake in the settings is not told: {said}"
        efm = yaml.safe_load((EDITORS / "vim/efm-langserver.yaml").read_text())["tools"]["djperf"]
        command = efm["lint-command"].replace("${INPUT}", "catalog/views.py").split()
        done = subprocess.run(command, cwd=project, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "catalog/views.py:16:16: DJP101" in done.stdout, done

    def documented(self) -> dict:
        """The settings of docs/editors.md, each with something that it takes."""
        page = (ROOT / "docs/editors.md").read_text()
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE)
        assert len(rows) > 9, rows
        takes = {"true or false": True, "a list of strings": [], "a path or an object": {}}
        return {name: takes[kind] if kind in takes else re.search('"(.+?)"', kind)[1] for name, kind in rows}

    def warnings(self, project: Path, settings: dict) -> list[str]:
        """What the server says when it is started with these settings."""
        server = subprocess.Popen(
            ["djperf", "server"], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

        def send(**message: object) -> None:
            body = json.dumps({"jsonrpc": "2.0", **message}).encode()
            server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            server.stdin.flush()

        folder = {"uri": project.as_uri(), "name": "shop"}
        start = {"processId": os.getpid(), "rootUri": folder["uri"], "workspaceFolders": [folder], "capabilities": {}}
        send(id=1, method="initialize", params={**start, "initializationOptions": {"settings": settings}})
        send(method="initialized", params={})
        send(id=2, method="shutdown")
        send(method="exit")
        out, err = server.communicate(timeout=60)
        assert server.returncode == 0, err
        said = []
        while out:
            head, _, rest = out.partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split()[0])
            message, out = json.loads(rest[:length]), rest[length:]
            if message.get("method") in ("window/logMessage", "window/showMessage") and message["params"]["type"] <= 2:
                said.append(message["params"]["message"])
        return said

    def protocol(self) -> None:
        command = [BIN / "python", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "."]
        print(self.run(*command, cwd=HERE / "protocol", timeout=400, PYTHONDONTWRITEBYTECODE="1").splitlines()[-1])

    def neovim(self) -> None:
        runtime = f"set runtimepath^={EDITORS / 'neovim'}"
        command = [BIN / "nvim", "--clean", "--headless", "--cmd", runtime, "-S", HERE / "neovim.lua"]
        print(self.run(*command, cwd=self.project("neovim")))
        # What the page says for older ones works in this one too.
        config = self.folder / "home" / "config" / "nvim"
        shutil.copytree(EDITORS / "neovim" / "lsp", config / "lsp")
        by_hand = re.findall(r"^```lua\n(.*?)^```", (EDITORS / "neovim/README.md").read_text(), re.MULTILINE | re.DOTALL)[-1]
        (config / "init.lua").write_text(by_hand)
        command = [BIN / "nvim", "--headless", "-S", HERE / "neovim.lua"]
        print(self.run(*command, cwd=self.project("neovim-by-hand"), STARTED_BY_HAND="1"))

    def eglot(self) -> None:
        debian("emacs")
        command = ["emacs", "--batch", "-L", EDITORS / "emacs", "-l", HERE / "eglot.el"]
        print(self.run(*command, cwd=self.project("eglot")))
        print(self.run(*command, cwd=self.project("eglot-beside"), BESIDE="ruff server"))

    def lsp_mode(self) -> None:
        debian("emacs")
        command = ["emacs", "--batch", "-L", EDITORS / "emacs", "-l", HERE / "lsp-mode.el"]
        print(self.run(*command, cwd=self.project("lsp-mode")))

    def vim(self) -> None:
        debian("vim")
        out = self.folder / "vim.txt"
        out.touch()
        try:
            more = {"OUT": str(out), "ALE": str(ALE)}
            self.run("vim", "-Nu", "NONE", "-es", "-S", HERE / "ale.vim", cwd=self.project("vim"), **more)
        finally:
            print(out.read_text().strip())
        assert "template: DJP902" in out.read_text()

    def zed(self) -> None:
        target = ["--target-dir", TARGET / "zed"]
        self.run("cargo", "check", "-q", "--locked", *target, cwd=EDITORS / "zed", timeout=900, HOME=os.environ["HOME"])


def main() -> None:
    names = ["configs", "protocol", "neovim", "eglot", "lsp-mode", "vim", "zed"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--djperf", type=Path, default=CARGO_TARGET / "release" / "djperf")
    parser.add_argument("only", nargs="*", metavar="CLIENT", help=", ".join(names))
    arguments = parser.parse_args()
    for name in arguments.only:
        if name not in names:
            parser.error(f"there is no {name}; there are {', '.join(names)}")
    djperf = arguments.djperf.resolve()
    if not djperf.is_file():
        sys.exit(f"{djperf} is missing: cargo build --release, or --djperf FILE")
    prepare()
    with tempfile.TemporaryDirectory() as folder:
        clients = Clients(djperf, Path(folder).resolve())
        for name in arguments.only or names:
            started = time.monotonic()
            print(f"== {name}", flush=True)
            getattr(clients, name.replace("-", "_"))()
            print(f"-- {name}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
