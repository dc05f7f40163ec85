"""One @context: terms to IRIs and back (JSON-LD 1.1 §4.1, CIM 009 §5.5.7). The core's terms win over everybody's."""

from collections.abc import Mapping
from typing import Any, Final

from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.contexts.terms import Terms, definitions, resolved

REMEMBERED = 10_000
"""Names a context keeps expanded and compacted; past that it forgets all and starts again."""
ENDS: Final = frozenset(":/?#[]@")
"""Where a prefix ends (RFC 3986 gen-delims)."""


class Context:
    """Terms and what they stand for, the core context laid over them."""

    def __init__(self, terms: Terms, source: Any) -> None:
        self.terms = dict(terms.iris)
        self.source = source
        """How the client named it: an address, an object, or a list of these."""
        self.aliases: dict[str, str] = {
            term: iri for term, iri in self.terms.items() if iri in {"@id", "@type"} and term not in {"id", "type"}
        }
        """Terms that stand for id and type."""
        self._vocab = terms.vocab or core.DEFAULT
        self._short: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        for term, iri in sorted(self.terms.items(), key=lambda item: (-len(item[0]), item[0])):
            self._short[iri] = term
            if term in terms.prefixes and iri[-1:] in ENDS:
                self._prefixes[iri] = term
        self._expanded: dict[str, str] = {}
        self._compacted: dict[str, str] = {}

    @property
    def address(self) -> str:
        """Where this context is to be had: its one address besides the core's; the core's where it has none."""
        return address_of(self.source) or core.URL

    def expand(self, name: str) -> str:
        """The IRI of a term, a compact IRI or an IRI; a name nobody defined belongs to the default vocabulary."""
        found = self._expanded.get(name)
        if found is None:
            found = self._expand(name)
            if len(self._expanded) > REMEMBERED:
                self._expanded.clear()
            self._expanded[name] = found
        return found

    def _expand(self, name: str) -> str:
        if iri := self.terms.get(name):
            return iri
        prefix, colon, rest = name.partition(":")
        if colon:
            base = self.terms.get(prefix)
            return base + rest if base and not base.startswith("@") and not rest.startswith("//") else name
        return self._vocab + name

    def compact(self, iri: str) -> str:
        """The shortest name this context has for an IRI, or the IRI."""
        found = self._compacted.get(iri)
        if found is None:
            found = self._compact(iri)
            if len(self._compacted) > REMEMBERED:
                self._compacted.clear()
            self._compacted[iri] = found
        return found

    def _compact(self, iri: str) -> str:
        if term := self._short.get(iri):
            return term
        rest = iri.removeprefix(self._vocab)
        if rest and rest != iri and ":" not in rest and not rest.startswith("@") and rest not in self.terms:
            return rest
        for end in range(len(iri) - 1, 0, -1):
            if iri[end - 1] in ENDS and (prefix := self._prefixes.get(iri[:end])):
                short = f"{prefix}:{iri[end:]}"
                if short not in self.terms and self._expand(short) == iri:
                    return short
        return iri


def address_of(source: Any) -> str:
    """The one address that says as much as a source, since the core is part of every context; empty where there is none."""
    parts = source if isinstance(source, list) else [source]
    parts = [part for part in parts if part and not (isinstance(part, str) and core.IS_CORE.fullmatch(part))]
    if not parts:
        return core.URL
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else ""


def flatten(documents: list[Mapping[str, Any]]) -> Terms:
    """The terms of several @context objects, later ones over earlier ones and the core over all."""
    raw: dict[str, str] = {}
    prefixes: set[str] = set()
    for document in documents:
        found, usable = definitions(document)
        raw |= found
        prefixes -= found.keys()
        prefixes |= usable
    return resolved(raw, prefixes, _CORE_TERMS)


def _core_terms() -> dict[str, str]:
    """The core's terms with their prefixes written out, so that nobody's prefixes can bend them."""
    terms: dict[str, str] = {}
    for term, definition in core.document()["@context"].items():
        target = definition["@id"] if isinstance(definition, dict) else definition
        if term.startswith("@") or not isinstance(target, str):
            continue
        prefix, colon, rest = target.partition(":")
        if not colon:
            terms[term] = target if target.startswith("@") else core.DEFAULT + target
        elif rest.startswith("//"):
            terms[term] = target
        else:
            terms[term] = {"ngsi-ld": core.NGSI, "geojson": core.GEOJSON}[prefix] + rest
    return terms


_CORE_TERMS: Final = _core_terms()
CORE: Final = Context(flatten([]), core.URL)
"""The core context alone: what holds where a request names none."""
