"""Head-counts of shelters, snapshot by snapshot: in time order, and what is no longer listed is closed."""

from pathlib import Path

HEADER = "ID,地区,名称,人数,時点,緯度,経度"


def snapshot(folder: Path, name: str, moment: str, *shelters: tuple[str, str]) -> Path:
    rows = [f"{id_},御祓,{id_}会館,{count},{moment},37.04,136.96" for id_, count in shelters]
    file = folder / f"open_shelter_{name}.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    return file


def state(fake, id_: str) -> tuple[object, object, str]:
    entity = fake.entities[f"urn:ngsi-ld:EvacuationShelter:nanao:{id_}"]
    return entity["isOpen"]["value"], entity["headCount"]["value"], entity["headCount"]["observedAt"]


def test_snapshots_go_in_by_their_moments_whatever_the_files_are_called(tmp_path, fake, load):
    snapshot(tmp_path, "b", "令和6年1月11日午後6時", ("A", "12"))
    snapshot(tmp_path, "c", "令和6年1月9日午後6時", ("A", "30"))
    load(tmp_path)
    counts = [entity["headCount"]["value"] for id_, entity in fake.history if id_.endswith(":A")]
    assert counts == [30, 12]
    assert state(fake, "A") == (True, 12, "2024-01-11T09:00:00Z")


def test_a_shelter_that_is_no_longer_listed_is_closed_at_that_moment(tmp_path, fake, load):
    snapshot(tmp_path, "1", "令和6年1月9日午後6時", ("A", "30"), ("B", "5"))
    snapshot(tmp_path, "2", "令和6年1月10日午前6時", ("A", "25"))
    snapshot(tmp_path, "3", "令和6年1月10日午後6時", ("A", "20"))
    load(tmp_path)
    assert state(fake, "B") == (False, 0, "2024-01-09T21:00:00Z")
    assert fake.entities["urn:ngsi-ld:EvacuationShelter:nanao:B"]["name"]["languageMap"]["ja"] == "B会館"
    assert sum(1 for id_, _ in fake.history if id_.endswith(":B")) == 2, "closing is said once"


def test_a_closed_shelter_may_open_again(tmp_path, fake, load):
    snapshot(tmp_path, "1", "令和6年1月9日午後6時", ("A", "30"))
    snapshot(tmp_path, "2", "令和6年1月10日午前6時", ("B", "1"))
    snapshot(tmp_path, "3", "令和6年1月10日午後6時", ("A", "2"))
    load(tmp_path)
    assert state(fake, "A") == (True, 2, "2024-01-10T09:00:00Z")


def test_the_next_snapshot_of_another_run_closes_what_the_exchange_still_has_open(tmp_path, fake, load):
    load(snapshot(tmp_path, "1", "令和6年1月9日午後6時", ("A", "30"), ("B", "5")))
    load(snapshot(tmp_path, "2", "令和6年1月10日午前6時", ("A", "25")))
    assert state(fake, "B") == (False, 0, "2024-01-09T21:00:00Z")


def test_an_older_snapshot_alone_does_not_turn_the_clock_back(tmp_path, fake, load):
    old = snapshot(tmp_path, "1", "令和6年1月9日午後6時", ("A", "30"))
    new = snapshot(tmp_path, "2", "令和6年1月10日午前6時", ("A", "25"))
    load(new)
    report = load(old)
    assert report.files[0].status == "skipped"
    assert state(fake, "A")[1] == 25
    load(old, new)
    assert state(fake, "A")[1] == 25


def test_a_shelter_whose_row_is_refused_is_not_closed(tmp_path, fake, load):
    snapshot(tmp_path, "1", "令和6年1月9日午後6時", ("A", "30"))
    file = snapshot(tmp_path, "2", "令和6年1月10日午前6時", ("A", "25"))
    file.write_text(file.read_text().replace("A会館", ""))
    report = load(tmp_path)
    assert report.refused == 1
    assert state(fake, "A")[:2] == (True, 30)


def test_the_moment_may_stand_in_the_header(tmp_path, fake, load):
    file = tmp_path / "a.csv"
    file.write_text("ID,地区,名称,人数_令和6年1月9日午後6時時点,緯度,経度\nA,御祓,A会館,180,37.04,136.96\n")
    load(file)
    assert state(fake, "A") == (True, 180, "2024-01-09T09:00:00Z")


def test_a_register_keeps_the_figures_and_the_figures_keep_the_registers_names(tmp_path, fake, load):
    register = tmp_path / "z.csv"
    register.write_text(
        "ID,名称,名称_カナ,緯度,経度,所在地_全国地方公共団体コード,災害種別_洪水\nA,A会館,エーカイカン,37.04,136.96,172022,1.0\n"
    )
    snapshot(tmp_path, "1", "令和6年1月9日午後6時", ("A", "30"))
    for _ in range(2):
        load(tmp_path)
        entity = fake.entities["urn:ngsi-ld:EvacuationShelter:nanao:A"]
        assert entity["name"]["languageMap"] == {"ja": "A会館", "ja-Kana": "エーカイカン"}
        assert entity["floodSafe"]["value"] is True
        assert entity["headCount"]["value"] == 30


def test_all_of_nanao_goes_in(real_data, fake, load):
    report = load(real_data / "shelters_nanao_2024")
    assert report.refused == 0
    moments = [entity["headCount"]["observedAt"] for _, entity in fake.history if "headCount" in entity]
    assert moments == sorted(moments)
    assert len(set(moments)) == 78
    still_open = [entity for entity in fake.entities.values() if entity.get("isOpen", {}).get("value")]
    assert [(entity["id"].rpartition(":")[2], entity["headCount"]["value"]) for entity in still_open] == [
        ("CC0000000537", 40)
    ]
