"""Masking batches: the respondent's data goes, staff become stable pseudonyms, and no employee's name is left."""

import re

import pytest
from sqlalchemy import select

from survey.customers.models import Employee
from survey.extensions import db
from survey.jobs.tasks import classify
from survey.reasons import masking
from survey.responses.models import Response
from tests import stories

pytestmark = pytest.mark.usefixtures("context")

KEY = "k" * 40


def employee(name: str) -> int:
    row = Employee(name=name)
    db.session.add(row)
    db.session.flush()
    return row.id


def answered(words: str, **who: str) -> Response:
    return stories.response(words, asked=stories.invitation(stories.defection(stories.customer(**who))))


def masked() -> list[str | None]:
    """The masked words of all answers, by id, after masking what is left to be masked."""
    classify.mask_all()
    return list(db.session.scalars(select(Response.masked_words).order_by(Response.id)))


def test_personal_data_is_masked_and_staff_become_numbers() -> None:
    ronald = employee("Ronald Bakker")
    answered("ronald was bot en de bakker niet. Bel mij op 06-12345678, groet Marijke", name="Marijke Jansen")
    assert masked() == [f"[STAFF-{ronald}] was bot en de bakker niet. Bel mij op [PHONE], groet [NAME]"]


def test_numbers_of_card_and_customer_are_masked_where_they_stand_alone() -> None:
    answered("Pas KRTA-778 en klant C90210 werken niet, C902101 wel", card_id="KRTA-778", external_id="C90210")
    answered("Tafel 12, pas 123", card_id="123", external_id="12")
    assert masked() == ["Pas [NUMBER] en klant [NUMBER] werken niet, C902101 wel", "Tafel 12, pas 123"]


def test_another_customers_numbers_stay_as_they_are() -> None:
    answered("Pas KRTA-778 werkt niet", card_id="KRTA-779")
    assert masked() == ["Pas KRTA-778 werkt niet"]


def test_batch_gives_the_last_id_and_none_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "BATCH", 2)
    ids = [answered("Te duur.").id for _ in range(3)]
    assert masking.mask_batch(0) == ids[1]
    assert masking.mask_batch(ids[1]) == ids[2]
    assert masking.mask_batch(ids[2]) is None


def test_answer_without_words_and_answer_masked_before_are_left_alone() -> None:
    stories.response(None)
    before = answered("Bel 06-12345678")
    before.masked_words = "was masked"
    db.session.flush()
    assert masked() == [None, "was masked"]


def test_pseudonyms_are_the_same_in_every_batch_and_do_not_move_with_new_employees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(masking, "BATCH", 1)
    sandra = employee("Sandra Kuiper")
    for _ in range(2):
        answered("Sandra was bot en monteur Kees ook.")
    first = masked()
    employee("Aaron Aalders")
    answered("Sandra was bot en monteur Kees ook.")
    texts = masked()
    assert texts[:2] == first
    assert len(set(texts)) == 1
    assert re.fullmatch(rf"\[STAFF-{sandra}\] was bot en monteur \[STAFF-x[a-z]{{4}}\] ook\.", texts[0] or "")


CANARIES = ("Xanthippe Quaeckernaeck", "Roos Zwaardemaker", "Jan-Willem Ossewaarde", "Þóra Guðmundsdóttir")


@pytest.mark.parametrize(
    "sentence",
    [
        "Ik werd geholpen door {} en die was bot.",
        "{} was bot!",
        "it was {}'s fault",
        "MET {} HEB IK NIETS",
        "({})",
        "de heer/mevrouw {}, balie",
    ],
)
def test_no_name_of_an_employee_is_left(sentence: str) -> None:
    for name in CANARIES:
        employee(name)
    for name in CANARIES:
        for written in (name, name.lower(), name.upper(), name.replace(" ", "")):
            answered(sentence.format(written))
    left = " ".join(filter(None, masked())).lower()
    parts = [part for name in CANARIES for part in re.findall(r"\w+", name.lower())]
    assert [part for part in parts if re.search(rf"\b{part}", left)] == []


def test_letters_depend_on_the_key_and_on_nothing_else() -> None:
    names = ["kees", "priya", "jansen", "de vries", ""]
    ours = [masking.pseudonyms(KEY)(name) for name in names]
    masking.pseudonyms.cache_clear()
    assert [masking.pseudonyms(KEY)(name) for name in names] == ours
    assert [masking.pseudonyms("another key " * 4)(name) for name in names] != ours
    assert len(set(ours)) == len(names)


def test_letters_are_four_and_never_twice_the_same_in_a_row() -> None:
    """Else "[STAFF-xaaab]" would lose a letter when the text is normalised, and with it its form."""
    for number in range(3000):
        letters = masking.pseudonyms(KEY)(f"name {number}")
        assert re.fullmatch(r"[a-z]{4}", letters)
        assert not re.search(r"(.)\1", f"x{letters}")
