"""Who is asked what and by which way: the rules held against real departures, and what planning makes of them."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from survey.clock import now
from survey.customers.models import Customer
from survey.defections.detection import Noticed
from survey.defections.models import Defection, Definition
from survey.extensions import db
from survey.invitations import planning
from survey.invitations.models import ContactPolicy, Invitation, Mailing
from survey.invitations.suppression import suppress
from survey.questionnaires import targeting_rules as rules
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.questionnaires.targeting import NAMES, fits
from survey.questionnaires.targeting_rules import Draft, NameTaken
from survey.web import settings
from tests import stories

pytestmark = pytest.mark.usefixtures("context")

TODAY = date(2026, 6, 1)


def gone(on: date = date(2026, 5, 20), episode: int = 1, who: Customer | None = None, **customer: Any) -> Defection:
    return stories.defection(who or stories.customer(**customer), on=on, episode=episode)


def rule(name: str, channel: str = "mail", wait_days: int = 0, **conditions: Any) -> int:
    questionnaire = db.session.scalar(select(Questionnaire.id).limit(1)) if channel != "nobody" else None
    return rules.add(Draft(name, conditions, channel, questionnaire, wait_days), None).id


def plan(*departures: Defection) -> planning.Planned:
    return planning.plan([Noticed(d.id, d.customer_id, d.last_visit_on, True) for d in departures], TODAY)


def invitation_of(departure: Defection) -> Invitation:
    return db.session.scalars(select(Invitation).where(Invitation.defection_id == departure.id)).one()


def policy(**values: int) -> None:
    db.session.execute(update(ContactPolicy).values(**values))


def mailings() -> list[Mailing]:
    return list(db.session.scalars(select(Mailing).order_by(Mailing.id)))


def fitting(**conditions: Any) -> set[str]:
    query = select(Customer.external_id).select_from(Defection).join(Customer, Customer.id == Defection.customer_id)
    return set(db.session.scalars(query.where(fits(conditions))))


def test_each_condition_fits_whom_it_says() -> None:
    branch = stories.branch("Utrecht")
    anna = stories.customer(external_id="anna", segment="members", branch_id=branch.id, joined_on=date(2020, 1, 1))
    bert = stories.customer(external_id="bert", segment="", language="en", joined_on=None)
    visit = stories.visit(anna, date(2025, 11, 21))
    visit.service = "Tyres"
    stories.defection(anna, last_visit_on=date(2025, 11, 21), lost_value=900)
    stories.defection(bert, lost_value=100)
    kind = db.session.scalar(select(Definition.kind).limit(1))
    db.session.flush()

    assert fitting() == {"anna", "bert"}
    assert fitting(segments=["members", "gold"]) == {"anna"}
    assert fitting(branches=[branch.id]) == {"anna"}
    assert fitting(services=["Tyres"]) == {"anna"}
    assert fitting(services=["Brakes"]) == set()
    assert fitting(kinds=[kind]) == {"anna", "bert"}
    assert fitting(kinds=["wallet" if kind != "wallet" else "lapse"]) == set()
    assert fitting(languages=["en"]) == {"bert"}
    # of bert it is not known since when: neither long nor short
    assert fitting(tenure_days=[730, None]) == {"anna"}
    assert fitting(tenure_days=[None, 730]) == set()
    assert fitting(lost_value=[500, None]) == {"anna"}
    assert fitting(lost_value=[None, 500]) == {"bert"}
    assert fitting(lost_value=[100, 900]) == {"anna", "bert"}
    assert fitting(segments=["members"], languages=["en"]) == set()
    assert set(NAMES) == {"segments", "branches", "services", "kinds", "languages", "tenure_days", "lost_value"}


def test_the_first_rule_that_fits_decides_way_and_day() -> None:
    first = rule("Members", "phone", 3, segments=["members"])
    second = rule("Members again", "nobody", segments=["members"])
    third = rule("English", "mail", 5, languages=["en"])
    member = gone(segment="members", phone="0301234567")
    reader = gone(language="en")
    other = gone()

    assert plan(member, reader, other) == planning.Planned(3, {})
    assert [invitation_of(d).targeting_rule_id for d in (member, reader, other)] == [first, third, None]
    assert second not in {first, third}
    assert [invitation_of(d).channel for d in (member, reader, other)] == ["phone", "mail", "mail"]
    due = {mail.invitation_id: mail.due_at for mail in mailings()}
    assert set(due) == {invitation_of(reader).id, invitation_of(other).id}
    assert abs(due[invitation_of(reader).id] - now() - timedelta(days=5)) < timedelta(minutes=1)
    waited = invitation_of(member).expires_at - invitation_of(member).created_at
    assert waited == timedelta(days=3 + settings().link_days)
    assert plan(member, reader, other) == planning.Planned(0, {})
    assert len(mailings()) == 2


def test_a_rule_may_have_a_questionnaire_of_its_own_and_rests_when_that_is_retired() -> None:
    content = db.session.scalars(select(QuestionnaireVersion.content)).first()
    own = Questionnaire(name="Members")
    db.session.add(own)
    db.session.flush()
    versions = [
        QuestionnaireVersion(questionnaire_id=own.id, version=n, content=content, published_at=now()) for n in (1, 2)
    ]
    db.session.add_all(versions)
    db.session.flush()
    rules.add(Draft("Members", {"segments": ["members"]}, "mail", own.id, 0), None)
    before = gone(segment="members")
    plan(before)
    assert invitation_of(before).questionnaire_version_id == versions[1].id

    own.active = False
    after = gone(segment="members")
    plan(after)
    assert invitation_of(after).questionnaire_version_id not in {version.id for version in versions}
    assert [one.rests for one in rules.standing()] == [True, False]


def test_who_is_not_asked_has_a_row_that_says_why() -> None:
    rule("Nobody", "nobody", segments=["staff"])
    rule("Phone", "phone", segments=["members"])
    suppress("bounced@example.org", "bounced")
    suppress("stop@example.org", "opted_out")
    staff, silent = gone(segment="staff"), gone(segment="members")
    bounced = gone(segment="members", phone="030", email="bounced@example.org")
    stopped = gone(segment="members", phone="030", email="stop@example.org")
    assert plan(staff, silent, bounced, stopped).skipped == {"rule_asks_nobody": 1, "no_phone": 1, "suppressed": 1}
    found = [invitation_of(d).skipped_because for d in (staff, silent, bounced, stopped)]
    assert found == ["rule_asks_nobody", "no_phone", "", "suppressed"]
    assert mailings() == []


def test_everybody_else_can_be_changed_and_switched_off() -> None:
    last = rules.standing()[-1]
    assert (last.key, last.draft.channel, last.draft.wait_days, last.active) == (None, "mail", 0, True)
    row = rules.everybody_row(None)
    assert row is not None
    assert rules.everybody_row(None) is row
    rules.change(row, Draft(row.name, {}, "mail", row.questionnaire_id, 4), None)
    first = gone()
    plan(first)
    assert invitation_of(first).targeting_rule_id == row.id
    assert mailings()[0].due_at > now() + timedelta(days=3)

    rules.switch(row, False, None)
    second = gone()
    assert plan(second).skipped == {"no_rule": 1}
    rule("Later", segments=["private"])
    assert [one.draft.name for one in rules.standing()] == ["Later", "*"]
    assert plan(gone()).invited == 1


def test_rules_change_places_and_names_are_their_own() -> None:
    keys = [rule(name) for name in ("a", "b", "c")]
    rows = [db.session.get_one(rules.TargetingRule, key) for key in keys]
    assert rules.move(rows[2], True, None)
    assert rules.move(rows[0], False, None)
    assert [one.draft.name for one in rules.standing()] == ["c", "a", "b", "*"]
    assert not rules.move(rows[2], True, None)
    assert not rules.move(rows[1], False, None)
    with pytest.raises(NameTaken):
        rule("A")
    rules.change(rows[0], Draft("A", {}, "nobody", None, 0), None)


def asked_before(days: float, answered: bool = False, **mail: Any) -> Customer:
    """Somebody whose earlier departure was asked about so many days ago."""
    who = stories.customer(phone="030")
    at = now() - timedelta(days=days)
    earlier = stories.invitation(gone(date(2025, 5, 1), who=who), created_at=at)
    earlier.state = "answered" if answered else "open"
    stories.mailing(earlier, **{"state": "sent", "sent_at": at, "due_at": at} | mail)
    return who


def again(who: Customer) -> Defection:
    return gone(episode=2, who=who)


def test_the_days_of_peace() -> None:
    policy(quarantine_days=100)
    cases = {
        "lately": (asked_before(99), "quarantine"),
        "long ago": (asked_before(101), ""),
        "answered lately": (asked_before(99, answered=True), "answered_before"),
        "answered long ago": (asked_before(101, answered=True), ""),
        "never sent": (asked_before(10, state="failed", sent_at=None), ""),
        "still to be sent": (asked_before(-3, state="queued", sent_at=None), "quarantine"),
        "may have arrived": (asked_before(10, state="unknown", sent_at=None), "quarantine"),
    }
    departures = {name: again(who) for name, (who, _) in cases.items()}
    plan(*departures.values())
    assert {name: invitation_of(d).skipped_because for name, d in departures.items()} == {
        name: why for name, (_, why) in cases.items()
    }


def test_a_call_counts_as_being_asked_and_a_long_wait_as_peace() -> None:
    policy(quarantine_days=10)
    called = stories.customer(phone="030")
    earlier = stories.invitation(gone(date(2025, 5, 1), who=called), created_at=now() - timedelta(days=5))
    earlier.channel = "phone"
    rule("Late", "mail", 20, languages=["en"])
    patient = asked_before(5)
    patient.language = "en"
    db.session.flush()
    first, second = again(called), again(patient)
    plan(first, second)
    assert [invitation_of(d).skipped_because for d in (first, second)] == ["quarantine", ""]


def test_the_window_counts_every_mail() -> None:
    policy(quarantine_days=1, most_mails=2, window_days=30)
    full, room = asked_before(20), asked_before(20)
    reminded = db.session.scalars(select(Invitation).where(Invitation.customer_id == full.id)).one()
    stories.mailing(reminded, 1, state="sent", sent_at=now() - timedelta(days=13))
    first, second = again(full), again(room)
    plan(first, second)
    assert [invitation_of(d).skipped_because for d in (first, second)] == ["window_full", ""]
