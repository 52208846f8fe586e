"""A definition while it is being built: up to three plain rules and what belongs to all of them.

Everything typed stands in the names of the fields: those of the first rule by their own names (`kind`, `days`), those
of the second and third behind `b-` and `c-`. So an address or a form holds all of it, and nothing is stored meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from werkzeug.datastructures import MultiDict
from wtforms import Field

from survey.analyst import Rule, detecting
from survey.defections.definitions import Draft
from survey.defections.forms import FORMS, DroppedServiceForm, PartForm, WholeForm
from survey.defections.models import Definition
from survey.forms import SelectChoice

PREFIXES = ("", "b-", "c-")
COMBINED = ("any_of", "all_of")


class UnknownKind(ValueError):
    """There is no plain rule of this kind."""


class Builder:
    """The forms of a definition as one: it can be asked for its fields and its errors as a form can."""

    def __init__(self, whole: WholeForm, parts: list[PartForm]) -> None:
        self.whole, self.parts = whole, parts
        self.form_errors: list[Any] = []

    def fields(self) -> Iterator[Field]:
        yield from self.whole
        for part in self.parts:
            yield from part

    def __getitem__(self, name: str) -> Field:
        found = next((field for field in self.fields() if field.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    @property
    def errors(self) -> dict[str | None, Any]:
        """What is wrong, by the name of the field; None: with the whole."""
        wrong: dict[str | None, Any] = {field.name: field.errors for field in self.fields() if field.errors}
        return wrong | ({None: self.form_errors} if self.form_errors else {})

    def validate(self) -> bool:
        """Check all parts, so that everything wrong is said at once."""
        well = [self.whole.validate(), *(part.validate() for part in self.parts)]
        return all(well) and not self.form_errors

    @property
    def kinds(self) -> list[str]:
        return [part.kind for part in self.parts]

    @property
    def may_grow(self) -> bool:
        return len(self.parts) < len(PREFIXES)

    @property
    def is_whole(self) -> bool:
        """Whether every rule has what it needs, so that it can be tried."""
        try:
            for part in self.parts:
                detecting.check_rule(Rule(part.kind, part.parameters()))
        except ValueError:
            return False
        return True

    def draft(self, name: str, effective_on: date | None) -> Draft:
        segment = self.whole.segment.data or ""
        if len(self.parts) == 1:
            return Draft(name, self.parts[0].kind, self.parts[0].parameters(), segment, effective_on)
        rules = [{"kind": part.kind, "parameters": part.parameters()} for part in self.parts]
        return Draft(name, self.whole.together.data, {"rules": rules}, segment, effective_on)


def typed(whole: WholeForm, sent: MultiDict[str, str], services: list[str]) -> Builder:
    """What was sent. Raises UnknownKind."""
    kinds = [sent.get(f"{prefix}kind") for prefix in PREFIXES]
    parts = [_part(kind, prefix, services, formdata=sent) for kind, prefix in zip(kinds, PREFIXES, strict=True) if kind]
    return Builder(whole, parts or [_part("lapse", "", services)])


def stored(whole: WholeForm, definition: Definition, services: list[str]) -> Builder | None:
    """What stands, to be changed; None where it was not built here and has parts that no sentence can show."""
    rules: list[dict[str, Any]] = [{"kind": definition.kind, "parameters": definition.parameters}]
    if definition.kind in COMBINED:
        rules = list(definition.parameters["rules"])
        whole.together.data = definition.kind
    if len(rules) > len(PREFIXES) or any(rule["kind"] not in FORMS for rule in rules):
        return None
    parts = []
    for rule, prefix in zip(rules, PREFIXES, strict=False):
        data = FORMS[rule["kind"]].filled(dict(rule["parameters"]))
        parts.append(_part(rule["kind"], prefix, services, data=data))
    return Builder(whole, parts)


def fresh(whole: WholeForm, kind: str, services: list[str]) -> Builder:
    """One rule of a kind, with what is usual filled in. Raises UnknownKind."""
    return Builder(whole, [_part(kind, "", services, data=_USUAL.get(kind))])


def add(builder: Builder, kind: str, services: list[str]) -> None:
    """One rule more, where there is room. Raises UnknownKind."""
    if builder.may_grow:
        prefix = PREFIXES[len(builder.parts)]
        builder.parts.append(_part(kind, prefix, services, data=_USUAL.get(kind)))


def without(sent: MultiDict[str, str], place: int) -> MultiDict[str, str]:
    """What was sent, less one of its rules; those after it move up."""
    moved: list[tuple[str, str]] = []
    for name, value in sent.items(multi=True):
        at = next((n for n in (2, 1) if name.startswith(PREFIXES[n])), 0)
        own = name.removeprefix(PREFIXES[at])
        if at == 0 and own not in _OWN:
            moved.append((name, value))
        elif at != place:
            moved.append((PREFIXES[at - (at > place)] + own, value))
    return MultiDict(moved)


#: what a rule that is new begins with, besides what its form says: there these may be left empty
_USUAL: dict[str, dict[str, Any]] = {"lapse": {"days": 90}, "dropped_service": {"days": 180}}
#: names of the fields of plain rules
_OWN = {"kind"} | {name for form in FORMS.values() for name in dir(form) if hasattr(getattr(form, name), "_formfield")}


def _part(kind: str, prefix: str, services: list[str], **given: Any) -> PartForm:
    if kind not in FORMS:
        raise UnknownKind(kind)
    part = FORMS[kind](prefix=prefix, **{"formdata": None} | given)
    if isinstance(part, DroppedServiceForm):
        _offer(part, services)
    return part


def _offer(part: DroppedServiceForm, services: list[str]) -> None:
    """A service that is no longer bought stays on offer where the definition names it."""
    named = part.service.data
    names = services if not named or named in services else [named, *services]
    part.service.choices = [SelectChoice("", _("choose a service")), *(SelectChoice(name, name) for name in names)]


def sent_to(values: Mapping[str, str]) -> bool:
    """Whether somebody typed: not only which definition to open."""
    return any(name in values for name in ("preview", "add", "remove"))
