"""What a municipality runs for its people: offices, schools, nurseries, libraries, hospitals, and their AEDs."""

from random import Random

from hiroba.exchange.sample.book import Book, Premises, telephone
from hiroba.exchange.sample.localities import ALWAYS, OFFICE_HOURS, District, Locality, hours
from hiroba.exchange.sample.names import Name, text, titled
from hiroba.exchange.sample.plane import chance, likely

LIBRARY_HOURS = hours("火〜日 9:30〜19:00（月曜休館）", "Tue–Sun 9:30–19:00, closed on Mondays")
NURSERY_HOURS = hours("月〜土 7:00〜19:00", "Mon–Sat 7:00–19:00")
CENTRE_HOURS = hours("9:00〜21:30（水曜休館）", "9:00–21:30, closed on Wednesdays")
CLINIC_HOURS = hours("月〜金 9:00〜12:00、15:00〜18:30", "Mon–Fri 9:00–12:00, 15:00–18:30")
LEVELS = {
    "elementary": ("小学校", "ショウガッコウ", "Elementary School", 260),
    "juniorHigh": ("中学校", "チュウガッコウ", "Junior High School", 340),
    "high": ("高等学校", "コウトウガッコウ", "High School", 420),
}
CITY = 4
"""How crowded a city is, by `Locality.crowd`."""
CARE = (
    ("保育園", "ホイクエン", "Nursery School", "nursery"),
    ("こども園", "コドモエン", "Centre for Early Childhood", "certifiedCentre"),
    ("幼稚園", "ヨウチエン", "Kindergarten", "kindergarten"),
)
CLINICS = (
    ("内科クリニック", "ナイカクリニック", "Medical Clinic", "内科", "Internal medicine"),
    ("こどもクリニック", "コドモクリニック", "Children's Clinic", "小児科", "Paediatrics"),
    ("歯科医院", "シカイイン", "Dental Clinic", "歯科", "Dentistry"),
    ("整形外科", "セイケイゲカ", "Orthopaedic Clinic", "整形外科", "Orthopaedics"),
)


def enter_offices(book: Book, seed: int, home: Locality) -> None:
    """The town hall, its branches, and a community centre in every district."""
    random = chance(seed, "offices", home.town.kind)
    rank = home.name.ja[-1]
    hall = Name(f"{home.name.ja}役所" if rank == "市" else f"{home.name.ja}役場", "", "")
    kana = {"市": "シヤクショ", "町": "チョウヤクバ", "村": "ムラヤクバ"}[rank]
    hall = Name(
        hall.ja if rank != "市" else f"{home.stem.ja}市役所",
        home.stem.kana + kana,
        f"{home.stem.en} {home.name.en.split()[-1]} Hall",
    )
    book.open(
        home,
        home.centre,
        "PublicOffice",
        hall,
        random,
        at=home.centre.quarter.middle,
        category="hall",
        floor=900,
        telephone=telephone(random),
        openingHours=OFFICE_HOURS,
        url=f"https://{home.town.kind}.example.jp/",
        description=text(
            "住民票・印鑑登録・税・福祉の窓口があります。木曜は19時まで延長しています。"
            "手話通訳と多言語の電話通訳を利用できます。",
            "Counters for residence records, seals, taxes and welfare; open until 19:00 on Thursdays. "
            "Sign language and telephone interpreting are available.",
        ),
    )
    for district in home.core[2::3]:
        branch = titled(
            district.name,
            "出張所" if home.crowd < CITY else "市民センター",
            "シュッチョウジョ" if home.crowd < CITY else "シミンセンター",
            "Branch Office",
        )
        book.open(
            home,
            district,
            "PublicOffice",
            branch,
            random,
            category="branch",
            floor=180,
            openingHours=OFFICE_HOURS,
            telephone=telephone(random),
        )
    for district in home.districts:
        centre = titled(district.name, "公民館", "コウミンカン", "Community Centre")
        book.open(
            home,
            district,
            "PublicOffice",
            centre,
            random,
            category="communityCentre",
            floor=random.randrange(60, 160, 10),
            openingHours=CENTRE_HOURS,
            telephone=telephone(random),
            wheelchairAccessible=likely(random, 0.7),
        )


