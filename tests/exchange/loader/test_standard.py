"""Tables in the columns that every municipality is asked to use go in from anywhere, side by side."""


def test_the_same_number_in_two_municipalities_is_two_places(tmp_path, fake, load):
    header = "全国地方公共団体コード,ID,名称,名称_カナ,名称_英字,POIコード,所在地_連結表記,"
    header += "緯度,経度,車椅子可,利用可能曜日,開始時間,終了時間"
    row = "{code},0001,中央公民館,チュウオウコウミンカン,Central Hall,1306,どこか1-1,34.5,135.4,未確認,月火水木金,9:00,17:00"
    for code in ("271403", "272027"):
        (tmp_path / f"{code}.csv").write_text(f"{header}\n{row.format(code=code)}\n", encoding="cp932")
    load(tmp_path)
    assert set(fake.entities) == {
        "urn:ngsi-ld:PointOfInterest:standard-facility:271403:0001",
        "urn:ngsi-ld:PointOfInterest:standard-facility:272027:0001",
    }
    entity = fake.entities["urn:ngsi-ld:PointOfInterest:standard-facility:271403:0001"]
    assert entity["name"]["languageMap"]["ja-Kana"] == "チュウオウコウミンカン"
    assert entity["openingHours"]["value"] == "月火水木金 09:00–17:00"
    assert "wheelchairAccessible" not in entity, "not looked at is neither yes nor no"


def test_car_parks_are_the_smart_data_models_own(tmp_path, fake, load):
    (tmp_path / "p.csv").write_text(
        "全国地方公共団体コード,ID,名称,緯度,経度,最大駐車台数_普通車,サービス曜日,開始時刻,終了時刻\n"
        "271403,1,市役所前,34.5,135.4,120,毎日,0:00,24:00\n"
    )
    load(tmp_path)
    entity = fake.entities["urn:ngsi-ld:OffStreetParking:standard-parking:271403:1"]
    assert entity["totalSpotNumber"]["value"] == 120
    assert entity["openingHours"]["value"] == "毎日 00:00–24:00"
