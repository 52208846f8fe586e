"""How far each invitation came: the one definition of every stage, in SQL, behind the page, its file and every quote.

No stage looks at whether a mail was opened: mail programs and scanners open mails that nobody reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select

from survey.clock import now
from survey.customers.models import Branch, Customer
from survey.database import Base
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.reports.lens import Lens
from survey.responses.models import Response, ResponseDraft
from survey.web import settings

#: in the order in which they are told; all but `waiting` are stages, which is who may yet turn out to be reached
STAGES = ("invited", "delivered", "started", "partial", "complete", "refused", "bounced")
WAITING = "waiting"
#: a mail that a server accepted counts as delivered once so many days brought no report that it came back
BOUNCE_DAYS = 3
#: outcomes of a call in which somebody was spoken to
SPOKEN_TO = ("answered", "call_back", "refused", "other_language")
#: by what the figures are split
SPLITS = ("questionnaire", "channel", "branch", "language")

_DELIVERED, _YOUNG, _CAME_BACK = 3, 2, 1


@dataclass(frozen=True)
class Choice:
    """Which invitations are looked at: those made in the period of the lens, of the customers in its view."""

    lens: Lens
    questionnaire_id: int | None = None
    channel: str | None = None
    language: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """On Invitation, Customer and QuestionnaireVersion; who was skipped is in view as well."""
        first, after = self.bounds
        found = [*self.lens.customers(), Invitation.created_at >= first, Invitation.created_at < after]
        if self.questionnaire_id is not None:
            found.append(QuestionnaireVersion.questionnaire_id == self.questionnaire_id)
        if self.channel is not None:
            found.append(Invitation.channel == self.channel)
        if self.language is not None:
            found.append(Invitation.language == self.language)
        return found

    def invitations(self, *columns: Any) -> Select[Any]:
        """These columns of the invitations in view."""
        return (
            select(*columns)
            .select_from(Invitation)
            .join(Customer, Customer.id == Invitation.customer_id)
            .join(QuestionnaireVersion, QuestionnaireVersion.id == Invitation.questionnaire_version_id)
            .where(Invitation.state != "skipped", *self.conditions())
        )

    def answers(self, *columns: Any) -> Select[Any]:
        """These columns of the answers to them."""
        return self.invitations(*columns).join(Response, Response.invitation_id == Invitation.id)

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The first moment of the period, and the first after it."""
        period = self.lens.period
        return _midnight(period.first), _midnight(period.last + timedelta(days=1))


@dataclass(frozen=True)
class Group:
    """How many invitations of one kind came to each stage."""

    split: Mapping[str, Any]
    counts: Mapping[str, int]

    def __getitem__(self, stage: str) -> int:
        return self.counts[stage]


def groups(choice: Choice) -> list[Group]:
    """The invitations in view, by version, channel, branch and language at once: every figure is a sum of these."""
    names = [*STAGES, WAITING]
    rows = db.session.execute(_counted(choice))
    return [
        Group(
            {"questionnaire": (row.questionnaire, row.version), "channel": row.channel, "branch": row.branch or "",
             "language": row.language},
            {name: int(getattr(row, name)) for name in names},
        )
        for row in rows
    ]  # fmt: skip


def together(parts: Sequence[Group], split: Mapping[str, Any] | None = None) -> Group:
    """The sum of these groups."""
    return Group(split or {}, {name: sum(part[name] for part in parts) for name in (*STAGES, WAITING)})


def split_by(parts: Sequence[Group], by: str) -> list[Group]:
    """The groups summed by one of SPLITS, in its order."""
    values = sorted({part.split[by] for part in parts})
    return [together([part for part in parts if part.split[by] == value], {by: value}) for value in values]


def _counted(choice: Choice) -> Select[Any]:
    each = _invitations(choice).subquery("each")
    flags = stages(each.c)
    by = (each.c.questionnaire, each.c.version, each.c.channel, each.c.branch, each.c.language)
    sums = [func.sum(case((flag, 1), else_=0)).label(name) for name, flag in flags.items() if name != "invited"]
    return select(*by, func.count().label("invited"), *sums).group_by(*by)


def stages(each: Any) -> dict[str, ColumnElement[bool]]:
    """What each stage means, as a condition on the columns of `_invitations`; everybody in it is invited."""
    complete = each.response_id.is_not(None)
    refused = and_(not_(complete), or_(each.state == "opted_out", each.refused == 1))
    started = or_(complete, each.started_at.is_not(None))
    reached = or_(each.mail == _DELIVERED, each.spoken_to == 1, started, refused)
    waiting = and_(not_(reached), each.mail == _YOUNG)
    return {
        "invited": each.id.is_not(None),
        "delivered": reached,
        "started": started,
        "partial": and_(not_(complete), each.draft.is_not(None)),
        "complete": complete,
        "refused": refused,
        "bounced": and_(not_(reached), each.mail == _CAME_BACK),
        WAITING: waiting,
    }


def _invitations(choice: Choice) -> Select[Any]:
    """One row for each invitation that was not skipped, with all that its stages follow from."""
    return (
        choice.invitations(
            Invitation.id,
            Invitation.state,
            Invitation.started_at,
            Invitation.channel,
            Invitation.language,
            Questionnaire.name.label("questionnaire"),
            QuestionnaireVersion.version,
            Branch.name.label("branch"),
            Response.id.label("response_id"),
            ResponseDraft.invitation_id.label("draft"),
            func.coalesce(_mail(), 0).label("mail"),
            func.coalesce(_calls(SPOKEN_TO), 0).label("spoken_to"),
            func.coalesce(_calls(("refused",)), 0).label("refused"),
        )
        .join(Questionnaire, Questionnaire.id == QuestionnaireVersion.questionnaire_id)
        .outerjoin(Branch, Branch.id == Customer.branch_id)
        .outerjoin(Response, Response.invitation_id == Invitation.id)
        .outerjoin(ResponseDraft, ResponseDraft.invitation_id == Invitation.id)
    )


def _mail() -> ColumnElement[int]:
    """The best that came of the mails of an invitation: delivered, accepted lately, came back or refused; else 0."""
    came_back = and_(Mailing.bounced_at.is_not(None), days_between(Mailing.bounced_at, Mailing.sent_at) <= BOUNCE_DAYS)
    old = Mailing.sent_at <= now() - timedelta(days=BOUNCE_DAYS)
    outcome = case(
        (or_(Mailing.state == "failed", came_back), _CAME_BACK),
        (and_(Mailing.state == "sent", old), _DELIVERED),
        (Mailing.state == "sent", _YOUNG),
        else_=0,
    )
    return select(func.max(outcome)).where(Mailing.invitation_id == Invitation.id).scalar_subquery()


def _calls(outcomes: Sequence[str]) -> ColumnElement[int]:
    """1 where a call ended so. Calls are made by a later slice; here their table alone is known."""
    call = calls()
    found = select(func.max(case((call.outcome.in_(outcomes), 1), else_=0)))
    return found.where(call.invitation_id == Invitation.id, Invitation.channel == "phone").scalar_subquery()


def calls() -> Any:
    """The columns of the table of calls."""
    return Base.metadata.tables["call_attempt"].c


def days_between(later: Any, earlier: Any) -> ColumnElement[float]:
    """Days from one moment (or day) to another, as either engine counts them."""
    if db.engine.dialect.name == "postgresql":
        seconds: ColumnElement[float] = func.date_part("epoch", later) - func.date_part("epoch", earlier)
        return seconds / 86_400.0
    days: ColumnElement[float] = func.julianday(later) - func.julianday(earlier)
    return days


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), settings().zone).astimezone(UTC)