def enter_schools(book: Book, seed: int, home: Locality) -> None:
    """An elementary school in every district and some hamlets, a junior high school for three, high schools."""
    random = chance(seed, "schools", home.town.kind)
    small = [district for district in home.districts if district.quarter.hamlet][::2]
    for district in [*home.core, *small]:
        _school(book, home, district, "elementary", random)
    for district in home.core[::3]:
        _school(book, home, district, "juniorHigh", random)
    for district in home.core[1 : 2 + home.town.people // 30_000]:
        _school(book, home, district, "high", random)


def _school(book: Book, home: Locality, district: District, level: str, random: Random) -> None:
    ja, kana, en, floor = LEVELS[level]
    pupils = random.randrange(180, 620) if home.crowd > 1 and not district.quarter.hamlet else random.randrange(18, 90)
    book.open(
        home,
        district,
        "School",
        titled(district.stem, ja, kana, en),
        random,
        category=level,
        floor=floor,
        telephone=telephone(random),
        pupils=pupils,
    )


def enter_nurseries(book: Book, seed: int, home: Locality) -> None:
    """Nurseries, centres and kindergartens, more of them where more people live."""
    random = chance(seed, "nurseries", home.town.kind)
    for district in home.districts:
        count = home.crowd if not district.quarter.hamlet else int(likely(random, 0.35))
        for number in range(min(count, len(CARE))):
            ja, kana, en, category = CARE[number]
            capacity = random.randrange(40, 160, 10) if home.crowd > 1 else 30
            book.open(
                home,
                district,
                "ChildcareFacility",
                titled(district.stem, ja, kana, en),
                random,
                category=category,
                capacity=capacity,
                vacancies=random.choice((0, 0, 1, 2, 3, 5)),
                openingHours=NURSERY_HOURS,
                telephone=telephone(random),
            )


def enter_libraries(book: Book, seed: int, home: Locality) -> None:
    """The library of each municipality and branches in the larger ones."""
    random = chance(seed, "libraries", home.town.kind)
    central = titled(home.name, "立図書館", "リツトショカン", "Library")
    book.open(
        home,
        home.centre,
        "Library",
        central,
        random,
        floor=300,
        openingHours=LIBRARY_HOURS,
        telephone=telephone(random),
        wheelchairAccessible=True,
        description=text(
            "一般・児童・郷土資料をそろえ、対面朗読室と授乳室があります。貸出は1人10冊まで2週間、"
            "県内8市町村に住む人はどこでも借りられます。",
            "General, children's and local collections, with rooms for reading aloud and nursing. Ten "
            "books for two weeks, for residents of all eight municipalities.",
        ),
    )
    for district in home.core[3::5]:
        book.open(
            home,
            district,
            "Library",
            titled(district.name, "分館", "ブンカン", "Branch Library"),
            random,
            floor=80,
            openingHours=LIBRARY_HOURS,
        )


def enter_hospitals(book: Book, seed: int, home: Locality) -> None:
    """A hospital where there are people enough, else a clinic of the municipality; practices in the districts."""
    random = chance(seed, "hospitals", home.town.kind)
    for district in home.core[1 : 2 + home.town.people // 60_000]:
        large = home.crowd > 1
        kind = (
            ("総合病院", "ソウゴウビョウイン", "General Hospital") if large else ("診療所", "シンリョウジョ", "Clinic")
        )
        own = home.stem if district is home.core[1] else district.stem
        book.open(
            home,
            district,
            "MedicalFacility",
            titled(own, *kind),
            random,
            category="hospital" if large else "clinic",
            telephone=telephone(random),
            openingHours=ALWAYS if large else CLINIC_HOURS,
            emergency=large,
            numberOfBeds=random.randrange(120, 460, 20) if large else 0,
        )
    for district in home.core:
        for ja, kana, en, subject, subject_en in random.sample(CLINICS, k=min(2, home.crowd - 1)):
            book.open(
                home,
                district,
                "MedicalFacility",
                titled(district.stem, ja, kana, en),
                random,
                category="clinic",
                medicalSubjects=text(subject, subject_en),
                openingHours=CLINIC_HOURS,
                telephone=telephone(random),
                emergency=False,
            )


def enter_aeds(book: Book, seed: int, home: Locality) -> None:
    """A defibrillator wherever many people are."""
    random = chance(seed, "aeds", home.town.kind)
    inside = (
        ("玄関を入って右側", "To the right of the entrance"),
        ("1階受付横", "Beside the reception on the first floor"),
        ("体育館入口", "At the door of the gymnasium"),
    )
    for premises in book.of(home, "PublicOffice", "School", "Library", "Station"):
        if premises.category == "communityCentre" and likely(random, 0.4):
            continue
        where = random.choice(inside if premises.kind == "School" else inside[:2])
        _aed(book, premises, random, where)


def _aed(book: Book, premises: Premises, random: Random, where: tuple[str, str]) -> None:
    name = Name(f"{premises.name.ja} AED", f"{premises.name.kana} エーイーディー", f"AED at {premises.name.en}")
    book.open(
        premises.home,
        premises.district,
        "Defibrillator",
        name,
        random,
        at=premises,
        installationPosition=text(*where),
        equipmentForChildren=premises.category in {"elementary", "hall"} or likely(random, 0.6),
        openingHours=OFFICE_HOURS if premises.kind != "Station" else hours("始発〜終電", "First to last train"),
    )
