#!/usr/bin/env python3
"""Tries the VS Code extension as its users have it: packaged, installed in a real workbench, driven in a browser.

    python3 tests/editors/vscode.py                    target/release/djperf, else target/debug/djperf
    python3 tests/editors/vscode.py --djperf FILE
    python3 tests/editors/vscode.py --unit             lint and unit tests only

The workbench is code-server's with Debian's Chromium. Two of the fixtures are opened together; problems have to show under
the code and in their panel, in Python and in a template; a quick fix has to change the file, a rule has to be explained, and
in a workspace that is not trusted nothing of the workspace may run. Pictures of what was seen: target/editors/vscode.

Needs Debian 12 or something like it, Node.js 20 with npm, and the npm registry; as root it installs the missing packages of
Debian. The first run takes about three minutes for what it installs to target/editors, a later one about one.
"""

import argparse
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CARGO_TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
TARGET = CARGO_TARGET / "editors"
EXTENSION = ROOT / "editors" / "vscode"
EVIDENCE = TARGET / "vscode"

CODE_SERVER = "4.100.3"
# Its VS Code needs them; what they compile runs with this Node.js.
NATIVE = ("@vscode/spdlog", "node-pty", "native-watchdog", "@parcel/watcher", "kerberos")
DEBIAN = {
    "chromium": "/usr/bin/chromium",
    "ripgrep": "/usr/bin/rg",
    "libkrb5-dev": "/usr/include/krb5.h",
    "make": "/usr/bin/make",
    "g++": "/usr/bin/g++",
}
FOLDERS = ("shop", "blog")

SETTINGS = {
    "security.workspace.trust.startupPrompt": "never",
    "security.workspace.trust.banner": "never",
    "security.workspace.trust.untrustedFiles": "open",
    "workbench.startupEditor": "none",
    "workbench.colorTheme": "Default Light Modern",
    "workbench.tips.enabled": False,
    "telemetry.telemetryLevel": "off",
    "extensions.autoUpdate": False,
    "files.autoSave": "off",
    "editor.minimap.enabled": False,
    "editor.lightbulb.enabled": "off",
    "git.enabled": False,
    "djperf.logLevel": "debug",
    "djperf.trace.server": "verbose",
}


