"""Documents agree with each other and with the code: links, tables, languages, pictures."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hiroba.cli import COMMANDS
from hiroba.exchange.broker.ngsi_ld.application import ROUTES
from hiroba.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)")


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_documents_leads_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_operation_of_the_exchange_stands_in_its_table_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([A-Z]+ /\S*)` \|.*\| (read|write) \|", (ROOT / "docs/exchange.md").read_text(), re.MULTILINE
    )
    assert sorted(rows) == sorted((f"{route.method} {route.path}", route.action) for route in ROUTES)


def test_what_is_said_not_to_stand_is_not_routed() -> None:
    missing = (ROOT / "docs/exchange.md").read_text().split("## What does not stand yet")[1]
    for path in re.findall(r"`(/[a-zA-Z]+)", missing):
        assert not any(route.path.startswith(path) for route in ROUTES), path


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    from hiroba.exchange.broker import linked, questions  # noqa: PLC0415 - only compared here
    from hiroba.exchange.broker.contexts import book, library, remote, terms  # noqa: PLC0415
    from hiroba.exchange.broker.ngsi_ld import batches, http, maps, pages, snapshots  # noqa: PLC0415
    from hiroba.exchange.broker.query import geometry, patterns  # noqa: PLC0415
    from hiroba.exchange.broker.subscriptions import intervals, reading  # noqa: PLC0415

    page = (ROOT / "docs/exchange.md").read_text()
    for words, figure in {
        "a body": f"{http.LARGEST >> 20} MB",
        "entities of a batch": f"{batches.MOST:,}",
        "positions of a geometry": f"{geometry.MAX_VERTICES:,}",
        "entities of a page": f"{pages.MOST:,}",
        "candidates of a question that geometry decides, entities of an entity map": f"{questions.MOST:,}",
        "different texts and places that are put in order where the database cannot": f"{questions.MOST_RANKED:,}",
        "linked entities of one answer": f"{linked.MOST:,}",
        "relationships that `join` follows one after another": f"{linked.DEEPEST}",
        "entity maps of a tenant": f"{maps.MOST_MAPS:,}",
        "snapshots of a tenant": f"{snapshots.MOST_SNAPSHOTS}",
        "entities of a snapshot": f"{snapshots.MOST:,}",
        "items of a list in a subscription": f"{reading.MOST:,}",
        "entities of a periodic notification": f"{intervals.MOST:,}",
        "a regular expression": f"{patterns.LONGEST:,} characters",
        "a remote context": f"{remote.LARGEST >> 20} MB, {book.DEEPEST} deep, {book.MOST} others",
    }.items():
        assert f"| {words} | {figure} |" in page, words
    page = (ROOT / "docs/contexts.md").read_text()
    for words, figure in {
        "bytes of a hosted context": f"{library.LARGEST >> 20} MB",
        "bytes of a remote context": f"{remote.LARGEST >> 20} MB",
        "contexts that name contexts": f"{book.DEEPEST} deep, {book.MOST} in all",
        "terms": f"{terms.MOST_TERMS:,}",
        "an IRI": f"{terms.LONGEST_IRI:,} characters",
        "hosted contexts of a tenant": f"{library.MOST_HOSTED:,}",
        "copies of a tenant, the least used go first": f"{library.MOST_CACHED}",
    }.items():
        assert f"| {words} | {figure} |" in page, words


def test_every_setting_is_described() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "docs/settings.py")], capture_output=True, text=True, check=True)
    for name in Settings.__struct_fields__:
        row = next(line for line in done.stdout.splitlines() if f"{name.upper()}`" in line)
        assert len(row.split("|")[3].strip()) > 20, row


def test_commands_that_documents_call_exist() -> None:
    called = {name for page in PAGES for name in re.findall(r"\./hiroba ([a-z][a-z-]+)", page.read_text())}
    assert called <= {*COMMANDS, "help"}
    assert "up" in called


def test_recipes_that_documents_call_exist() -> None:
    recipes = set(re.findall(r"^([a-z]+)(?: [*a-z=\"\- ]+)?:$", (ROOT / "justfile").read_text(), re.MULTILINE))
    called = {name for page in PAGES for name in re.findall(r"`just ([a-z]+)", page.read_text())}
    assert called <= recipes
    assert {"up", "test", "lint", "format", "types", "contracts", "docs", "bench", "conformance", "nightly"} <= recipes


def test_both_readmes_say_the_same() -> None:
    """The same code but for the languages in it, the same pictures, the same table of what works."""
    english, japanese = (ROOT / "README.md").read_text(), (ROOT / "README.ja.md").read_text()

    def commands(text: str) -> list[str]:
        """The lines of code, but for comments, names, ids and descriptions, which differ."""
        lines = [
            line for block in FENCED.findall(text) for line in block.splitlines() if not re.search("tour:|name", line)
        ]
        return [line.split("#")[0].split("-d 'description")[0].strip() for line in lines]

    assert commands(english) == commands(japanese)
    images = re.compile(r"\((docs/images/[^)]+)\)")
    assert images.findall(english) == images.findall(japanese)
    tests = re.compile(r"\((tests[^)]*)\)")
    assert tests.findall(english) == tests.findall(japanese)
    assert english.count("\n## ") == japanese.count("\n## ")


def test_the_picture_of_the_house_names_every_storey_and_needs_nothing_from_elsewhere() -> None:
    file = ROOT / "docs/images/house.svg"
    picture = ET.parse(file)  # noqa: S314 - our own file
    texts = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {"services", "door", "exchange", "base"} <= texts
    assert "prefers-color-scheme:dark" in file.read_text()
    assert not re.search(r"(href|src|url\()\s*=?\s*[\"']?http", file.read_text())


def test_publiccode_is_what_the_standard_asks() -> None:
    import yaml  # noqa: PLC0415 - comes with the documentation's tools

    about = yaml.safe_load((ROOT / "publiccode.yml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    mandatory = {
        "publiccodeYmlVersion",
        "name",
        "url",
        "platforms",
        "categories",
        "developmentStatus",
        "softwareType",
        "description",
    }
    assert mandatory | {"legal", "maintenance", "localisation"} <= set(about)
    assert about["legal"]["license"] == project["license"]
    for described in about["description"].values():
        assert len(described["shortDescription"]) <= 150
        assert 150 <= len(described["longDescription"]) <= 10_000
        assert 5 <= len(described["features"]) <= 20
    assert about["maintenance"]["type"] in {"none", "internal", "community", "contract"}
    assert set(about["localisation"]["availableLanguages"]) == set(about["description"])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as CI builds it."""
    folder = tmp_path_factory.mktemp("site")
    environment = {"PATH": "/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_documentation_loads_nothing_from_the_network(built: Path) -> None:
    loads = re.compile(
        r"<(?:script|img|iframe|source)[^>]+src=\"?(https?:)?//|<link[^>]+rel=\"?(?:stylesheet|preconnect|icon)[^>]+href=\"?https?:"
    )
    pages = list(built.rglob("*.html"))
    assert len(pages) > 10
    assert [str(page.relative_to(built)) for page in pages if loads.search(page.read_text())] == []
    imports = re.compile(r"@import\s+(url\()?[\"']?https?:")
    assert [str(css.relative_to(built)) for css in built.rglob("*.css") if imports.search(css.read_text())] == []


def test_the_table_of_settings_is_in_the_page(built: Path) -> None:
    page = (built / "operating.html").read_text()
    assert "<!-- settings -->" not in page
    assert all(name.upper() in page for name in Settings.__struct_fields__)


def test_json_in_documents_can_be_read() -> None:
    for page in PAGES:
        for block in re.findall(r"^```json\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            if "…" not in block:
                json.loads(block)
