"""A version of a questionnaire: its options in everyone's own order, its texts in two languages."""

from collections import Counter

import pytest

from survey.questionnaires.versions import Version

CODES = ("price", "errors", "premises", "competitor", "other")
PINNED = ("other",)


@pytest.fixture
def version() -> Version:
    options = [{"code": c, "nl": f"{c} nl", "en": f"{c} en", "pinned_last": c in PINNED} for c in CODES]
    return Version.of({"texts": {"nl": {"send": "Versturen"}, "en": {"send": "Send"}}, "options": options})


def order(version: Version, seed: int) -> list[str]:
    return [option.code for option in version.ordered(seed)]


def test_one_person_sees_one_order(version: Version) -> None:
    assert order(version, 7) == order(version, 7)
    assert len({tuple(order(version, seed)) for seed in range(200)}) == 24


def test_the_order_of_a_seed_never_changes(version: Version) -> None:
    """Seeds are stored: another shuffle would show people another order than the one they were mailed."""
    assert order(version, 1) == ["competitor", "price", "premises", "errors", "other"]


def test_every_reason_is_first_about_as_often(version: Version) -> None:
    first = Counter(order(version, seed)[0] for seed in range(4000))
    assert set(first) == set(CODES) - set(PINNED)
    # 1,000 each expected; five standard deviations of a binomial are 137
    assert all(abs(count - 1000) < 137 for count in first.values())


def test_pinned_options_come_last_in_their_own_order() -> None:
    options = [
        {"code": code, "nl": code, "en": code, "pinned_last": code in ("moved", "other")}
        for code in ("other", "price", "moved", "errors")
    ]
    version = Version.of({"texts": {}, "options": options})
    assert {tuple(order(version, seed)[2:]) for seed in range(50)} == {("other", "moved")}


def test_texts_and_labels_are_in_the_language_asked_for(version: Version) -> None:
    assert version.text("nl", "send") == "Versturen"
    assert version.options[0].label("en") == "price en"
    assert version.codes == set(CODES)
    with pytest.raises(KeyError):
        version.text("fr", "send")