def run(*command: object, cwd: Path = ROOT, code: int | None = 0) -> str:
    """Runs a command and insists on its exit code; `None` allows any."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    if code is not None and done.returncode != code:
        sys.exit(f"{' '.join(words)}\nexit code {done.returncode}, expected {code}:\n{done.stdout}")
    return done.stdout


def ensure(condition: bool, message: str) -> None:
    if not condition:
        sys.exit(message)


def check_tools() -> None:
    for name in ("node", "npm"):
        ensure(shutil.which(name) is not None, f"{name} is missing: Node.js 20 with npm is needed")
    version = run("node", "--version").strip()
    ensure(version.startswith("v20."), f"code-server {CODE_SERVER} needs Node.js 20, not {version}")


def debian_packages() -> None:
    missing = [name for name, file in DEBIAN.items() if not Path(file).exists()]
    if missing:
        ensure(os.geteuid() == 0 and shutil.which("apt-get") is not None, f"missing: {' '.join(missing)}")
        run("apt-get", "update", "-q")
        run("apt-get", "-o", "DPkg::Lock::Timeout=600", "install", "-q", "-y", "--no-install-recommends", *missing)


def code_server() -> Path:
    """The script that starts code-server. npm alone does not get it to work: it wants to download what Debian has."""
    directory = TARGET / "code-server"
    package = directory / "node_modules" / "code-server"
    stamp = directory / "installed.txt"
    wanted = f"{CODE_SERVER} {run('node', '--version')}"
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"installing code-server {CODE_SERVER}")
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        (directory / "package.json").write_text('{"private": true}')
        npm = ("npm", "--no-audit", "--no-fund", "--no-update-notifier")
        run(*npm, "install", "--ignore-scripts", f"code-server@{CODE_SERVER}", cwd=directory)
        run(*npm, "rebuild", "argon2", cwd=directory)
        workbench = package / "lib" / "vscode"
        run(*npm, "install", "--omit=dev", "--ignore-scripts", cwd=workbench)
        for name in NATIVE:
            # node-pty is done when its last script fails; whatever else is missing shows when the server starts.
            run(*npm, "rebuild", name, cwd=workbench, code=None)
        ripgrep = workbench / "node_modules" / "@vscode" / "ripgrep" / "bin"
        ripgrep.mkdir(exist_ok=True)
        (ripgrep / "rg").symlink_to("/usr/bin/rg")
        (workbench / "node_modules.asar").symlink_to("node_modules")
        run(*npm, "install", "--omit=dev", "--ignore-scripts", cwd=workbench / "extensions")
        stamp.write_text(wanted)
    return package / "out" / "node" / "entry.js"


def extension_copy(program: Path | None) -> Path:
    """The extension's own files and what npm installs for them, with a djperf to bundle; beside the linter's, as tests want."""
    checkout = TARGET / "checkout"
    copy = checkout / "editors" / "vscode"
    own = run("git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=EXTENSION)
    wanted = {Path(name) for name in own.split("\0") if name and (EXTENSION / name).is_file()}
    if copy.exists():
        for name in os.listdir(copy):
            if name != "node_modules":
                left = copy / name
                shutil.rmtree(left) if left.is_dir() else left.unlink()
    for name in wanted:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(EXTENSION / name, copy / name)
    for name in ("Cargo.toml", "LICENSE"):
        shutil.copyfile(ROOT / name, checkout / name)
    lock = (EXTENSION / "package-lock.json").read_text()
    stamp = copy / "node_modules" / "installed.json"
    if not stamp.is_file() or stamp.read_text() != lock:
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=copy)
        stamp.write_text(lock)
    if program is not None:
        bundled = copy / "bundled" / "bin" / "djperf"
        bundled.parent.mkdir(parents=True)
        shutil.copyfile(program, bundled)
        bundled.chmod(0o755)
    return copy


def unit_tests(copy: Path) -> None:
    run("npm", "run", "lint", cwd=copy)
    print(next(line for line in run("npm", "test", cwd=copy).splitlines() if line.startswith("# pass")))


def package(copy: Path) -> Path:
    """A VSIX that holds what it should and nothing else."""
    file = copy / "djperf.vsix"
    run("npm", "run", "package", "--", "--out", file, cwd=copy)
    listed = set(zipfile.ZipFile(file).namelist())
    expected = {
        "[Content_Types].xml",
        "extension.vsixmanifest",
        "extension/LICENSE.txt",
        "extension/bundled/bin/djperf",
        "extension/changelog.md",
        "extension/dist/extension.js",
        "extension/dist/licenses.txt",
        "extension/icon.png",
        "extension/package.json",
        "extension/readme.md",
    }
    ensure(listed == expected, f"too much: {sorted(listed - expected)}; too little: {sorted(expected - listed)}")
    return file


def a_project(directory: Path, program: Path) -> Path:
    """A workspace of two folders. Its settings name a program that must not run before the workspace is trusted."""
    for name in FOLDERS:
        shutil.copytree(ROOT / "fixtures" / name, directory / name, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3"))
    scripts = directory / "shop" / ".venv" / "bin"
    scripts.mkdir(parents=True)
    shutil.copy(program, scripts / "djperf")
    planted = directory / "planted"
    planted.write_text(f"#!/bin/sh\ntouch '{directory}/planted-ran'\nexit 1\n")
    planted.chmod(planted.stat().st_mode | stat.S_IXUSR)
    workspace = directory / "projects.code-workspace"
    workspace.write_text(
        json.dumps({"folders": [{"path": name} for name in FOLDERS], "settings": {"djperf.path": str(planted)}}, indent=2)
    )
    return workspace


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=5).read()
            return
        except (urllib.error.URLError, OSError):
            ensure(server.poll() is None, f"code-server ended:\n{log.read_text()}")
            time.sleep(0.2)
    sys.exit(f"code-server does not answer:\n{log.read_text()}")


def workbench(entry: Path, vsix: Path, copy: Path, program: Path) -> None:
    """Starts code-server with the extension and lets the browser go through everything."""
    shutil.rmtree(EVIDENCE, ignore_errors=True)
    EVIDENCE.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="djperf-vscode-") as name:
        directory = Path(name).resolve()
        workspace = a_project(directory / "code", program)
        user, extensions = directory / "user", directory / "extensions"
        (user / "User").mkdir(parents=True)
        (user / "User" / "settings.json").write_text(json.dumps(SETTINGS, indent=2))
        config = directory / "config.yaml"
        config.write_text("{}\n")
        places = ("--config", config, "--user-data-dir", user, "--extensions-dir", extensions)
        run("node", entry, *places, "--install-extension", vsix)
        port = free_port()
        log = EVIDENCE / "code-server.log"
        command = ["node", entry, *places, "--auth", "none", "--bind-addr", f"127.0.0.1:{port}"]
        command += ["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"]
        with log.open("w") as output:
            server = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output, cwd=directory)
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz", server, log)
            drive = ["node", "tests/e2e/drive.mjs", f"http://127.0.0.1:{port}", workspace, EVIDENCE]
            status = subprocess.run([str(word) for word in drive], cwd=copy, check=False).returncode
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            for path in (user / "logs").rglob("*djperf*.log"):
                shutil.copyfile(path, EVIDENCE / path.name)
        traced = [path.read_text() for path in EVIDENCE.glob("*djperf trace.log")]
        ensure(any("Sending request 'initialize" in text for text in traced), "nothing was traced")
        told = (EVIDENCE / "djperf.log").read_text().count("is no djperf with a server")
        ensure(told == 1, f"the program that does not work was started {told} times")
        ensure(status == 0, f"the workbench shows something else; pictures and logs: {EVIDENCE}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--djperf", type=Path, help="the program to bundle")
    parser.add_argument("--unit", action="store_true", help="lint and unit tests only")
    arguments = parser.parse_args()

    check_tools()
    if arguments.unit:
        unit_tests(extension_copy(None))
        return
    built = [CARGO_TARGET / profile / "djperf" for profile in ("release", "debug")]
    program = arguments.djperf or next((path for path in built if path.is_file()), built[0])
    ensure(program.is_file(), f"build djperf first: there is no {program}")
    started = time.monotonic()
    debian_packages()
    entry = code_server()
    copy = extension_copy(program)
    unit_tests(copy)
    workbench(entry, package(copy), copy, program)
    print(f"all as it should be, in {time.monotonic() - started:.0f} s; pictures: {EVIDENCE}")


if __name__ == "__main__":
    main()
