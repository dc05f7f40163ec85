"""CSV and XLSX: encodings, header rows, notes, junk columns; rows with their numbers and mends."""

import csv
import datetime as dt
import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hiroba.exchange.loader.findings import Refusal
from hiroba.exchange.loader.readers import NoData, open_table

PARK = ["#property", "latitude", "longitude", "name", "address", "telephoneNumber", "referenceObject", "note"]


def write_csv(path: Path, *rows: list[str], encoding: str = "utf-8-sig") -> Path:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def write_xlsx(path: Path, *rows: list[object]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def cells(path: Path) -> list[dict[str, object]]:
    return [row.cells for row in open_table(path).rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_table_is_read_in_every_encoding_offices_use(tmp_path, encoding):
    file = write_csv(tmp_path / "a.csv", ["番号", "名称"], ["1", "髙松①公園～"], encoding=encoding)
    assert cells(file) == [{"番号": "1", "名称": "髙松①公園～"}]


def test_a_file_in_another_encoding_is_unreadable_and_says_what_to_do(tmp_path):
    (tmp_path / "a.csv").write_bytes("番号,名称\n1,高松\n".encode("euc-jp") + b"\xff\xfe\x80")
    with pytest.raises(Refusal, match="UTF-8"):
        open_table(tmp_path / "a.csv")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(
        st.lists(st.text(st.characters(codec="cp932", exclude_characters="\r\0¢£¬‖−〜")), min_size=2, max_size=2),
        max_size=5,
    )
)
def test_what_was_written_is_read_back(tmp_path, rows):
    for encoding in ("utf-8", "cp932"):
        file = write_csv(tmp_path / "a.csv", ["一", "二"], *rows, encoding=encoding)
        kept = [row for row in rows if any(cell.strip() for cell in row) and not row[0].strip().startswith(("#", "←"))]
        assert cells(file) == [{"一": row[0], "二": row[1]} for row in kept]


def test_rows_of_notes_before_the_header_and_after_it_are_passed_over(tmp_path):
    file = write_csv(
        tmp_path / "a.csv",
        ["#LINK", ""],
        ["#lang", "ja"],
        ["#property", "name"],
        ["#object_type_xsd", "string"],
        ["1", "公園"],
    )
    [row] = open_table(file).rows
    assert (row.number, row.cells) == (5, {"#property": "1", "name": "公園"})


def test_columns_without_a_name_and_notes_to_the_writer_are_left_out(tmp_path):
    file = write_csv(
        tmp_path / "a.csv", ["#property", "name", "", "←データの項目名を入力"], ["1", "公園", "", "←2行目以降"]
    )
    assert cells(file) == [{"#property": "1", "name": "公園"}]


def test_a_workbook_keeps_the_types_of_its_cells(tmp_path):
    day = dt.datetime(2024, 1, 9)  # noqa: DTZ001 - as Excel has it
    file = write_xlsx(tmp_path / "a.xlsx", ["番号", "日", "時"], [None, None, None], [1, day, dt.time(9, 30)])
    [row] = open_table(file).rows
    assert row.number == 3
    assert row.cells == {"番号": 1, "日": day, "時": dt.time(9, 30)}


@pytest.mark.parametrize("content", [b"PK\x03\x04 no workbook", b"hello"])
def test_what_only_looks_like_a_workbook_is_unreadable(tmp_path, content):
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(Refusal, match="workbook"):
        open_table(tmp_path / "a.xlsx")


@given(content=st.binary(max_size=300), suffix=st.sampled_from([".csv", ".xlsx", ".json", ".geojson", ".tsv"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_no_content_breaks_a_reader(tmp_path, content, suffix):
    file = tmp_path / f"a{suffix}"
    file.write_bytes(content)
    try:
        table = open_table(file)
        list(table.rows)
        table.close()
    except Refusal:
        pass  # an answer with its mend; anything else fails the test


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("SOURCE.md", "# words", "no GeoJSON"), ("codes.json", '{"27": {"name": "大阪府"}}', "FeatureCollection"),
        ("list.json", "[1, 2]", "FeatureCollection"), ("empty.csv", "", "is empty"), ("old.xls", "x", "Save it as .xlsx"),
        ("lines.csv", "a\nb\n", "holds no table"),
        ("none.geojson", '{"type":"FeatureCollection","features":[]}', "without features"),
    ],
)  # fmt: skip
def test_what_is_no_data_is_skipped_with_its_reason(tmp_path, name, content, reason):
    (tmp_path / name).write_text(content)
    with pytest.raises(NoData, match=reason):
        open_table(tmp_path / name)


def test_a_refused_row_is_named_and_the_rest_goes_in(tmp_path, fake, load):
    wrong = ["2", "134.05", "34.34", "南公園", "", "", "", ""]
    file = write_csv(
        tmp_path / "park__data.csv",
        PARK,
        ["1", "34.34", "134.05", "北公園", "", "", "", ""],
        wrong,
        ["3", "0", "0", "西公園", "", "", "", ""],
    )
    report = load(file)
    [finding] = report.files[0].findings
    assert (finding.row, finding.column) == (3, "latitude")
    assert "入れ替わって" in finding.sentence.in_language("ja")
    assert set(fake.entities) == {"urn:ngsi-ld:Park:takamatsu-park:1", "urn:ngsi-ld:Park:takamatsu-park:3"}
    assert "location" not in fake.entities["urn:ngsi-ld:Park:takamatsu-park:3"], "0,0 is no place"


def test_a_cell_that_may_be_missing_is_left_out_and_reported(tmp_path, fake, load):
    row = ["1", "34.34", "134.05", "北公園", "高松市番町", "電話なし", "https://example.jp", "遊具あり"]
    report = load(write_csv(tmp_path / "park__data.csv", PARK, row))
    entity = fake.entities["urn:ngsi-ld:Park:takamatsu-park:1"]
    assert "telephone" not in entity
    assert entity["address"]["value"] == {"addressRegion": "香川県", "streetAddress": "高松市番町"}
    assert entity["description"]["value"] == "遊具あり"
    assert [(finding.column, finding.kept) for finding in report.files[0].findings] == [("telephoneNumber", True)]
    assert report.exit_status(strict=False) == 0
    assert report.exit_status(strict=True) == 1


def test_a_workbook_and_its_csv_give_the_same_entities(tmp_path, fake, load):
    row = ["1", "34.34", "134.05", "北公園", "高松市番町", "087-839-2011", "", ""]
    load(write_xlsx(tmp_path / "park__data.xlsx", PARK, row))
    of_the_workbook = dict(fake.entities)
    load(write_csv(tmp_path / "park__data.csv", PARK, row, encoding="cp932"))
    assert fake.entities == of_the_workbook


def test_a_numbered_line_without_content_is_passed_over(tmp_path, fake, load):
    report = load(
        write_csv(tmp_path / "park__data.csv", PARK, ["1", "34.3", "134", "公園", *[""] * 4], ["2", *[""] * 7])
    )
    assert (report.files[0].rows, report.refused) == (1, 0)


def test_what_breaks_off_in_the_middle_keeps_what_came_before(tmp_path, fake, load):
    file = tmp_path / "a.geojson"
    place = '{"type":"Feature","geometry":{"type":"Point","coordinates":[135,34]},"properties":'
    feature = place + '{"共通ID":"%s","施設・場所名":"x","洪水":"","津波":""}}'
    file.write_text(
        '{"type":"FeatureCollection","features":[' + feature % "E2714000000001" + "," + feature % "E2714000000002"
    )
    report = load(file)
    assert report.files[0].status == "unreadable"
    assert list(fake.entities) == [f"urn:ngsi-ld:EvacuationSite:gsi:E271400000000{number}" for number in (1, 2)]
    assert report.exit_status(strict=False) == 1
