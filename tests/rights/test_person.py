"""What is held of a person: all of it, and nothing of anybody else."""

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import event, func, select

from survey.customers.models import Customer
from survey.extensions import db
from survey.rights.erasing import erase_person
from survey.rights.labels import told
from survey.rights.person import LEFT_OUT, PARTS, Held, held
from survey.rights.requests import OPERATOR
from tests import stories
from tests.rights.canary import STAFF, WORDS, canary, everywhere, leading_to_a_customer

#: leads to a customer by a number in a column of text
BY_NUMBER = {"audit_entry"}


@pytest.fixture
def whole(app: Flask, context: None) -> Held:
    """Somebody with rows everywhere, among others."""
    stories.response("Ik, Anders Persoon, vond het te duur.", asked=stories.invitation(stories.defection()))
    who = canary()
    everywhere(who)
    db.session.commit()
    with force_locale("en"):
        found = held(who.id)
    assert found is not None
    return found


def test_every_table_that_leads_to_a_customer_is_in_it_or_left_out_with_a_reason() -> None:
    shown = {name for part in PARTS for name in part.tables}
    assert shown & set(LEFT_OUT) == set()
    assert (shown | set(LEFT_OUT)) - BY_NUMBER == leading_to_a_customer()
    assert all(LEFT_OUT.values())


def test_the_canary_is_in_every_such_table(whole: Held) -> None:
    """So that what is said here and of erasing holds for tables that are yet to come."""
    counts = {
        name: db.session.scalar(select(func.count()).select_from(db.metadata.tables[name]))
        for name in leading_to_a_customer() | BY_NUMBER
    }
    assert [name for name, count in counts.items() if not count] == []


def test_every_part_says_something_in_both_languages(whole: Held) -> None:
    assert [part.name for part in PARTS if not whole.rows[part.name]] == []
    for language in ("nl", "en"):
        with force_locale(language):
            silent = [part.name for part in PARTS for row in whole.rows[part.name] if not told(row)]
            assert silent == []


def test_everything_that_is_hers_is_in_it(whole: Held) -> None:
    text = repr(whole.rows)
    assert [word for word in WORDS if word not in text] == []
    (answer,) = whole.rows["answers"]
    assert answer["words"].startswith("De monteur was onbeschoft")
    assert answer["main_reason"] == "Hoe ik behandeld werd"
    assert len(whole.rows["purchases"]) == 3
    assert whole.rows["purchases"][0]["branch"] == "Zierikzee"
    (read,) = whole.rows["classifications"]
    assert read["read"] == [{"reason": "Rude staff", "probability": 0.9, "because_of": ["snauwde"]}]
    (case,) = whole.rows["cases"]
    assert case["case_state"] == "open"


def test_nothing_of_other_people_is_in_it(whole: Held) -> None:
    text = repr(whole.rows)
    others = db.session.scalars(select(Customer.email).where(Customer.id != whole.customer_id)).all()
    assert others
    for stranger in ("Anders Persoon", *others, *(part for name in STAFF for part in name.split())):
        assert stranger not in text, stranger
    (note,) = whole.rows["notes"]
    assert note["note"] == "Xanthippe gesproken, samen met […]; ze blijft weg."


def test_words_that_were_forgotten_are_there_as_they_are_kept(context: None) -> None:
    answer = stories.response("Ik ben Jan.", asked=stories.invitation(stories.defection()))
    answer.words, answer.masked_words = None, "Ik ben [NAME]."
    db.session.commit()
    who = db.session.scalars(select(Customer.id)).one()
    found = held(who)
    assert found is not None
    assert found.rows["answers"][0]["words"] == "Ik ben [NAME]."


def test_nobody_and_the_erased_hold_nothing(context: None) -> None:
    who = canary()
    db.session.commit()
    assert held(who.id + 1000) is None
    erase_person(who.id, OPERATOR)
    db.session.commit()
    assert held(who.id) is None


def test_as_many_questions_whatever_is_held(context: None) -> None:
    who = canary()
    everywhere(who)
    db.session.commit()
    few = questions(who.id)
    for episode in range(2, 12):
        stories.visit(who, stories.MOMENT.date())
        stories.response("Nog eens.", asked=stories.invitation(stories.defection(who, episode=episode)))
    db.session.commit()
    assert questions(who.id) == few


def questions(customer_id: int) -> int:
    asked = []

    def count(*given: object) -> None:
        asked.append(given[2])

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        held(customer_id)
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    return len(asked)
