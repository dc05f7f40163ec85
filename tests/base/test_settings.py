"""Settings: a default, over it the environment, over that the command line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base.errors import Stop
from hiroba.settings import Settings, read, write


def test_without_an_environment_the_defaults_stand() -> None:
    assert read({}) == Settings()


def test_the_environment_is_laid_over_the_defaults_and_the_command_line_over_that() -> None:
    environment = {
        "HIROBA_PORT": "9000",
        "HIROBA_HOST": "192.0.2.7",
        "HIROBA_DATA": "/srv/hiroba",
        "DATABASE_URL": "postgresql:///city",
    }
    chosen = read(environment, port=9001, host=None)
    assert (chosen.port, chosen.host, chosen.data, chosen.database_url) == (
        9001,
        "192.0.2.7",
        Path("/srv/hiroba"),
        "postgresql:///city",
    )


def test_an_empty_variable_counts_as_not_given() -> None:
    assert read({"HIROBA_PORT": ""}).port == Settings().port


def test_lists_are_written_with_commas() -> None:
    assert read({"HIROBA_EGRESS_ALLOW": "10.1.0.0/16, 192.168.0.0/24"}).egress_allow == (
        "10.1.0.0/16",
        "192.168.0.0/24",
    )


def test_what_cannot_be_read_is_one_line() -> None:
    with pytest.raises(Stop) as stop:
        read({"HIROBA_PORT": "eighty"})
    assert "port" in str(stop.value)
    assert "\n" not in str(stop.value)


def test_authorities_that_cannot_be_read_stop_the_house_before_it_starts(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for file in ("empty.pem", "absent.pem"):
        with pytest.raises(Stop, match="HIROBA_EGRESS_CA"):
            read({"HIROBA_EGRESS_CA": str(tmp_path / file)})


def test_a_house_without_access_control_binds_loopback_only() -> None:
    with pytest.raises(Stop, match="loopback only"):
        read({"HIROBA_OPEN": "1", "HIROBA_HOST": "192.0.2.7"})
    assert read({"HIROBA_OPEN": "1"}).open


def test_the_address_of_the_house_has_no_slash_at_its_end() -> None:
    assert read({}).url == "http://127.0.0.1:8026"
    assert read({"HIROBA_HOST": "::1"}).url == "http://[::1]:8026"
    assert read({"HIROBA_PUBLIC_URL": "https://city.example/"}).url == "https://city.example"


@given(
    port=st.integers(1, 65535),
    open=st.booleans(),
    egress=st.lists(st.from_regex(r"10\.\d\.\d\.0/24", fullmatch=True), max_size=3),
    url=st.sampled_from(["", "https://city.example"]),
)
def test_a_child_process_reads_the_settings_its_parent_wrote(
    port: int,
    open: bool,  # noqa: A002, FBT001 - named like the settings
    egress: list[str],
    url: str,
) -> None:
    settings = Settings(
        port=port, open=open, egress_allow=tuple(egress), public_url=url, sample="none", data=Path("/srv")
    )
    assert read(write(settings)) == settings
