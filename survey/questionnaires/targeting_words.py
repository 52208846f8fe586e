"""Rules in plain sentences: "Customers of the segment Members, in Utrecht or Zwolle: called after 3 days, with ..."."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babel.lists import format_list
from flask_babel import get_locale, lazy_gettext, ngettext
from flask_babel import gettext as _

from survey.defections.wording import KINDS
from survey.formats import money
from survey.questionnaires.targeting import EVERYBODY, NAMES
from survey.questionnaires.targeting_rules import Draft

DAYS_A_MONTH = 30.4375

CHANNELS = {
    "mail": lazy_gettext("By mail"),
    "phone": lazy_gettext("By phone"),
    "nobody": lazy_gettext("They are not asked"),
}
LANGUAGES = {"nl": lazy_gettext("Dutch"), "en": lazy_gettext("English")}
#: kinds of definition that a rule may ask about
DEFINITION_KINDS = KINDS | {
    "any_of": lazy_gettext("Several rules, one of which is enough"),
    "all_of": lazy_gettext("Several rules that must all hold"),
}


@dataclass(frozen=True)
class Names:
    """What the keys in rules are called."""

    branches: Mapping[int, str]
    questionnaires: Mapping[int, str]


def title(name: str) -> str:
    """What a rule is called."""
    return str(_("Everybody else")) if name == EVERYBODY else name


def sentence(draft: Draft, names: Names) -> str:
    """Whom a rule is for and what they get, as one would say it."""
    return f"{whom(draft, names)}: {way(draft, names)}"


def whom(draft: Draft, names: Names) -> str:
    if draft.name == EVERYBODY:
        return title(draft.name)
    told = [condition(name, draft.conditions[name], names) for name in NAMES if draft.conditions.get(name)]
    return ", ".join([str(_("Customers who left")), *told])


def way(draft: Draft, names: Names) -> str:
    """By which way, when, and with what."""
    if draft.channel == "nobody":
        return str(_("not asked"))
    asked = str(_("asked by phone") if draft.channel == "phone" else _("asked by mail"))
    wait = _("at once")
    if draft.wait_days:
        wait = ngettext("%(num)d day later", "%(num)d days later", draft.wait_days)
    name = names.questionnaires.get(draft.questionnaire_id or 0, "–")
    return ", ".join((asked, str(wait), str(_("with “%(questionnaire)s”", questionnaire=name))))


def condition(name: str, given: Any, names: Names) -> str:
    """One condition, to follow "Customers who left"."""
    return _CONDITIONS[name](given, names)


def months_of(days: float | None) -> int | None:
    return None if days is None else round(days / DAYS_A_MONTH)


def days_of(months: int | None) -> int | None:
    return None if months is None else round(months * DAYS_A_MONTH)


def _one_of(words: Iterable[Any]) -> str:
    return format_list([str(word) for word in words], style="or", locale=get_locale())


def _tenure(given: Sequence[int | None], names: Names) -> str:
    least, most = (None if days is None else _years(days) for days in given)
    if least and most:
        return str(_("a customer for %(least)s to %(most)s", least=least, most=most))
    if least:
        return str(_("a customer for %(least)s or longer", least=least))
    return str(_("a customer for %(most)s at most", most=most))


def _years(days: int) -> str:
    months = round(days / DAYS_A_MONTH)
    if months and months % 12 == 0:
        return str(ngettext("%(num)d year", "%(num)d years", months // 12))
    return str(ngettext("%(num)d month", "%(num)d months", months))


def _value(given: Sequence[float | None], names: Names) -> str:
    least, most = given
    if least is not None and most is not None:
        return str(_("worth %(least)s to %(most)s", least=money(least), most=money(most)))
    if least is not None:
        return str(_("worth %(least)s or more", least=money(least)))
    return str(_("worth %(most)s at most", most=money(most)))


def _quoted(words: Iterable[str]) -> list[str]:
    return [f"“{word}”" for word in words]


_CONDITIONS: dict[str, Callable[[Any, Names], str]] = {
    "segments": lambda given, names: str(_("of the segment %(segments)s", segments=_one_of(given))),
    "branches": lambda given, names: str(
        _("of the branch %(branches)s", branches=_one_of(names.branches.get(key, "–") for key in given))
    ),
    "services": lambda given, names: str(_("who bought %(services)s last", services=_one_of(given))),
    "kinds": lambda given, names: str(
        _("by the rule %(kinds)s", kinds=_one_of(_quoted(str(DEFINITION_KINDS.get(kind, kind)) for kind in given)))
    ),
    "languages": lambda given, names: str(
        _("who read %(languages)s", languages=_one_of(LANGUAGES.get(one, one) for one in given))
    ),
    "tenure_days": _tenure,
    "lost_value": _value,
}
