"""One @context: terms to IRIs and back (JSON-LD 1.1 §4.1, CIM 009 §5.5.7). The core's terms win over everybody's."""

from collections.abc import Mapping
from typing import Any, Final

from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.errors import BadRequestData

REMEMBERED = 10_000
"""Names a context keeps expanded and compacted; past that it forgets all and starts again."""
KEYWORDS = frozenset(
    {"@id", "@type", "@value", "@language", "@list", "@set", "@graph", "@json", "@vocab", "@none", "@index"}
)


class Context:
    """Terms and what they stand for, the core context laid over them."""

    def __init__(self, terms: Mapping[str, str], source: Any) -> None:
        self.terms = dict(terms)
        self.source = source
        """How the client named it: an address, an object, or a list of these."""
        self._vocab = self.terms.pop("@vocab", "")
        self._short = {iri: term for term, iri in sorted(self.terms.items(), key=lambda item: (-len(item[0]), item[0]))}
        self._prefixes = sorted(
            ((iri, term) for term, iri in self.terms.items() if iri[-1:] in ":/?#[]@"), key=lambda pair: -len(pair[0])
        )
        self._expanded: dict[str, str] = {}
        self._compacted: dict[str, str] = {}

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
            return base + rest if base and not rest.startswith("//") else name
        return (self._vocab or core.DEFAULT) + name

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
        for base in (self._vocab, core.DEFAULT):
            if (
                base
                and iri.startswith(base)
                and (rest := iri[len(base) :])
                and ":" not in rest
                and rest not in self.terms
            ):
                return rest
        for base, term in self._prefixes:
            if iri.startswith(base) and len(iri) > len(base):
                return f"{term}:{iri[len(base) :]}"
        return iri


def flatten(documents: list[Mapping[str, Any]]) -> dict[str, str]:
    """The terms of several @context objects, later ones over earlier ones and the core over all, as term → full IRI."""
    raw: dict[str, str] = {}
    for document in documents:
        for term, definition in document.items():
            raw[term] = _target(term, definition)
    raw = {term: target for term, target in raw.items() if target} | _CORE_TERMS
    return {term: _resolve(term, raw, frozenset()) for term in raw}


def _target(term: str, definition: Any) -> str:
    """The IRI part of a term's definition; empty where it is un-defined by null or is a keyword of no meaning here."""
    if term.startswith("@"):
        return definition if term == "@vocab" and isinstance(definition, str) else ""
    if isinstance(definition, Mapping):
        if "@context" in definition:
            raise BadRequestData(
                f"The @context defines {term!r} with a scoped @context, which is not taken (CIM 009 §5.5.7)."
            )
        definition = definition.get("@id", term)
    if definition is None:
        return ""
    if isinstance(definition, str):
        return definition
    raise BadRequestData(f"The @context defines {term!r} as neither a string, an object with @id, nor null.")


def _resolve(term: str, raw: Mapping[str, str], seen: frozenset[str]) -> str:
    """Follow prefixes and terms to a full IRI; a circle is refused."""
    if term in seen:
        raise BadRequestData(f"The @context defines {term!r} in a circle.")
    value = raw[term]
    if value in KEYWORDS or term == "@vocab":
        return value
    prefix, colon, rest = value.partition(":")
    if colon:
        is_compact = prefix in raw and prefix != term and not rest.startswith("//")
        return _resolve(prefix, raw, seen | {term}) + rest if is_compact else value
    if value in raw and value != term:
        return _resolve(value, raw, seen | {term})
    return (raw.get("@vocab") or core.DEFAULT) + value


def _core_terms() -> dict[str, str]:
    """The core's terms with their prefixes written out, so that nobody's prefixes can bend them."""
    terms: dict[str, str] = {}
    for term, definition in core.document()["@context"].items():
        target = definition["@id"] if isinstance(definition, dict) else definition
        if term.startswith("@") or not isinstance(target, str):
            continue
        prefix, _, rest = target.partition(":")
        terms[term] = (
            {"ngsi-ld": core.NGSI, "geojson": core.GEOJSON}.get(prefix, f"{prefix}:") + rest
            if rest and "//" not in rest
            else target
        )
    return terms


_CORE_TERMS: Final = _core_terms()
CORE: Final = Context(flatten([]), core.URL)
"""The core context alone: what holds where a request names none."""
