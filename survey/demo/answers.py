"""How customers of the demo garage respond when asked: who does, what they tick, what they write.

They mostly tick the truth. Some tick price because it is the easy thing to say, a few tick a lesser reason or
Other; their own words are closer to what drove them away than their tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from survey.demo.business import BRANCHES, EMPLOYEES, REASONS
from survey.demo.customers import AGE_GROUPS, People
from survey.demo.grammar import Setting, write_answer
from survey.demo.leaving import Fates
from survey.demo.world import World

#: a business that asks by name, soon, and only one page: about three in ten answer
RESPONSE_BY_AGE: dict[str, float] = dict(zip(AGE_GROUPS, (0.16, 0.26, 0.38), strict=True))
RESPONSE_BY_SEGMENT = (1.05, 0.75, 0.90)
RESPONSE_BY_REASON: dict[str, float] = {"rude_staff": 1.2, "poor_quality": 1.2, "price": 1.0, "circumstances": 0.85}
TICKS_PRICE_INSTEAD, TICKS_LESSER_INSTEAD, TICKS_OTHER_INSTEAD = 0.14, 0.05, 0.02
WRITES = 0.70
#: whose reason is not on the list has more to tell: they respond more often, and all of them write
RESPONSE_BY_THEME: dict[str, float] = {"tracker": 1.6}
_CHOICES, _WORDS = 101, 102  # streams of random numbers: ticks must not depend on the language of the words


@dataclass(frozen=True, slots=True)
class Answer:
    """What a customer gives when asked. `main` and `others` are ticked codes; `words` may be empty;
    `mentions` is the truth about the words: the codes they really speak of; `theme` what `other` among them is."""

    main: str
    others: tuple[str, ...]
    words: str
    may_contact: bool
    delay_days: int
    mentions: tuple[str, ...]
    theme: str = ""


@dataclass(frozen=True, slots=True)
class Leaver:
    """What decides how one customer would respond. `reasons` begins with the main one; empty if never left.
    `theme` is what `other` stands for where many have that in common: "tracker", else empty."""

    index: int
    age: int
    segment: int
    reasons: tuple[str, ...]
    theme: str = ""


def leaver(index: int, people: People, fates: Fates) -> Leaver:
    """The customer at this place, with the true reasons."""
    main = int(fates.main[index])
    others = [code for code in np.flatnonzero(fates.reasons[index]).tolist() if code != main]
    reasons = () if main < 0 else tuple(REASONS[code] for code in (main, *others))
    theme = "tracker" if fates.over_tracker[index] else ""
    return Leaver(index, int(people.age[index]), int(people.segment[index]), reasons, theme)


def chance_of_response(one: Leaver) -> float:
    """The chance, between 0 and 1, that this customer responds to an invitation and its reminder."""
    by_reason = RESPONSE_BY_REASON.get(one.reasons[0], 1.0) if one.reasons else 0.8
    by_reason *= RESPONSE_BY_THEME.get(one.theme, 1.0)
    return RESPONSE_BY_AGE[AGE_GROUPS[one.age]] * RESPONSE_BY_SEGMENT[one.segment] * by_reason


def responds(seed: int, one: Leaver) -> bool:
    """Whether this customer would respond; always the same for the same seed."""
    return float(_choices(seed, one).random()) < chance_of_response(one)


def respond(seed: int, one: Leaver, language: str, setting: Setting) -> Answer | None:
    """The answer this customer gives in `language` (nl or en), None if none ever comes."""
    if not responds(seed, one):
        return None
    rng = _choices(seed, one)
    rng.random()  # the draw that decided to respond
    main, others = _ticks(rng, one.reasons)
    mentions = _mentions(rng, one.reasons, main) if rng.random() < (1.0 if one.theme else WRITES) else None
    delay = min(int(rng.exponential(2.2)) + 7 * int(rng.random() < 0.25), 21)
    words_rng = np.random.default_rng([seed, _WORDS, one.index, ord(language[0])])
    told = [one.theme if code == "other" and one.theme else code for code in mentions or ()]
    return Answer(
        main=main,
        others=others,
        words="" if mentions is None else write_answer(words_rng, language, told, setting),
        may_contact=bool(rng.random() < (0.18 if main == "rude_staff" else 0.28)),
        delay_days=delay,
        mentions=mentions or (),
        theme=one.theme if "other" in (mentions or ()) else "",
    )


def setting_of(world: World, index: int, name: str) -> Setting:
    """The names this customer may drop: whoever met them last before leaving works at their branch."""
    people, visits, fates = world.people, world.visits, world.fates
    town = BRANCHES[people.branch[index]].name
    staff = [one.first_name for one in EMPLOYEES if one.branch == town]
    met = EMPLOYEES[visits.employee[fates.visit[index]]].first_name if fates.visit[index] >= 0 else staff[0]
    sloppiness = (0.035, 0.020, 0.030)[people.age[index]] * (1 + index % 3)
    return Setting(town=town, staff=met, writer=name, sloppiness=sloppiness)


def _choices(seed: int, one: Leaver) -> np.random.Generator:
    return np.random.default_rng([seed, _CHOICES, one.index])


def _ticks(rng: np.random.Generator, reasons: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The main reason ticked and the others. Who never left ticks Other or circumstances."""
    luck = float(rng.random())
    if not reasons:
        return ("other" if luck < 0.7 else "circumstances"), ()
    main = _main_tick(luck, reasons)
    chance = {reason: 0.55 for reason in reasons} | {reasons[0]: 0.70}
    others = tuple(reason for reason in reasons if reason != main and rng.random() < chance[reason])
    return main, others


def _main_tick(luck: float, reasons: Sequence[str]) -> str:
    if reasons[0] != "price" and luck < TICKS_PRICE_INSTEAD:
        return "price"
    luck -= TICKS_PRICE_INSTEAD
    if len(reasons) > 1 and 0 <= luck < TICKS_LESSER_INSTEAD:
        return reasons[1]
    luck -= TICKS_LESSER_INSTEAD
    return "other" if 0 <= luck < TICKS_OTHER_INSTEAD else reasons[0]


def _mentions(rng: np.random.Generator, reasons: Sequence[str], ticked: str) -> tuple[str, ...]:
    """The reasons the words speak of: nearly always the true main one, some of the others."""
    if not reasons:
        return ()
    told = [reasons[0]] + [reason for reason in reasons[1:] if rng.random() < 0.5]
    if ticked not in told and ticked != "other" and rng.random() < 0.35:
        told.append(ticked)
    if len(told) > 1 and rng.random() < 0.3:
        told.reverse()
    return tuple(told)
