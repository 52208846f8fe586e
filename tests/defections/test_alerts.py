"""The notice that somebody valuable began to drift: to whom, how often, when it is over."""

import pytest
import time_machine
from sqlalchemy import select

from survey.accounts.models import User
from survey.customers.models import Branch
from survey.database import writing
from survey.defections import definitions
from survey.defections.definitions import Draft
from survey.extensions import db
from survey.jobs.tasks import alert
from survey.notices import Notice, standing
from tests.defections import shop
from tests.defections.shop import day

#: day 93 is a Wednesday
WEDNESDAY = 93


def told():
    return {
        n.key: (n.branch_id, n.values["customers"], n.settled_at is None) for n in db.session.scalars(select(Notice))
    }


def night(number):
    """Detection and alerts of one night."""
    with time_machine.travel(f"{day(number)} 06:00:00+00:00", tick=False):
        shop.detect(day(number))
        return alert.run()


def open_shop(more=()):
    """Ten customers of Delft who spend 10, 20, ... 100, five of Gouda, five of none: by a lapse of 60 days, c09 and c08
    are the top fifth of Delft, c14 of Gouda, c19 of none. Who is in `more` came on these days, all others on day 90."""
    branches = [Branch(name="Delft"), Branch(name="Gouda")]
    db.session.add_all(branches)
    definitions.revise(Draft("Standard", "lapse", {"days": 60}), None)
    db.session.commit()
    keys = [branches[0].id] * 10 + [branches[1].id] * 5 + [None] * 5
    names = [f"c{n:02}" for n in range(20)]
    spent = {name: 10 * (n + 1) for n, name in enumerate(names)}
    last = dict(more)
    shop.open_shop(
        {name: [(number, spent[name]) for number in last.get(name, (90,))] for name in names},
        **{name: {"branch_id": key} for name, key in zip(names, keys, strict=True)},
    )
    return branches[0].id, branches[1].id


@pytest.mark.usefixtures("context")
def test_a_branch_is_told_of_its_most_valuable_and_of_nobody_else():
    # c08 began on Monday, c07 is not in the top fifth, c09 began the week before, c14 is about to leave since Tuesday
    delft, gouda = open_shop({"c08": (61,), "c07": (61,), "c09": (50,), "c14": (47,), "c00": (61,)})
    assert night(WEDNESDAY) == {"drifting": 2, "outside": 0}
    assert told() == {
        f"drifting:2024-04-01:{delft}": (delft, 1, True),
        f"drifting:2024-04-01:{gouda}": (gouda, 1, True),
    }
    first = db.session.scalars(select(Notice).order_by(Notice.id)).first()
    assert first.sentence == "Delft: 1 of the most valuable customers began to drift or to leave since 2024-04-01."
    assert first.link == f"/defections/drifting?branch={delft}&from=2024-04-01&worth=top"
    assert "c08" not in first.sentence


@pytest.mark.usefixtures("context")
def test_one_notice_a_week_brought_up_to_date_and_over_with_the_week():
    delft, _ = open_shop({"c08": (61,), "c09": (64,)})
    night(WEDNESDAY)
    key = f"drifting:2024-04-01:{delft}"
    assert told() == {key: (delft, 1, True)}
    night(WEDNESDAY)
    night(WEDNESDAY + 1)
    assert told() == {key: (delft, 2, True)}
    shop.add_purchases({"c08": [(94, 5)], "c09": [(95, 5)]})
    night(WEDNESDAY + 2)
    assert told() == {key: (delft, 2, False)}
    night(WEDNESDAY + 7)
    assert not standing()


@pytest.mark.usefixtures("context")
def test_customers_of_no_branch_are_told_of_to_all():
    open_shop({"c19": (61,)})
    night(WEDNESDAY)
    (notice,) = standing()
    assert (notice.branch_id, notice.link) == (None, "/defections/drifting?from=2024-04-01&worth=top")
    assert notice.sentence.startswith("1 of the most valuable customers began")


@pytest.mark.usefixtures("context")
def test_while_purchases_are_missing_nothing_is_told_and_nothing_is_over():
    open_shop({"c08": (61,)})
    night(WEDNESDAY)
    before = told()
    assert night(120) == {"drifting": 0, "outside": 0}
    assert told() == before
    assert len(before) == 1


def test_the_link_shows_just_them_to_whom_it_is_told(app, sign_in):
    with app.app_context(), writing():
        delft, gouda = open_shop({"c08": (61,), "c14": (61,)})
        night(WEDNESDAY)
        links = {n.branch_id: n.link for n in standing()}
    of_delft, of_gouda = sign_in("manager", branches=(delft,)), sign_in("analyst", branches=(gouda,))
    board = of_delft.get("/notices").get_data(as_text=True)
    assert "Delft: 1 of the most valuable" in board
    assert "Gouda" not in board
    assert "Delft" not in of_gouda.get("/notices").get_data(as_text=True)
    everybody = sign_in("administrator").get("/notices").get_data(as_text=True)
    assert "Delft" in everybody
    assert "Gouda" in everybody
    page = of_delft.get(links[delft]).get_data(as_text=True)
    assert "c08" in page
    assert "c07" not in page
    with app.app_context():
        people = {user.name: [n.branch_id for n in standing(user)] for user in db.session.scalars(select(User))}
    assert people["manager"] == [delft]
    assert people["analyst"] == [gouda]
    assert set(people["administrator"]) == {delft, gouda}
