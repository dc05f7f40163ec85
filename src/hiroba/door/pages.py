"""A page: who asks, in which language, and the template that answers. Handlers take `page: Page` and give `page.html(…)`.

Templates are Jinja2, autoescaped, one folder per room: `door/base.html` for residents, `door/desk.html` for officers.
In a template: `_("English sentence")` and `ngettext(…)` translate, `page` is this object, `t(map)` picks from a language map,
`csrf` is the hidden field of a form.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.di import NamedDependency
from markupsafe import Markup

from hiroba.base import clock
from hiroba.base.text import LANGUAGES, Catalogue, choose, in_language
from hiroba.door.service import Service
from hiroba.exchange.identity.callers import Caller

LANGUAGE_COOKIE = "hiroba_language"


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
        self.environment.globals.update(names, languages=LANGUAGES, services=services)

    def page(self, request: Request[Any, Any, Any], caller: Caller) -> "Page":
        """The page of one request."""
        asked = request.cookies.get(LANGUAGE_COOKIE, "")
        language = asked if asked in LANGUAGES else choose(request.headers.get("accept-language", ""))
        return Page(self, request, caller, self.catalogues[language])


class Page:
    """One request's page."""

    def __init__(
        self, templates: Templates, request: Request[Any, Any, Any], caller: Caller, catalogue: Catalogue
    ) -> None:
        self._templates = templates
        self.request = request
        self.caller = caller
        self.catalogue = catalogue
        self.language = catalogue.language
        self.path = request.url.path

    @property
    def today(self) -> str:
        """Today's date as people write it."""
        return self.catalogue.date(clock.today())

    def text(self, sentence: str, **values: Any) -> str:
        """The sentence in the reader's language, its {braces} filled."""
        translated = self.catalogue.gettext(sentence)
        return translated.format(**values) if values else translated

    def html(self, template: str, /, *, status: int = 200, **context: Any) -> Response[str]:
        """The answer: `template` (`room/name.html`) with `context`."""
        csrf = self.request.scope.get("_csrf_token") or self.request.cookies.get("hiroba_csrf", "")
        body = self._templates.environment.get_template(template).render(
            context,
            page=self,
            _=self.catalogue.gettext,
            ngettext=self.catalogue.ngettext,
            t=lambda names: in_language(names, self.language),
            csrf=Markup('<input type="hidden" name="_csrf_token" value="{}">').format(csrf),
        )
        return Response(body, media_type=MediaType.HTML, status_code=status, headers={"Content-Language": self.language})


GivenPage = NamedDependency[Page]
