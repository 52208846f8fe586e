"""Themes planted in both languages are found, named and told from noise; what holds of order and seed."""

from collections import Counter
from functools import cache
from math import log, sqrt

import numpy as np
import pytest

from analysis import find_themes
from analysis import themes as themes_module
from analysis.reasons.encoder import default_encoder
from analysis.text.cleaning import fold, normalise
from analysis.text.words import Word, mark_negation

# Written for this test: four things that are none of the reasons, ten answers each, and sixty about ordinary reasons.
PLANTED = {
    "privacy": [
        ("nl", "Mijn gegevens zijn gelekt en ik kreeg er pas weken later bericht over."),
        ("nl", "Ik vertrouw jullie niet meer met mijn persoonlijke gegevens na dat datalek."),
        ("nl", "Jullie verkochten mijn gegevens aan andere bedrijven, dat is een schending van mijn privacy."),
        ("nl", "Na de hack lagen mijn wachtwoord en gegevens op straat."),
        ("nl", "Privacy is hier ver te zoeken, iedereen kon mijn gegevens inzien."),
        ("en", "My personal data was leaked and nobody told me for weeks."),
        ("en", "I no longer trust you with my data after the data breach."),
        ("en", "You shared my data with advertisers without consent, so much for privacy."),
        ("en", "Hackers got hold of my password and other data because of your poor security."),
        ("en", "I worry about privacy, far too much personal data is collected."),
    ],
    "environment": [
        ("nl", "Jullie doen niets voor het milieu, alles zit in plastic verpakt."),
        ("nl", "Ik zoek een duurzaam alternatief dat beter is voor het milieu."),
        ("nl", "Zoveel plastic afval en verspilling, dat kan echt niet meer in deze tijd."),
        ("nl", "Slecht voor het klimaat en het milieu, ik wil iets dat duurzaam is."),
        ("nl", "De uitstoot van CO2 is hier enorm, aan het milieu wordt niet gedacht."),
        ("en", "All that plastic packaging is terrible for the environment."),
        ("en", "I want a sustainable option that does not harm the environment."),
        ("en", "Your carbon emissions are huge and you do nothing for the climate."),
        ("en", "So much waste and plastic, you clearly do not care about the environment."),
        ("en", "I switched to something greener, better for the climate and the environment."),
    ],
    "wheelchair": [
        ("nl", "Met mijn rolstoel kom ik niet naar binnen, er is alleen een trap."),
        ("nl", "Er is geen lift en geen invalidentoilet, dus met een rolstoel kan ik er niet terecht."),
        ("nl", "De drempels zijn te hoog voor mijn rolstoel en een hellingbaan ontbreekt."),
        ("nl", "Niet toegankelijk voor mensen in een rolstoel."),
        ("nl", "Sinds ik in een rolstoel zit kan ik de ingang niet meer door."),
        ("en", "There is no ramp, so I cannot get in with my wheelchair."),
        ("en", "The lift was out of order again and stairs are impossible in a wheelchair."),
        ("en", "Not accessible for wheelchair users like me, the doors are too narrow."),
        ("en", "No disabled toilet and only stairs, useless for someone in a wheelchair."),
        ("en", "I use a wheelchair now and your entrance has three high steps."),
    ],
    "language": [
        ("nl", "Ik spreek geen Nederlands en niemand kon mij in het Engels helpen."),
        ("nl", "Alle brieven zijn alleen in het Nederlands, ik begrijp de taal niet goed."),
        ("nl", "De medewerker sprak alleen Engels, ik wil gewoon in het Nederlands geholpen worden."),
        ("nl", "Door de taal begrepen we elkaar niet, niemand spreekt Turks."),
        ("nl", "Mijn moeder spreekt alleen Arabisch en in die taal is er niets te krijgen."),
        ("en", "Nobody speaks English there and I do not understand Dutch."),
        ("en", "All letters are only in Dutch, a language I cannot read."),
        ("en", "The language was the problem, I speak Polish and could not make myself understood."),
        ("en", "There is no English version of the form, I had to translate every word from Dutch."),
        ("en", "The helpline only speaks Dutch, my language is English."),
    ],
}

