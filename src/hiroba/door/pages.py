"""A page: who asks, in which language, and the template that answers. Handlers take `page: Page` and give `page.html(…)`.

Templates are Jinja2, autoescaped, one folder per room: `door/base.html` for residents, `door/desk.html` for officers.
In a template: `_("English sentence")` and `ngettext(…)` translate, `page` is this object, `t(map)` picks from a language map,
`csrf` is the hidden field of a form, `static("house.css")` the address of a file that browsers may keep, `region` the region.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import msgspec
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.di import NamedDependency
from litestar.utils.scope.state import ScopeState
from markupsafe import Markup

from hiroba.base import clock
from hiroba.base.text import LANGUAGES, WEEKDAYS, Catalogue, choose, in_language
from hiroba.door import static
from hiroba.door.region import Region
from hiroba.door.service import Service
from hiroba.exchange.identity.callers import OPERATOR, Caller, officer

LANGUAGE_COOKIE = "hiroba_language"


class Duty(msgspec.Struct, frozen=True):
    """A service's page for officers: `/desk/<name>`."""

    name: str
    title: dict[str, str]
    href: str


HOUSE_DUTIES = (
    (
        Duty("purposes", {"ja": "データの目的", "en": "Purposes"}, "/desk/purposes"),
        officer("purposes"),
        officer("board"),
    ),
    (Duty("law", {"ja": "法にもとづく閲覧", "en": "By law"}, "/desk/law"), officer("law"), officer("board")),
    (Duty("counter", {"ja": "窓口", "en": "Counter"}, "/desk/counter"), officer("identity")),
    (Duty("officers", {"ja": "担当者", "en": "Officers"}, "/desk/officers"), OPERATOR),
    (Duty("letters", {"ja": "送信メール", "en": "Letters"}, "/desk/letters"), OPERATOR),
)
"""Pages for officers that are the house's own."""


class Templates:
    """The templates and sentences of all rooms, joined once at start."""

    def __init__(self, services: Sequence[Service], names: Mapping[str, Any]) -> None:
        door = files("hiroba.door")
        folders = {"door": str(door / "templates")}
        locales = [door / "locale"]
        for service in services:
            if service.templates is not None:
                folders[service.name] = str(service.templates)
            if service.locale is not None:
                locales.append(service.locale)
        self.catalogues = {
            language: Catalogue(language, [po for folder in locales if (po := folder / f"{language}.po").is_file()])
            for language in LANGUAGES
        }
        self.environment = Environment(
            loader=PrefixLoader({name: FileSystemLoader(folder) for name, folder in folders.items()}),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.services = services
        self.environment.globals.update(names, languages=LANGUAGES, services=services, static=static.address)

    def page(self, request: Request[Any, Any, Any], caller: Caller, region: Region | None = None) -> "Page":
        """The page of one request."""
        asked = request.cookies.get(LANGUAGE_COOKIE, "")
        language = asked if asked in LANGUAGES else choose(request.headers.get("accept-language", ""))
        return Page(self, request, caller, self.catalogues[language], region or Region())


class Page:
    """One request's page."""

    def __init__(
        self,
        templates: Templates,
        request: Request[Any, Any, Any],
        caller: Caller,
        catalogue: Catalogue,
        region: Region,
    ) -> None:
        self._templates = templates
        self.request = request
        self.caller = caller
        self.catalogue = catalogue
        self.region = region
        self.language = catalogue.language
        self.path = request.url.path

    @property
    def today(self) -> str:
        """Today's date as people write it."""
        return self.catalogue.date(clock.today())

    @property
    def day(self) -> date:
        """Today, as an office in Japan would say it."""
        return clock.today()

    def month(self, day: date) -> str:
        """11月 or Nov."""
        return f"{day:%b}" if self.language == "en" else f"{day.month}月"

    def weekday(self, day: date) -> str:
        """金 or Fri."""
        return f"{day:%a}" if self.language == "en" else WEEKDAYS[day.weekday()]

    def short(self, day: date) -> str:
        """11月20日（金） or 20 Nov (Fri)."""
        if self.language == "en":
            return f"{day.day} {day:%b} ({day:%a})"
        return f"{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"

    def moment(self, at: datetime) -> str:
        """A moment in Japan, to the minute: 11月20日（金） 14:05."""
        local = at.astimezone(clock.JAPAN)
        return f"{self.short(local.date())} {local:%H:%M}"

    def last_day(self, end: datetime) -> str:
        """The last day of what ends at `end`, with its year; midnight belongs to the day before."""
        return self.catalogue.date((end - timedelta(microseconds=1)).astimezone(clock.JAPAN).date())

    @property
    def who(self) -> str:
        """The caller's name for the head of a page: their municipality, or the operator."""
        if self.caller.kind == "operator":
            return self.text("The operator")
        if self.caller.kind == "officer":
            place = self.region.municipality(self.caller.organisation)
            return self.text(
                "Officer of {place}", place=place.name(self.language) if place else self.caller.organisation
            )
        return ""

    @property
    def duties(self) -> list[Duty]:
        """The officers' pages of services that this caller may open."""
        paths = {route.path for route in self.request.app.routes}
        ours = [duty for duty, *may in HOUSE_DUTIES if self.caller.is_allowed(tuple(may))]
        return ours + [
            Duty(service.name, service.title, f"/desk/{service.name}")
            for service in self._templates.services
            if f"/desk/{service.name}" in paths and self.caller.is_allowed(tuple(map(officer, service.roles)))
        ]

    def is_at(self, href: str) -> bool:
        """Whether this page is `href` or lies below it."""
        return self.path == href or (href != "/" and self.path.startswith(f"{href}/"))

    def in_other_language(self, language: str) -> str:
        """The address that shows this same page in `language`."""
        here = self.path if self.request.method == "GET" else "/"
        query = self.request.url.query
        return f"/language/{language}?next={quote(f'{here}?{query}' if query else here, safe='/')}"

    def text(self, sentence: str, **values: Any) -> str:
        """The sentence in the reader's language, its {braces} filled."""
        translated = self.catalogue.gettext(sentence)
        return translated.format(**values) if values else translated

    def html(self, template: str, /, *, status: int = 200, **context: Any) -> Response[str]:
        """The answer: `template` (`room/name.html`) with `context`."""
        token = ScopeState.from_scope(self.request.scope).csrf_token
        csrf = token if isinstance(token, str) else self.request.cookies.get("hiroba_csrf", "")
        body = self._templates.environment.get_template(template).render(
            {"region": self.region} | context,
            page=self,
            _=self.catalogue.gettext,
            text=self.text,
            ngettext=self.catalogue.ngettext,
            t=lambda names: in_language(names, self.language),
            csrf=Markup('<input type="hidden" name="_csrf_token" value="{}">').format(csrf),
        )
        return Response(
            body, media_type=MediaType.HTML, status_code=status, headers={"Content-Language": self.language}
        )


GivenPage = NamedDependency[Page]
