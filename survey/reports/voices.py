"""Whom to quote: a few customers' own words for what the figures say, masked, nobody named."""

from collections.abc import Sequence

from survey.reports.estimates import WRITTEN
from survey.reports.findings import Findings
from survey.reports.words import Search, Words, words_of
from survey.taxonomy.models import Reason

#: characters of words that say something and can be read at a glance
SHORT, LONG = 30, 300


def voices(shown: Findings, reason: Reason, count: int) -> Sequence[Words]:
    """What customers wrote who gave this reason, `count` at most: found by people first, then read by the model, then
    ticked; of each the newest, those before others that are neither very short nor very long."""
    sources = ("found", "read", "ticked") if shown.shares.basis == WRITTEN else ("ticked",)
    said: dict[int, Words] = {}
    for given_by in sources:
        with_words = [words for words in words_of(Search(shown.shares.lens, reason, given_by), 1) if words.text]
        for words in sorted(with_words, key=lambda each: not SHORT <= len(each.text or "") <= LONG):
            if len(said) < count:
                said.setdefault(words.response_id, words)
    return list(said.values())


def voices_of_all(shown: Findings, count: int) -> list[tuple[Reason, Words]]:
    """One customer for each of the reasons that cost most, then a second for each, until there are `count`."""
    ranked = [shown.shares.reasons[place] for place in shown.ranked()[:count]]
    said = [(reason, voices(shown, reason, count)) for reason in ranked]
    found: dict[int, tuple[Reason, Words]] = {}
    for turn in range(count):
        for reason, words in said:
            if turn < len(words) and len(found) < count:
                found.setdefault(words[turn].response_id, (reason, words[turn]))
    return list(found.values())
