"""Examples that run against this very house, each in three languages: the address is put in, the answer is real."""

import shlex
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from hiroba.base.text import sentence
from hiroba.door.region import Region


class Example(msgspec.Struct, frozen=True):
    """A question to the exchange, as a reader would send it."""

    id: str
    title: str
    """What one gets."""
    about: str
    path: str
    parameters: dict[str, str] = {}

    def url(self, base: str) -> str:
        """The address to fetch."""
        query = urlencode(self.parameters, quote_via=quote, safe=",:;=[]~<>")
        return f"{base}{self.path}" + (f"?{query}" if query else "")

    def curl(self, base: str) -> str:
        """For a shell."""
        if not self.parameters:
            return f"curl {shlex.quote(self.url(base))}"
        lines = [f"curl -G {base}{self.path}", f"  -H {shlex.quote(f'Link: {link(base)}')}"]
        lines += [f"  --data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in self.parameters.items()]
        return " \\\n".join(lines)

    def python(self, base: str) -> str:
        """For Python's standard library."""
        if not self.parameters:
            return (
                "import json\nfrom urllib.request import urlopen\n\n"
                f'with urlopen("{base}{self.path}") as answer:\n'
                "    print(json.load(answer))\n"
            )
        parameters = "".join(f"    {name!r}: {value!r},\n" for name, value in self.parameters.items())
        return (
            "import json\nfrom urllib.parse import urlencode\nfrom urllib.request import Request, urlopen\n\n"
            f"query = urlencode({{\n{parameters}}})\n"
            f"context = {link(base)!r}\n"
            f'question = Request(f"{base}{self.path}?{{query}}", headers={{"Link": context}})\n'
            "with urlopen(question) as answer:\n"
            "    for thing in json.load(answer):\n"
            '        print(thing["id"], thing["name"])\n'
        )

    def javascript(self, base: str) -> str:
        """For a browser or Node."""
        if not self.parameters:
            return f'const answer = await fetch("{base}{self.path}");\nconsole.log(await answer.json());\n'
        parameters = "".join(f"  {_quoted(name)}: {_quoted(value)},\n" for name, value in self.parameters.items())
        return (
            f"const query = new URLSearchParams({{\n{parameters}}});\n"
            f"const context = {_quoted(link(base))};\n"
            f"const answer = await fetch(`{base}{self.path}?${{query}}`, {{ headers: {{ Link: context }} }});\n"
            "for (const thing of await answer.json()) console.log(thing.id, thing.name);\n"
        )


def link(base: str) -> str:
    """The Link header that asks for the house's own short names (CIM 009 §6.3.5)."""
    return f'<{base}/context/v1.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


ENTITIES: Final = "/ngsi-ld/v1/entities"


def examples(region: Region) -> list[Example]:
    """The examples, around the middle of this region."""
    at = next(iter(region.centres.values()), (135.5, 34.7))
    point = f"[{at[0]:.4f},{at[1]:.4f}]"
    return [
        Example(
            "near",
            sentence("What is near a place"),
            sentence("The evacuation sites within 2 km of a point, nearest first, as plain names and values."),
            ENTITIES,
            {
                "type": "EvacuationSite", "georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": point,
                "options": "keyValues", "lang": "ja", "limit": "5",
            },
        ),
        Example(
            "filter",
            sentence("What has a property"),
            sentence("Sites that are safe in a flood. The language knows ==, !=, <, >, ~= (a pattern), ; (and) and | (or)."),
            ENTITIES,
            {"type": "EvacuationSite", "q": "floodSafe==true", "options": "keyValues", "lang": "ja", "limit": "5"},
        ),
        Example("types", sentence("What there is"), sentence("Every type of entity in this house."), "/ngsi-ld/v1/types"),
        Example(
            "municipalities",
            sentence("The municipalities"),
            sentence("Their codes and names in each language."),
            "/api/v1/municipalities",
        ),
    ]  # fmt: skip