ORDINARY = {
    "nl": [
        "Veel te duur geworden.", "De prijs ging weer omhoog.", "Ik betaal elders de helft.",
        "Het personeel was onbeleefd.", "Een botte medewerker aan de balie.", "Ik werd afgesnauwd door de verkoper.",
        "Jullie kwamen de afspraak niet na.", "Er werd van alles beloofd maar niets gedaan.",
        "Ik werd steeds gebeld met aanbiedingen.", "Ze wilden mij van alles aansmeren.",
        "Uren aan de telefoon gewacht.", "Niemand belde mij terug.", "Het duurde weken voor er iemand kwam.",
        "De kwaliteit viel tegen.", "Het eten was koud en smaakte nergens naar.", "Na de reparatie was het weer kapot.",
        "Er stonden fouten op de rekening.", "Ik moest twee keer betalen door een fout in de administratie.",
        "Een ander had een beter aanbod.", "Bij de concurrent krijg ik meer voor minder.",
        "Te ver rijden en nergens parkeren.", "De openingstijden komen niet uit met mijn werk.",
        "De zaak was vies en rommelig.", "Veel lawaai en een slechte sfeer in de zaal.",
        "We zijn verhuisd naar een andere stad.", "Ik heb het niet meer nodig.", "Mijn auto is verkocht.",
        "Slechte service voor een hoge prijs.", "Niet tevreden over hoe het ging.", "Ik heb er geen tijd meer voor.",
    ],
    "en": [
        "It became far too expensive.", "The price went up again.", "I pay half of that somewhere else.",
        "The staff were rude.", "A grumpy man at the desk.", "The waiter snapped at me.",
        "You did not keep the appointment.", "They promised a lot and did nothing.",
        "I was called with offers all the time.", "They tried to sell me things I did not want.",
        "I waited for hours on the phone.", "Nobody called me back.", "It took weeks before someone came.",
        "The quality was disappointing.", "The food was cold and had no taste.", "It broke down again after repair.",
        "There were mistakes on my bill.", "I was charged twice because of an error.",
        "Another company had a better offer.", "The competitor gives me more for less.",
        "Too far to drive and nowhere to park.", "The opening hours do not fit my work.",
        "The place was dirty and messy.", "Too much noise and a bad atmosphere.",
        "We moved to another town.", "I do not need it any more.", "I sold my car.",
        "Bad service and a high price.", "I was not happy with how it went.", "I have no time for it now.",
    ],
}  # fmt: skip

#: answers that say nothing or are about something of their own
STRAY = [
    ("nl", "Geen commentaar."), ("nl", "Weet ik niet meer."), ("nl", "Zomaar."), ("nl", "Mijn hond at de brief op."),
    ("nl", "De buurman raadde het mij af."), ("nl", "Het was een cadeau van mijn tante."),
    ("nl", "Ik ben met pensioen en ga op wereldreis."), ("nl", "Groetjes uit Spanje!"),
    ("en", "No comment."), ("en", "Just because."), ("en", "My horoscope told me to stop."),
    ("en", "I won the lottery."), ("en", "Ask my wife, she decides."), ("en", "The colour of the logo annoys me."),
    ("en", "It was time for something new."), ("en", "My band broke up."),
]  # fmt: skip

FITTING = {
    "privacy": {"data", "gegevens", "privacy"},
    "environment": {"environment", "milieu", "plastic", "climate", "klimaat"},
    "wheelchair": {"wheelchair", "rolstoel"},
    "language": {"dutch", "english", "language", "taal", "nederlands", "engels"},
}
ABOUT_SOMETHING = [(language, text) for answers in PLANTED.values() for language, text in answers]
KIND = [kind for kind, answers in PLANTED.items() for _ in answers] + ["stray"] * len(STRAY)


@cache
def _read(answers):
    vectors = default_encoder().encode([fold(normalise(text)) for _, text in answers]).astype(np.float16)
    return vectors, [mark_negation(normalise(text), language) for language, text in answers]


@cache
def _baseline():
    return Counter(
        word.stem for language, texts in ORDINARY.items() for text in texts for word in mark_negation(text, language)
    )


@pytest.mark.parametrize("answers", [ABOUT_SOMETHING, ABOUT_SOMETHING + STRAY], ids=["alone", "among strays"])
def test_each_planted_theme_is_one_group_with_a_fitting_name(answers):
    themes = find_themes(*_read(tuple(answers)), _baseline(), seed=1)
    found = {}
    for theme in themes:
        kind, most = Counter(KIND[row] for row in theme.answers).most_common(1)[0]
        assert most >= 0.8 * len(theme.answers)
        assert most >= 8, "a theme is one group, not two halves"
        assert kind not in found
        found[kind] = theme
    assert set(found) == set(FITTING)
    for kind, theme in found.items():
        assert theme.words[0].text in FITTING[kind]
        assert all(KIND[row] == kind for row in theme.typical)
        assert {answers[row][0] for row in theme.answers} == {"nl", "en"}


def test_answers_that_have_nothing_in_common_are_no_theme():
    assert find_themes(*_read(tuple(STRAY)), _baseline(), seed=1) == ()


def test_one_theme_among_strays_is_found_alone():
    answers = (*ABOUT_SOMETHING[:10], *STRAY)
    (theme,) = find_themes(*_read(answers), _baseline(), seed=1)
    assert set(theme.answers) >= set(range(8))
    assert theme.words[0].text in FITTING["privacy"]


def test_neither_the_order_of_rows_nor_the_seed_matters_where_all_are_read():
    answers = (*ABOUT_SOMETHING, *STRAY)
    vectors, words = _read(answers)
    order = np.random.default_rng(3).permutation(len(answers))
    first = find_themes(vectors, words, _baseline(), seed=1)
    assert first == find_themes(vectors, words, _baseline(), seed=2)
    mixed = find_themes(vectors[order], [words[at] for at in order], _baseline(), seed=1)
    assert [(t.words, t.likeness) for t in mixed] == [(t.words, t.likeness) for t in first]
    assert [tuple(order[list(t.typical)]) for t in mixed] == [t.typical for t in first]
    assert [sorted(order[list(t.answers)]) for t in mixed] == [list(t.answers) for t in first]


