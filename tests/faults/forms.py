"""Every form of a page, as a browser would send it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from html.parser import HTMLParser

#: kinds of fields into which people type whatever they like
TYPED = {"text", "search", "email", "tel", "url", "password", "textarea"}
#: what goes into fields of these kinds that hold nothing
EMPTY = {"number": "3", "date": f"{date.today() + timedelta(1)}", "time": "12:00"}


@dataclass
class Form:
    """Where it goes, and its fields as they stand, with the first choice where none is made: name -> values. `typed`:
    those that people type into; `files`: those that take a file."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def add(self, name: str, value: str) -> None:
        self.fields.setdefault(name, []).append(value)


class FormReader(HTMLParser):
    """The forms and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._form: Form | None = None
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        if self._form is not None and tag in ("input", "button", "select", "textarea", "option"):
            self._field(self._form, tag, given)

    def _field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), tag if tag != "input" else given.get("type", "text")
        if tag == "option":
            if self._select and ("selected" in given or not any(form.fields.get(self._select, ()))):
                form.fields[self._select] = [given.get("value", "")]
        elif tag == "select":
            self._select = name
        elif kind == "file":
            form.files.add(name)
        elif kind == "button":
            if name and name not in form.fields:
                form.add(name, given.get("value", ""))
        elif kind == "radio":
            if "checked" in given or name not in form.fields:
                form.fields[name] = [given.get("value", "")]
        elif name and (kind != "checkbox" or "checked" in given):
            form.add(name, given.get("value", "") or EMPTY.get(kind, ""))
            self._area = name if kind == "textarea" else ""
            form.typed |= {name} if kind in TYPED else set()

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form.fields[self._area][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._area = ""


def read(page: str) -> FormReader:
    reader = FormReader()
    reader.feed(page)
    return reader


def posted(page: str) -> Iterator[Form]:
    """The forms of this page that change something."""
    yield from (form for form in read(page).forms if form.method == "post")
