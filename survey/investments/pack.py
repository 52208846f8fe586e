"""The decision pack of a quarter: one thing to read before money is divided.

Every figure in it is one of another page; nothing is worked out here. Of a quarter that is over it is stored once, in
every language, and reads the same for ever. What customers wrote is stored by number only, so that words of somebody
who is erased go from it too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from flask_babel import force_locale
from sqlalchemy import select

from survey.accounts.models import User
from survey.clock import now, today
from survey.extensions import db
from survey.investments import overview, pack_words
from survey.investments.pack_pictures import Picture, pictures_of
from survey.investments.pack_words import Line, Reader
from survey.reports.breakdown import break_down
from survey.reports.findings import findings_for
from survey.reports.lens import Lens
from survey.reports.models import StoredFigure
from survey.reports.period import DAY, Period, month_number, months_up_to
from survey.reports.voices import voices_of_all
from survey.reports.words import words_with
from survey.web import LANGUAGES, language

NAME, QUOTED = "pack", 5
QUARTER = re.compile(r"(20\d\d)-Q([1-4])")


@dataclass(frozen=True)
class Quote:
    """A customer's words, by the number of the answer; `text` is read when the pack is, None once erased."""

    response_id: int
    language: str
    reason: str
    text: str | None = None


@dataclass(frozen=True)
class Pack:
    """One quarter in one language: sentences by section, pictures as specifications. `made_on`: the day it is as of.

    stop: the answer to what to stop paying for; because: why. rate, lost, reasons, changed, notes: sentences.
    """

    quarter: str
    title: str
    made_on: str
    departures: int
    stop: str
    because: list[str]
    rate: list[str]
    lost: list[str]
    reasons_title: str
    reasons: list[str]
    money: list[str]
    lines: list[Line]
    changed: list[str]
    notes: list[str]
    quotes: list[Quote] = field(default_factory=list)
    pictures: dict[str, Picture] = field(default_factory=dict)
    is_kept: bool = False


def quarter_named(name: str) -> Period | None:
    """The quarter that an address or a scope means, such as 2026-Q3; None where it means none."""
    found = QUARTER.fullmatch(name)
    if not found:
        return None
    end = date(int(found[1]) + (found[2] == "4"), int(found[2]) * 3 % 12 + 1, 1) - DAY
    return Period(months_up_to(end, 3)[0].first, end)


def name_of(quarter: Period) -> str:
    """How a quarter is called in an address."""
    return f"{quarter.first.year}-Q{quarter.last.month // 3}"


def last_quarter(day: date) -> Period:
    """The quarter that was over on a day, the newest."""
    start = month_number(day) // 3 * 3
    end = date(start // 12, start % 12 + 1, 1) - DAY
    return Period(months_up_to(end, 3)[0].first, end)


def pack_of(quarter: Period) -> Pack:
    """As it was kept, else as things stand now, in the language of whoever asks."""
    row = stored(quarter)
    found = _revived(row.payload[language()]) if row else put_together(quarter)
    return _with_words(found)


def stored(quarter: Period) -> StoredFigure | None:
    return db.session.scalar(
        select(StoredFigure).where(StoredFigure.name == NAME, StoredFigure.scope == name_of(quarter))
    )


def in_languages(quarter: Period) -> dict[str, Any] | None:
    """What there is to store of a quarter, by language; None where nobody left in it. Reads only."""
    payload = {}
    for code in LANGUAGES:
        with force_locale(code):
            found = put_together(quarter)
        if not found.departures:
            return None
        payload[code] = asdict(found)
    return payload


def keep(quarter: Period, payload: dict[str, Any]) -> None:
    """Store the pack of a quarter, once: where one stands, it stands. Flushes."""
    if stored(quarter) is None:
        row = StoredFigure(name=NAME, scope=name_of(quarter), as_of=today(), payload=payload, created_at=now())
        db.session.add(row)
        db.session.flush()


def put_together(quarter: Period) -> Pack:
    """Ask the pages it is made of. Of all customers: who is tied to branches does not see it."""
    everybody = User(email="", tied_to=[])
    lens = Lens(everybody, quarter)
    found, shown, money = break_down(lens), findings_for(lens, today()), overview.look(everybody, None)
    read = Reader(found, shown, money, quarter, language())
    return Pack(
        quarter=name_of(quarter),
        title=pack_words.title(quarter),
        made_on=today().isoformat(),
        departures=found.count,
        stop=pack_words.stop(read),
        because=pack_words.because(read),
        rate=pack_words.rate(read),
        lost=pack_words.lost(read),
        reasons_title=pack_words.reasons_title(read),
        reasons=pack_words.reasons(read),
        money=pack_words.money(read),
        lines=pack_words.lines(read),
        changed=pack_words.changed(read),
        notes=pack_words.notes(read),
        quotes=[
            Quote(words.response_id, words.language, reason.label(language()))
            for reason, words in (voices_of_all(shown, QUOTED) if shown else [])
        ],
        pictures=pictures_of(read),
    )


def _revived(payload: dict[str, Any]) -> Pack:
    given = dict(payload) | {
        "lines": [Line(**each) for each in payload["lines"]],
        "quotes": [Quote(**each) for each in payload["quotes"]],
        "pictures": {name: Picture(**each) for name, each in payload["pictures"].items()},
        "is_kept": True,
    }
    return Pack(**given)


def _with_words(found: Pack) -> Pack:
    texts = words_with([quote.response_id for quote in found.quotes])
    quotes = [Quote(each.response_id, each.language, each.reason, texts.get(each.response_id)) for each in found.quotes]
    return Pack(**(vars(found) | {"quotes": quotes}))


def quarters(day: date, count: int = 8) -> Sequence[str]:
    """The quarters that were over on a day, the newest first, for links."""
    newest = month_number(last_quarter(day).last)
    return [f"{n // 12}-Q{n % 12 // 3 + 1}" for n in range(newest, newest - 3 * count, -3)]
