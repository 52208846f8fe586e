"""What was lost with each defection, and what such defections cost, by branch, segment or acquisition profile."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.defection.episodes import STILL_GONE, Episodes
from analysis.defection.histories import Days, Histories
from analysis.defection.spells import Spells, gone_days
from analysis.value.first import DAYS_PER_YEAR
from analysis.value.hazards import Hazards, Timed, hazards
from analysis.value.noncontractual import leaving_rates
from analysis.value.settings import ValueSettings
from analysis.value.spending import Stays, observe, spending
from analysis.value.staying import Away, years_lost
from analysis.value.worth import Worth, worth_of

#: years gone at which the rate of coming back may change: most who return do so soon
AWAY_BANDS = (0.0, 0.25, 1.0)


def lost_per_episode(
    histories: Histories, episodes: Episodes, spells: Spells, segment: ArrayLike, settings: ValueSettings
) -> Worth:
    """The remaining value lost with each of e episodes, in money on its day of defection.

    Value had the customer stayed, less what a return brings (formula: `staying.years_lost`), at the pace at which he
    came before he left. `spells` are those of the same histories and episodes; segment: (c,) of each person. Use
    `totals` for sums over exactly these, `process_totals` for what such a period costs. Give all episodes, take some
    afterwards with `chosen`: rates and segments are learnt from all.
    """
    of = np.asarray(segment, dtype=np.int64)
    person = person_of(episodes, spells)
    leaving, coming = leaving_rates(spells, of), returning_rates(episodes, person, spells.as_of_day, of)
    ended = spells.is_over
    tenure = (spells.ended - spells.began)[ended] / DAYS_PER_YEAR
    silent = gone_days(episodes, spells.as_of_day) / DAYS_PER_YEAR
    away = Away(silent, np.where(episodes.returned_day == STILL_GONE, np.inf, silent), coming)
    years = years_lost(leaving, tenure, of[person], away, settings)
    began, everyone = spells.began[ended], np.ones(len(episodes), dtype=np.bool_)
    seen = observe(histories, Stays(episodes.customer, began, episodes.defected_day, everyone))
    return worth_of(spending(seen, of[person]), years, settings)


def returning_rates(episodes: Episodes, person: Days, as_of_day: int, segment: ArrayLike) -> Hazards:
    """Returns a year by segment and band of the time gone, from all episodes; who is still gone is right-censored."""
    if not len(episodes):
        return _nobody_away(np.asarray(segment, dtype=np.int64))
    gone = gone_days(episodes, as_of_day) / DAYS_PER_YEAR
    seen = Timed(person, np.zeros_like(gone), gone, ~episodes.is_open)
    return hazards(seen, segment, AWAY_BANDS)


def person_of(episodes: Episodes, spells: Spells) -> Days:
    """(e,) the person of each episode: the nth that ended is the nth of them, both sorted by customer and day."""
    person = spells.person[spells.is_over]
    if len(person) != len(episodes) or (spells.customer[spells.is_over] != episodes.customer).any():
        raise ValueError("The spells are not those of these episodes.")
    return person


def _nobody_away(segment: Days) -> Hazards:
    """Rates that no row will ask for, in the shape that other figures need."""
    size, bands = int(segment.max()) + 1, len(AWAY_BANDS)
    nothing = np.zeros((size, bands))
    variance, influence = np.zeros((size, bands, bands)), np.zeros((len(segment), bands))
    return Hazards(np.array(AWAY_BANDS), nothing, nothing, nothing, influence, segment, variance)
