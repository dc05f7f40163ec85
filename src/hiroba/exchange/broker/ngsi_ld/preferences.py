"""The version of NGSI-LD that an answer is preferred in, by the Prefer header (CIM 009 §4.3.6.8, §6.3.6)."""

import re
from typing import Final

import orjson

from hiroba.exchange.broker.documents.versions import NEWEST, Version, conformed
from hiroba.exchange.broker.ngsi_ld.http import GEOGRAPHIC, Answer, Request

_VERSION: Final = re.compile(r"(\d{1,3})\.(\d{1,3})")


def preferred(request: Request, answer: Answer) -> Answer:
    """The answer in the words of the version that is preferred, 203 where that changed it; other answers as they are."""
    found = _VERSION.fullmatch(request.preference("ngsi-ld"))
    if found is None or answer.status != 200 or not answer.body:  # noqa: PLR2004 - OK
        return answer
    version: Version = min((int(found[1]), int(found[2])), NEWEST)
    headers = [*answer.headers, ("preference-applied", f"ngsi-ld={version[0]}.{version[1]}")]
    if version < NEWEST and request.path in GEOGRAPHIC:  # which are the operations that answer with entities
        document = orjson.loads(answer.body)
        older = conformed(document, version)
        if older != document:
            return Answer(203, orjson.dumps(older), answer.media_type, headers)
    return Answer(answer.status, answer.body, answer.media_type, headers)
