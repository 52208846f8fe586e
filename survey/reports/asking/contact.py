"""When people who left were first written to or called, and who was not, and why."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from survey.analyst import Share, share_intervals
from survey.clock import today
from survey.customers.models import Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import ContactPolicy, Invitation, Mailing
from survey.questionnaires.models import QuestionnaireVersion
from survey.reports.asking.answering import quantile
from survey.reports.asking.stages import Choice, calls


@dataclass(frozen=True)
class FirstContact:
    """Days from the departure to the first mail that a server accepted, or the first call."""

    target_days: int
    #: of those contacted; None: nobody yet
    median: float | None
    contacted: int
    #: contacted within the target
    in_time: int
    #: contacted, or not and the target is over
    judged: int
    share: Share


@dataclass(frozen=True)
class NotAsked:
    """How many were not asked, or not mailed, for one reason."""

    #: invitation: not asked at all; mailing: a mail that was taken back
    what: str
    why: str
    count: int


def first_contact(choice: Choice) -> FirstContact:
    """How soon people are asked, against the target of the policy."""
    target = db.session.scalar(select(ContactPolicy.first_contact_days)) or 7
    call = calls()
    mailed = select(func.min(Mailing.sent_at)).where(Mailing.invitation_id == Invitation.id).scalar_subquery()
    called = select(func.min(call.at)).where(call.invitation_id == Invitation.id).scalar_subquery()
    day = func.date(func.coalesce(mailed, called))
    each = choice.invitations(Defection.defected_on, day.label("on")).join(
        Defection, Defection.id == Invitation.defection_id
    )
    found = each.subquery("contact").c
    rows = db.session.execute(select(found.defected_on, found.on, func.count()).group_by(found.defected_on, found.on))
    waited, overdue = _waited([(left, on, number) for left, on, number in rows], target)
    in_time = sum(number for days, number in waited.items() if days <= target)
    judged = waited.total() + overdue
    (share,) = share_intervals([in_time], [judged])
    median = quantile(waited, 0.5) if waited else None
    return FirstContact(target, median, waited.total(), in_time, judged, share)


def _waited(rows: list[tuple[date, date | str | None, int]], target: int) -> tuple[Counter[int], int]:
    """How many waited so many days, and how many wait longer than the target already."""
    waited: Counter[int] = Counter()
    overdue = 0
    for left, on, number in rows:
        if on is not None:
            waited[max(0, (_day(on) - left).days)] += number
        elif (today() - left).days > target:
            overdue += number
    return waited, overdue


def _day(value: date | str) -> date:
    """A day as SQLite writes it, or as PostgreSQL gives it."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def not_asked(choice: Choice) -> list[NotAsked]:
    """Who was skipped, and which mails were taken back, by why; the largest first."""
    in_view = (
        select(Invitation.skipped_because, func.count())
        .join(Customer, Customer.id == Invitation.customer_id)
        .join(QuestionnaireVersion, QuestionnaireVersion.id == Invitation.questionnaire_version_id)
        .where(Invitation.state == "skipped", *choice.conditions())
        .group_by(Invitation.skipped_because)
    )
    taken_back = (
        choice.invitations(Mailing.cancelled_because, func.count())
        .join(Mailing, Mailing.invitation_id == Invitation.id)
        .where(Mailing.state == "cancelled", Mailing.cancelled_because != "")
        .group_by(Mailing.cancelled_because)
    )
    found = [
        NotAsked(what, why, number)
        for what, query in (("invitation", in_view), ("mailing", taken_back))
        for why, number in db.session.execute(query)
    ]
    return sorted(found, key=lambda row: (row.what, -row.count, row.why))
