"""The notification on the wire (CIM 009 §5.3.1, §6.3.8, §7.2): form, headers, context, by what the subscription accepts."""

from datetime import UTC, datetime

import orjson

from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.delivery.message import enveloped, message
from hiroba.exchange.broker.delivery.model import Address, Row, Target

AT = datetime(2026, 11, 21, 7, 0, 1, 500, UTC)
CONTEXT = "http://example.org/context.jsonld"
LINK = f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'


def row(number: int = 31, *, tenant: str = "", trigger: str = "", kind: str = "Notification") -> Row:
    to = Address(kind, tenant, "urn:ngsi-ld:Subscription:1")
    return Row(number=number, address=to, entity=f"urn:x:{number}", trigger=trigger, at=AT, data=b'{"n":%d}' % number)


def target(accept: str = "application/json", *info: tuple[str, str], context: str = CONTEXT) -> Target:
    return Target(uri="http://x", accept=accept, receiver_info=info, context=context)


def test_json_names_its_context_in_a_link_header() -> None:
    made = message([row(1), row(2)], target())
    assert made.headers == {"Content-Type": "application/json", "Link": LINK}
    body = orjson.loads(made.body)
    assert body.pop("id").startswith("urn:ngsi-ld:Notification:")
    assert body == {
        "type": "Notification",
        "subscriptionId": "urn:ngsi-ld:Subscription:1",
        "notifiedAt": "2026-11-21T07:00:01.000500Z",
        "data": [{"n": 1}, {"n": 2}],
    }


def test_without_a_context_of_its_own_the_core_is_named() -> None:
    assert core.URL in message([row()], target(context="")).headers["Link"]


def test_json_ld_has_no_link() -> None:
    assert message([row()], target("application/ld+json")).headers == {"Content-Type": "application/ld+json"}


def test_geojson_is_a_collection_with_the_context_inside_unless_the_receiver_prefers_plain_json() -> None:
    inside = message([row(1), row(2)], target("application/geo+json"))
    assert inside.headers == {"Content-Type": "application/geo+json"}
    collection = {"type": "FeatureCollection", "features": [{"n": 1}, {"n": 2}]}
    assert orjson.loads(inside.body)["data"] == {**collection, "@context": CONTEXT}
    plain = message([row(1), row(2)], target("application/geo+json", ("Prefer", "body=json")))
    assert plain.headers == {"Content-Type": "application/geo+json", "Link": LINK, "Prefer": "body=json"}
    assert orjson.loads(plain.body)["data"] == collection


def test_receiver_info_becomes_headers_and_wins_whatever_its_case() -> None:
    made = message([row()], target("application/json", ("Authorization", "Bearer x"), ("content-type", "text/x")))
    assert made.headers == {"Link": LINK, "Authorization": "Bearer x", "content-type": "text/x"}


def test_the_tenant_is_named_unless_it_is_the_region_s_own() -> None:
    assert message([row(tenant="sandbox")], target()).headers["NGSILD-Tenant"] == "sandbox"
    assert "NGSILD-Tenant" not in message([row()], target()).headers


def test_a_source_notification_says_why() -> None:
    body = orjson.loads(message([row(kind="ContextSourceNotification", trigger="newlyMatching")], target()).body)
    assert (body["type"], body["triggerReason"]) == ("ContextSourceNotification", "newlyMatching")


def test_sent_again_it_is_the_same_and_another_is_not() -> None:
    assert message([row(1)], target()) == message([row(1)], target())
    assert orjson.loads(message([row(1)], target()).body)["id"] != orjson.loads(message([row(2)], target()).body)["id"]


def test_protocols_without_headers_carry_them_as_metadata() -> None:
    envelope = orjson.loads(enveloped(message([row(1)], target())))
    assert envelope["metadata"] == {"Content-Type": "application/json", "Link": LINK}
    assert envelope["body"]["data"] == [{"n": 1}]