def _made_up(n, groups, *, seed=0, noise=0.5):
    """Unit rows around `groups` directions, a share `noise` of them around none; the word of a row is its group."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(groups, 64))
    group = np.where(rng.random(n) < noise, -1, rng.integers(0, groups, n))
    rows = rng.normal(size=(n, 64)) + np.where(group[:, None] < 0, 0, 1.5 * centres[group])
    words = [
        [Word(f"about{g}" if g >= 0 else f"stray{i}", f"s{g}" if g >= 0 else f"n{i}")] for i, g in enumerate(group)
    ]
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16), words, group


def test_of_very_many_a_sample_is_grouped_and_the_rest_assigned(monkeypatch):
    monkeypatch.setattr(themes_module, "_SAMPLE", 600)  # a smaller one keeps the test quick
    vectors, words, group = _made_up(3_000, 5)
    themes = find_themes(vectors, words, {}, seed=1)
    assert themes == find_themes(vectors, words, {}, seed=1)
    assert len(themes) == 5
    placed = Counter()
    for theme in themes:
        kinds = Counter(group[list(theme.answers)].tolist())
        kind, most = kinds.most_common(1)[0]
        assert most >= 0.95 * len(theme.answers)
        assert most >= 0.9 * (group == kind).sum()
        assert theme.words[0].text == f"about{kind}"
        placed.update(theme.answers)
    assert max(placed.values()) == 1
    assert [len(theme.answers) for theme in themes] == sorted((len(t.answers) for t in themes), reverse=True)


def test_a_group_below_the_smallest_is_left_out():
    vectors, words, group = _made_up(300, 1, noise=0.95)
    size = int((group == 0).sum())
    found = [find_themes(vectors, words, {"price": 50}, 0, smallest=least) for least in (3, size, 3 * size)]
    assert [[len(theme.answers) for theme in themes] for themes in found] == [[size], [size], []]


def test_typical_answers_are_no_copies_of_each_other():
    vectors, words, _ = _made_up(12, 1, noise=0)
    copied, twice = np.concatenate([vectors[:1]] * 6 + [vectors]), [words[0]] * 6 + words
    (theme,) = find_themes(copied, twice, {}, 0)
    assert len(theme.answers) == 18
    assert len(theme.typical) == 5
    likeness = (copied @ copied.T)[np.ix_(theme.typical, theme.typical)].astype(float)
    assert np.triu(likeness, 1).max() < 0.9


def test_equal_answers_are_one_theme():
    vectors, words, _ = _made_up(1, 1, noise=0)
    (theme,) = find_themes(np.repeat(vectors, 9, axis=0), words * 9, {"price": 50}, 0)
    assert (theme.answers, len(theme.typical)) == (tuple(range(9)), 1)
    assert theme.likeness == pytest.approx(1, abs=1e-3)


def test_words_are_named_by_what_sets_them_apart_not_by_frequency():
    """Checked against the formula; "the" stands in every answer, here and elsewhere."""
    vectors, _, _ = _made_up(10, 1, noise=0)
    words = [[Word("The", "the"), Word("Ramps" if i else "ramp", "ramp"), Word(f"x{i}", f"x{i}")] for i in range(10)]
    (theme,) = find_themes(vectors, words, {"the": 900, "price": 100}, 0)
    assert [(word.text, word.stem, word.answers) for word in theme.words] == [("ramps", "ramp", 10)]
    prior = 30 + 13 + 1  # as many as the group has; one of each of the 13 stems; one more
    a = 30 * 10 / 1030 + 1
    delta = log((10 + a) / (30 + prior - 10 - a)) - log(a / (1000 + prior - a))
    assert theme.words[0].score == pytest.approx(delta / sqrt(1 / (10 + a) + 1 / a))


def test_a_group_without_a_word_of_its_own_is_no_theme():
    vectors, _, _ = _made_up(10, 1, noise=0)
    assert find_themes(vectors, [[Word(f"x{i}", f"x{i}")] for i in range(10)], {"price": 50}, 0) == ()


def test_few_answers_and_none_give_no_theme():
    vectors, words, _ = _made_up(4, 1, noise=0)
    assert find_themes(vectors, words, {}, 0) == ()
    assert find_themes(np.zeros((0, 64), np.float16), [], {}, 0) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"words": [[]]}, "one vector"),
        ({"vectors": np.full((6, 64), np.nan)}, "without gaps"),
        ({"vectors": np.zeros(6)}, "one vector"),
        ({"smallest": 1}, "at least two"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    vectors, written, _ = _made_up(6, 1)
    with pytest.raises(ValueError, match=words):
        find_themes(**{"vectors": vectors, "words": written, "baseline": {}, "seed": 0, **change})
