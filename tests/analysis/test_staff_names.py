"""Names of staff become pseudonyms: the number of the employee, letters for others, nothing of the name."""

import time

import pytest

from analysis.text.redaction import Staff, redact
from analysis.text.words import stems, tokens

LETTERS = {"kees": "keda", "jansen": "jana", "tom": "toma", "tom bakker": "tomb", "sandra": "sand", "priya": "priy"}
STAFF = Staff.of(
    ((1, "Ronald Kuiper"), (2, "Bill Gates"), (3, "Roos van Dam"), (4, "Mark Bakker"), (5, "Wil de Kok"),
     (6, "Peter Bos"), (7, "Peter Vos"), (8, "Annelies Bos"), (9, "Tom Visser"), (12, "April Jones"),
     (13, "Team Zuid"), (14, "R. de Leeuw"), (15, "Meijer, Chantal"), (16, "An Li")),
    lambda name: LETTERS.get(name, "else"),
)  # fmt: skip


def masked(text: str, *names: str) -> str:
    return redact(text, names, (), STAFF).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the bill was wrong and Bill knew", "the bill was wrong and [STAFF-2] knew"),
        ("Bill was wrong.", "Bill was wrong."),
        ("Bill Gates was wrong.", "[STAFF-2] was wrong."),
        ("Mark my words. Mark Bakker lied", "Mark my words. [STAFF-4] lied"),
        ("Ik wil de kok spreken", "Ik wil de kok spreken"),
        ("Wil de Kok lachte", "[STAFF-5] lachte"),
        ("een roos van papier, roos van dam lachte", "een roos van papier, [STAFF-3] lachte"),
        ("In April belde April Jones", "In April belde [STAFF-12]"),
        ("an sich was An boos", "an sich was [STAFF-16] boos"),
        ("het team van Team Zuid", "het team van [STAFF-13]"),
    ],
)
def test_names_that_are_words_are_masked_only_where_they_are_names(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ronald, Ronalds baas en meneer kuiper", "[STAFF-1], [STAFF-1] baas en meneer [STAFF-1]"),
        ("Mevr. Van Dam en R. de Leeuw", "Mevr. [STAFF-3] en [STAFF-14]"),
        ("Chantal Meijer of mw. Meijer", "[STAFF-15] of mw. [STAFF-15]"),
        ("Ronald Kuiper loog, ja, Kuiper loog", "[STAFF-1] loog, ja, [STAFF-1] loog"),
        ("de kuiper en de bakker", "de kuiper en de bakker"),
    ],
)
def test_employees_are_found_by_first_name_surname_behind_a_title_and_full_name(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_name_of_several_employees_tells_none_of_them() -> None:
    assert masked("Peter was bot, meneer Bos ook") == "[STAFF] was bot, meneer [STAFF] ook"
    assert masked("Peter Vos was bot") == "[STAFF-7] was bot"


def test_person_who_is_no_employee_gets_letters_by_the_folded_name() -> None:
    assert masked("monteur Kees, en mevrouw Jansen") == "monteur [STAFF-xkeda], en mevrouw [STAFF-xjana]"
    assert (
        masked("Sandra van de balie; a lady called Priya") == "[STAFF-xsand] van de balie; a lady called [STAFF-xpriy]"
    )
    assert (
        masked("collega KÉES? monteur Kees loog. Kees!")
        == "collega [STAFF-xkeda]? monteur [STAFF-xkeda] loog. [STAFF-xkeda]!"
    )


def test_first_name_of_an_employee_with_another_surname_is_somebody_else() -> None:
    assert masked("Tom was bot") == "[STAFF-9] was bot"
    assert masked("Tom Bakker was bot") == "[STAFF-xtomb] was bot"


def test_without_letters_a_stranger_is_staff_all_the_same() -> None:
    assert redact("monteur Kees").text == "monteur [STAFF]"


def test_respondents_own_name_stays_a_name_and_does_not_hide_an_employee() -> None:
    assert masked("Groet, Ronald Kuiper", "Ronald Kuiper") == "Groet, [NAME]"
    assert masked("Ronald loog, groet Ronald", "Ronald Pietersen") == "[NAME] loog, groet [NAME]"
    assert masked("Ronald Kuiper loog, groet Ronald", "Ronald Pietersen") == "[STAFF-1] loog, groet [NAME]"
    assert masked("meneer Kuiper", "An Kuiper") == "meneer [NAME]"


def test_kinds_found_name_nobody() -> None:
    assert redact("Ronald en monteur Kees", (), (), STAFF).found == ("STAFF", "STAFF")


def test_models_see_a_kind_and_no_person() -> None:
    assert tokens("[STAFF-12] en [STAFF-xabcd]") == ["[STAFF-12]", "en", "[STAFF-xabcd]"]
    assert stems("[STAFF-12] [STAFF-xabcd] [STAFF] [E-MAIL]", "nl") == ["[staff]", "[staff]", "[staff]", "[e-mail]"]


def test_five_thousand_employees_cost_an_answer_no_more_than_fourteen() -> None:
    many = Staff.of(tuple((n, f"Voornaam{n} Achternaam{n}") for n in range(1, 5001)), None)
    text = "Meneer Achternaam77 en Voornaam4999 waren onbeschoft en de monteur kwam niet. " * 12
    assert "[STAFF-77] en [STAFF-4999]" in redact(text, (), (), many).text
    assert _seconds(text, many) < 3 * _seconds(text, STAFF)


def _seconds(text: str, staff: Staff) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        redact(text, (), (), staff)
        best = min(best, time.process_time() - start)
    return best
