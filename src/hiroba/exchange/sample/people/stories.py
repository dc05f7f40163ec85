"""The people of the sample region, their applications and what these ask for. All of it is invented, and named so."""

from typing import Any, Final

import msgspec

from hiroba.exchange.gateway.purposes.model import Data, Definition

CITY: Final = "org:sample-city"
TENANT: Final = "sample_people"
CLINIC, RIDE, NURSERY = "org:sample-clinic/app:booking", "org:sample-bus/app:ondemand", "org:sample-nursery/app:contact"


class Program(msgspec.Struct, frozen=True):
    """A sample application: who answers for it, what people call it, what it asks for."""

    id: str
    organisation: dict[str, str]
    title: dict[str, str]
    purposes: tuple[str, ...]


PROGRAMS: Final = (
    Program(
        CLINIC, {"ja": "見本総合病院", "en": "Mihon General Hospital (sample)"}, {"ja": "病院の予約", "en": "Hospital bookings"},
        ("sample.checkup@1",),
    ),
    Program(
        RIDE, {"ja": "見本交通", "en": "Mihon Transport (sample)"}, {"ja": "のりあい号", "en": "Noriai, rides on demand"},
        ("sample.ride@1",),
    ),
    Program(
        NURSERY, {"ja": "見本保育園", "en": "Mihon Nursery (sample)"}, {"ja": "園の連絡帳", "en": "Nursery contact book"},
        ("sample.nursery@1",),
    ),
)  # fmt: skip

WORDS: Final = {
    "Person": {"ja": "本人について", "en": "About the person"},
    "birthDate": {"ja": "生年月日", "en": "Date of birth"},
    "allergy": {"ja": "アレルギー", "en": "Allergies"},
    "mobilityAid": {"ja": "歩くときに使うもの", "en": "What is used for walking"},
    "telephone": {"ja": "電話番号", "en": "Telephone number"},
    "HealthCheckup": {"ja": "健診", "en": "Check-ups"},
    "checkedOn": {"ja": "受けた日", "en": "Day of the check-up"},
    "Reservation": {"ja": "病院の予約", "en": "Hospital bookings"},
    "startsAt": {"ja": "予約の時刻", "en": "Time of the booking"},
    "place": {"ja": "病院の場所", "en": "Place of the hospital"},
}

PURPOSES: Final = {
    "sample.checkup": Definition(
        title={"ja": "健診の予約", "en": "Booking a check-up"},
        reason={
            "ja": "年齢に合う健診をすすめ、当日の安全のためにアレルギーを確かめます。",
            "en": "To suggest the check-up for your age, and to know of allergies on the day.",
        },
        without={"ja": "電話でも予約できます。", "en": "You can still book by telephone."},
        recipients=(CLINIC,),
        data=(Data("Person", ("birthDate", "allergy")), Data("HealthCheckup", ("checkedOn",))),
        words=WORDS,
        lasts_days=365,
        retention_days=30,
    ),
    "sample.ride": Definition(
        title={"ja": "通院の送迎", "en": "A ride to the hospital"},
        reason={
            "ja": "予約の時刻に間に合うように、乗りやすい車を手配します。診療科や医師の名前は見ません。",
            "en": "To send a vehicle that suits you in time for your booking. It does not see the department or the doctor.",
        },
        without={
            "ja": "送迎は電話で、行き先と時刻を伝えて頼めます。",
            "en": "You can order a ride by telephone and say where to and when.",
        },
        recipients=(RIDE,),
        data=(Data("Reservation", ("startsAt", "place")), Data("Person", ("mobilityAid", "telephone"))),
        words=WORDS,
        lasts_days=180,
        retention_days=7,
    ),
    "sample.nursery": Definition(
        title={"ja": "給食とアレルギー", "en": "Meals and allergies"},
        reason={
            "ja": "給食で食べられないものを出さないためです。",
            "en": "So that no meal holds what the child cannot eat.",
        },
        without={"ja": "紙の調査票を毎月出してもらいます。", "en": "You fill in the paper form each month."},
        recipients=(NURSERY,),
        data=(Data("Person", ("allergy", "birthDate")),),
        words=WORDS,
        lasts_days=365,
        retention_days=1,
    ),
}  # fmt: skip


class Life(msgspec.Struct, frozen=True):
    """A person: how they sign in at the stand-in for the upstream provider, and what the city's source holds of them."""

    upstream: str
    about: dict[str, Any]
    checked: str = ""
    booking: str = ""


HANAKO: Final = Life(
    "hanako",
    {"name": {"ja": "見本 花子", "en": "Hanako Mihon"}, "birthDate": "1992-05-14", "allergy": "なし",
     "telephone": "000-0000-0001", "mobilityAid": "なし"},
    checked="2025-11-20",
)  # fmt: skip
TARO: Final = Life(
    "", {"name": {"ja": "見本 太郎", "en": "Taro Mihon"}, "birthDate": "2021-06-30", "allergy": "卵、くるみ"}
)
UME: Final = Life(
    "ume",
    {"name": {"ja": "例示 うめ", "en": "Ume Reiji"}, "birthDate": "1948-02-03", "allergy": "ペニシリン",
     "telephone": "000-0000-0002", "mobilityAid": "つえ"},
    checked="2026-03-05", booking="09:30",
)  # fmt: skip
KEN: Final = Life(
    "ken",
    {"name": {"ja": "試験 健", "en": "Ken Shiken"}, "birthDate": "2005-09-09", "allergy": "そば",
     "telephone": "000-0000-0003", "mobilityAid": "なし"},
    booking="17:00",
)  # fmt: skip
