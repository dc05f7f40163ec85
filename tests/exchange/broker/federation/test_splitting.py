"""Who owns which part of a write, and what a source is asked (CIM 009 §4.3.6, §5.6.1.4, §5.12)."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.broker.federation import narrowing
from hiroba.exchange.broker.federation.splitting import split
from hiroba.exchange.broker.model import Entity, Key
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.questions import Selector
from hiroba.exchange.broker.sources.matching import Entities, Match, Wanted, match
from hiroba.exchange.broker.sources.model import Information, Mode, Registration
from hiroba.exchange.broker.sources.model import Selector as Registered

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CAR = "https://example.org/Car"
ID = "urn:car:1"
ALL = frozenset({"u:a", "u:b", "u:c"})


def registration(mode: Mode, *names: str, id_: str = "urn:r:1", **members: Any) -> Registration:
    selector = Registered((CAR,), id=ID if mode == "exclusive" else "")
    return Registration(**{
        "tenant": "", "id": id_, "mode": mode, "endpoint": "http://127.0.0.1:9", "created": NOW, "modified": NOW,
        "information": (Information((selector,), names),), "operations": frozenset({"createEntity"}), "document": {}, **members,
    })  # fmt: skip


def concerned(*registrations: Registration, attributes: frozenset[str] = ALL) -> list[Match]:
    wanted = Wanted(entities=(Entities(ids=(ID,), of=frozenset({CAR})),), attributes=attributes)
    found = (match(one, wanted, NOW) for one in registrations)
    return [one for one in found if one is not None]


def test_what_a_source_owns_exclusively_goes_to_it_alone() -> None:
    plan = split(concerned(registration("exclusive", "u:a"), registration("inclusive")), ALL, ("createEntity",))
    assert [(part.registration.mode, part.attributes) for part in plan.parts] == [
        ("exclusive", {"u:a"}),
        ("inclusive", {"u:b", "u:c"}),
    ]
    assert plan.is_here
    assert plan.here == {"u:b", "u:c"}


def test_all_redirects_get_what_is_theirs_and_nothing_of_it_stays() -> None:
    both = [registration("redirect", "u:a", "u:b", id_="urn:r:1"), registration("redirect", "u:b", id_="urn:r:2")]
    plan = split(concerned(*both), ALL, ("createEntity",))
    assert [part.attributes for part in plan.parts] == [{"u:a", "u:b"}, {"u:b"}]
    assert plan.here == {"u:c"}


def test_a_redirect_of_whole_entities_leaves_nothing_here() -> None:
    plan = split(concerned(registration("redirect"), registration("inclusive", id_="urn:r:2")), ALL, ("createEntity",))
    assert [part.registration.mode for part in plan.parts] == ["redirect"]
    assert not plan.is_here


def test_a_write_without_attributes_stays_here_unless_whole_entities_are_elsewhere() -> None:
    none: frozenset[str] = frozenset()
    assert split(concerned(registration("exclusive", "u:a"), attributes=none), none, ("createEntity",)).parts == ()
    assert not split(concerned(registration("redirect"), attributes=none), none, ("createEntity",)).is_here


def test_an_auxiliary_source_is_never_written_to() -> None:
    plan = split(concerned(registration("auxiliary")), ALL, ("createEntity",))
    assert (plan.parts, plan.here) == ((), ALL)


def test_an_owner_that_does_not_take_the_operation_is_a_conflict_and_an_equal_is_passed_over() -> None:
    other = registration("inclusive", id_="urn:r:2")
    plan = split(concerned(registration("exclusive", "u:a"), other), ALL, ("deleteEntity",))
    assert [(part.registration.mode, part.fate) for part in plan.parts] == [("exclusive", "unsupported")]


def test_the_way_to_where_a_request_has_been_is_a_loop_for_owners_and_nothing_for_equals() -> None:
    owner, equal = registration("redirect", "u:a", alias="one"), registration("inclusive", id_="urn:r:2", alias="one")
    plan = split(concerned(owner, equal), ALL, ("createEntity",), frozenset({"one"}))
    assert [(part.registration.mode, part.fate) for part in plan.parts] == [("redirect", "loop")]


NAMES = st.frozensets(st.sampled_from(sorted(ALL)))
MODES: st.SearchStrategy[Mode] = st.sampled_from(["inclusive", "exclusive", "redirect", "auxiliary"])


@given(st.lists(st.tuples(MODES, NAMES), max_size=4), NAMES)
def test_every_attribute_goes_somewhere_and_none_of_an_owner_stays(
    given_: list[tuple[Mode, frozenset[str]]], names
) -> None:
    registrations = [
        registration(mode, *sorted(some or {"u:a"} if mode == "exclusive" else some), id_=f"urn:r:{number}")
        for number, (mode, some) in enumerate(given_)
    ]
    plan = split(concerned(*registrations, attributes=names), names, ("createEntity",))
    owned = frozenset().union(*(part.attributes or () for part in plan.parts if part.is_proxied))
    here = plan.here or frozenset() if plan.is_here else frozenset()
    assert owned | here == names
    assert not owned & here
    for part in plan.parts:
        assert part.attributes is not None
        assert part.attributes <= names


def entity(types: tuple[str, ...] = (CAR,), id_: str = ID) -> Entity:
    doc = {name: [{"type": "Property", "value": 1}] for name in sorted(ALL)}
    return Entity(key=Key("", "", id_), types=types, doc=doc, created=NOW, modified=NOW)


def test_a_source_is_asked_for_what_it_is_registered_for() -> None:
    (found,) = concerned(registration("exclusive", "u:a"))
    assert narrowing.selectors(found, (Selector(types=Types(((CAR,), ("u:Bus",)))),)) == (
        Selector(ids=(ID,), types=Types(((CAR,),))),
    )


def test_what_a_source_gives_beyond_its_registration_is_left_out() -> None:
    (found,) = concerned(registration("exclusive", "u:a"))
    given_ = narrowing.taken(entity(), found)
    assert given_ is not None
    assert set(given_.doc) == {"u:a"}
    assert narrowing.taken(entity(id_="urn:car:2"), found) is None
    assert narrowing.taken(entity(types=("u:Bus",)), found) is None


def test_what_a_source_owns_is_not_given_from_here() -> None:
    kept = narrowing.kept(entity(), concerned(registration("exclusive", "u:a"), registration("inclusive", "u:b")))
    assert kept is not None
    assert set(kept.doc) == {"u:b", "u:c"}
    assert narrowing.kept(entity(), concerned(registration("redirect"))) is None
