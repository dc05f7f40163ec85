"""What must agree with itself: services and what they declare, the version and its history, the tree and its picture."""

import re
import tomllib
from pathlib import Path

import pytest

import hiroba
from hiroba.base.text import LANGUAGES
from hiroba.door.service import Service, found

ROOT = Path(__file__).parents[2]
SERVICES = found()


def test_the_version_is_said_once_and_repeated_nowhere_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == hiroba.__version__


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## \[?([0-9.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings
    assert headings[0] == hiroba.__version__


def test_every_room_in_the_picture_is_there_and_every_room_is_in_the_picture() -> None:
    picture = hiroba.__doc__ or ""
    source = ROOT / "src/hiroba"
    storeys = {"services", "door", "exchange", "base"}
    assert {
        line.split()[0] for line in picture.splitlines() if line.startswith("    ") and line.strip()[0].isalpha()
    } == storeys
    folders = {path.name for path in source.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert folders - {"cli"} == storeys


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_says_what_the_house_needs(service: Service) -> None:
    assert re.fullmatch(r"[a-z]+", service.name)
    assert set(LANGUAGES) <= set(service.title)
    assert service.tile is None or service.tile.href.startswith("/")
    for folder in (service.templates, service.locale, service.migrations):
        assert folder is None or folder.is_dir()


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_with_tables_can_show_give_and_forget(service: Service) -> None:
    """`sample`, `export` and `erase` are required wherever a table may hold a person."""
    if service.migrations is not None:
        assert service.sample is not None
        assert service.export is not None
        assert service.erase is not None
        assert service.check is not None


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_has_a_page_of_documentation(service: Service) -> None:
    pages = (ROOT / "docs/services").glob("*.md")
    assert any(service.name in page.read_text() for page in pages)


def test_migrations_of_a_service_stay_in_its_own_schema() -> None:
    for service in SERVICES:
        if service.migrations is None:
            continue
        for file in service.migrations.iterdir():
            made = re.findall(
                r"create (?:table|index \w+ on|view|type|function) (?:if not exists )?(\w+)\.", file.read_text()
            )
            assert set(made) <= {service.name}, file.name
