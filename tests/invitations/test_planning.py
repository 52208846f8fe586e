"""Who is asked, who is not and why, and never twice."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from survey.clock import now
from survey.customers.models import Customer
from survey.defections.detection import Noticed
from survey.extensions import db
from survey.invitations import planning, suppression
from survey.invitations.models import Invitation, Mailing
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.web import settings
from tests.defections import shop
from tests.defections.shop import day

pytestmark = pytest.mark.usefixtures("context")

AS_OF = day(200)


def leave(**more):
    """Customers who bought once and have been gone for 180 days; everyone named and one `anna`."""
    names = ["anna", *more]
    shop.open_shop({name: [(10, 5)] for name in names}, **more)
    return shop.detect(AS_OF).new


def invitations():
    query = select(Customer.external_id, Invitation).join(Invitation, Invitation.customer_id == Customer.id)
    return {name: invitation for name, invitation in db.session.execute(query)}


def test_who_left_is_asked_once_by_one_mail():
    gone = leave(bert={"language": "en"})
    assert planning.plan(gone, AS_OF) == planning.Planned(2, {})
    made = invitations()
    assert {name: (i.state, i.skipped_because, i.language) for name, i in made.items()} == {
        "anna": ("open", "", "nl"),
        "bert": ("open", "", "en"),
    }
    assert made["anna"].expires_at - made["anna"].created_at == timedelta(days=settings().link_days)
    assert abs(made["anna"].created_at - now()) < timedelta(minutes=1)
    assert made["anna"].defection_id != made["bert"].defection_id
    mails = db.session.scalars(select(Mailing)).all()
    assert sorted(m.invitation_id for m in mails) == sorted(i.id for i in made.values())
    assert {(m.round, m.state, m.attempts) for m in mails} == {(0, "queued", 0)}
    assert len({m.message_id for m in mails}) == 2
    assert all(m.message_id.startswith("<") and m.message_id.endswith("@localhost>") for m in mails)


def test_a_second_plan_for_the_same_defections_asks_nobody():
    gone = leave()
    planning.plan(gone, AS_OF)
    assert planning.plan(gone, AS_OF) == planning.Planned(0, {})
    assert len(invitations()) == 1
    assert len(db.session.scalars(select(Mailing)).all()) == 1


def test_who_may_not_be_asked_gets_no_mail_and_a_row_that_says_why():
    suppression.suppress("Fay@Example.org", "bounced")
    gone = leave(
        bert={"do_not_contact": True},
        carl={"opted_out_at": now()},
        dora={"email": None},
        erik={"email": None, "erased_at": now()},
        fay={"email": "fay@example.org"},
        gina={"email": "", "opted_out_at": now(), "do_not_contact": True},
    )
    planned = planning.plan(gone, AS_OF)
    assert planned.invited == 1
    assert planned.skipped == {"do_not_contact": 2, "opted_out": 1, "no_address": 1, "erased": 1, "suppressed": 1}
    made = invitations()
    assert {name: i.skipped_because for name, i in made.items()} == {
        "anna": "",
        "bert": "do_not_contact",
        "carl": "opted_out",
        "dora": "no_address",
        "erik": "erased",
        "fay": "suppressed",
        "gina": "do_not_contact",
    }
    assert {i.state for name, i in made.items() if name != "anna"} == {"skipped"}
    assert db.session.scalars(select(Mailing.invitation_id)).all() == [made["anna"].id]


def test_who_left_more_than_a_year_ago_is_not_asked():
    shop.open_shop({"long": [(0, 5)], "just": [(1, 5)]})
    # Gone on day 180 and 181: 366 and 365 days before.
    planned = planning.plan(shop.detect(day(546)).new, day(546))
    assert planned == planning.Planned(1, {"too_long_ago": 1})
    assert invitations()["long"].skipped_because == "too_long_ago"


def test_who_came_back_before_anyone_looked_is_not_asked():
    shop.open_shop({"back": [(0, 5), (190, 5)]})
    stored = shop.detect(AS_OF).new
    assert [noticed.is_open for noticed in stored] == [False]
    assert planning.plan(stored, AS_OF) == planning.Planned(0, {})
    assert invitations() == {}


def test_with_a_segment_others_get_no_row():
    gone = leave(bert={"segment": "gold"}, carl={"segment": "gold", "do_not_contact": True})
    assert planning.plan(gone, AS_OF, segment="gold") == planning.Planned(1, {"do_not_contact": 1})
    assert sorted(invitations()) == ["bert", "carl"]


def test_nobody_left_nobody_asked():
    assert planning.plan([], AS_OF) == planning.Planned(0, {})
    assert planning.plan([Noticed(999, 999, AS_OF, True)], AS_OF) == planning.Planned(0, {})


def test_the_newest_version_of_the_questionnaire_in_use_is_asked():
    old = db.session.scalars(select(QuestionnaireVersion)).one()
    newer = QuestionnaireVersion(
        questionnaire_id=old.questionnaire_id, version=2, content=old.content, published_at=now()
    )
    other = Questionnaire(name="Retired", active=False)
    db.session.add_all([newer, other])
    db.session.flush()
    db.session.add(QuestionnaireVersion(questionnaire_id=other.id, version=9, content=old.content, published_at=now()))
    db.session.commit()
    planning.plan(leave(), AS_OF)
    assert invitations()["anna"].questionnaire_version_id == newer.id


def test_without_a_questionnaire_it_says_so():
    gone = leave()
    db.session.execute(delete(QuestionnaireVersion))
    with pytest.raises(planning.NothingToAsk, match="No questionnaire is published"):
        planning.plan(gone, AS_OF)


def test_an_address_suppressed_under_a_retired_key_stays_suppressed(monkeypatch):
    suppression.suppress("anna@example.org", "opted_out")
    suppression.suppress("anna@example.org", "opted_out")
    old = settings().secret_key
    monkeypatch.setattr(settings(), "secret_key", "another secret that is long enough to be one")
    assert suppression.suppressed_among(["anna@example.org"]) == set()
    monkeypatch.setattr(settings(), "old_secret_keys", [old])
    assert suppression.suppressed_among(["ANNA@example.org", "bert@example.org"]) == {"ANNA@example.org"}


def test_a_digest_does_not_show_the_address():
    digest = suppression.address_digest("anna@example.org")
    assert len(digest) == 64
    assert "anna" not in digest
    assert digest == suppression.address_digest(" Anna@Example.org ")
