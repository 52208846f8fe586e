"""A change of the reasons, carried out with all that follows: questionnaires, review queue, and a model that knows it.

Nothing that was ticked, read or labelled is rewritten; `survey.taxonomy.queries` says what it counts as.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from survey.clock import now
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import enqueue
from survey.questionnaires.publishing import Wording, publish
from survey.reasons.models import Review, ReviewItem
from survey.reasons.usage import is_labelled
from survey.responses.models import Response
from survey.taxonomy import changing
from survey.taxonomy.changing import CannotChange, NewReason
from survey.taxonomy.models import Reason, TaxonomyChange
from survey.taxonomy.queries import fates, keys_counted_as, version

#: comes before whatever is drawn, whose places begin at 0
FIRST = -1.0


class ChangedMeanwhile(Exception):
    """The reasons are no longer what the person saw who asks for this change."""


@dataclass(frozen=True)
class Plan:
    """A change that somebody thinks of. `reason` is None for a new one."""

    kind: str
    reason: Reason | None = None
    #: rename and add: what it is called; split: the parts
    new: tuple[NewReason, ...] = ()
    #: merge
    into: Reason | None = None
    #: rename: the key of the reason after which it is to stand; 0: first
    after: int = 0
    #: rename and add: how the form puts it
    wording: Wording | None = None

    @property
    def it(self) -> Reason:
        """The reason that is changed. ValueError for a new one."""
        if self.reason is None:
            raise ValueError(f"a change of kind {self.kind} needs a reason")
        return self.reason


def carry_out(plan: Plan, seen: int, user_id: int) -> int | None:
    """Make the change and ask for a model that knows it; its number, or None where all is so already. Flushes.

    `seen` is the number of the last change that the person had seen. Raises ChangedMeanwhile where it is not the last,
    and CannotChange in words; then nothing is written.
    """
    changing.lock()
    if seen != version():
        raise ChangedMeanwhile
    # what the change does to the reason's family is about the family that it has now
    keys = keys_counted_as(plan.reason) if plan.reason else []
    was_split = plan.kind == "restore" and fates()[plan.it.code].kind == "split"
    code, changed = _changed(plan, user_id)
    made = publish({code: plan.wording} if plan.wording else None)
    if not changed and not made:
        return None
    if not changed:
        # the form puts it differently, and that is a change of the reasons too
        changing.note("rename", plan.it, (), user_id)
    if plan.kind == "split":
        read_again(keys)
    elif was_split:
        leave_be(keys)
    learn(user_id)
    return version()


def _changed(plan: Plan, user_id: int) -> tuple[str, bool]:
    """The code of the reason that was changed, and whether anything was."""
    if plan.kind == "add":
        return changing.add(plan.new[0], user_id).code, True
    changed = True
    if plan.kind == "rename":
        changed = changing.rename(plan.it, plan.new[0], plan.after, user_id)
    elif plan.kind == "merge":
        if plan.into is None:
            raise CannotChange("a merger needs a reason to merge into")
        changing.merge(plan.it, plan.into, user_id)
    elif plan.kind == "split":
        changing.split(plan.it, plan.new, user_id)
    elif plan.kind == "retire":
        changing.retire(plan.it, user_id)
    else:
        changing.restore(plan.it, user_id)
    return plan.it.code, changed


def learn(user_id: int) -> Job:
    """Ask for a model that is taught the reasons as they are now, and for the pages to turn to it. Flushes."""
    arguments = {"publish": True, "user_id": user_id, "because": "taxonomy"}
    return enqueue("train", f"train:asked:{now():%Y-%m-%dT%H:%M:%S.%fZ}", arguments)


def is_done(plan: Plan, user_id: int) -> bool:
    """Whether the last change of all is this one, by this person: a second click on the same button."""
    last = db.session.scalar(select(TaxonomyChange).order_by(TaxonomyChange.id.desc()).limit(1))
    if last is None or (last.kind, last.user_id) != (plan.kind, user_id):
        return False
    if plan.reason is not None and plan.reason.code != last.code:
        return False
    if plan.kind == "merge":
        return plan.into is not None and last.into == [plan.into.code]
    return _are_called(last.into or [last.code], plan.new) if plan.new else True


def _are_called(codes: Sequence[str], names: Sequence[NewReason]) -> bool:
    labels: Mapping[str, tuple[str, str]] = {
        code: (nl, en)
        for code, nl, en in db.session.execute(
            select(Reason.code, Reason.label_nl, Reason.label_en).where(Reason.code.in_(codes))
        )
    }
    return [labels.get(code) for code in codes] == [(name.label_nl, name.label_en) for name in names]


def read_again(keys: Sequence[int]) -> None:
    """Put the answers in which people found one of these reasons at the head of the review queue, all of them.

    Answers whose words are gone stay away: nobody can read them again. Flushes.
    """
    moment = now()
    answers = select(
        Response.id, literal("useful"), literal(1.0), literal(FIRST), literal(1),
        literal(moment, ReviewItem.drawn_at.type),
    ).where(is_labelled(keys), Response.masked_words.is_not(None))  # fmt: skip
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    db.session.execute(
        dialect.insert(ReviewItem)
        .from_select(["response_id", "stream", "probability", "place", "wanted", "drawn_at"], answers)
        .on_conflict_do_update(
            index_elements=["response_id", "stream"],
            set_={"probability": 1.0, "place": FIRST, "drawn_at": moment},
        )
    )


def leave_be(keys: Sequence[int]) -> None:
    """Take the answers with one of these reasons out of the queue again, those that were read since excepted. Flushes.

    What is useful among them is drawn again by the job that draws.
    """
    read_since = exists().where(Review.response_id == ReviewItem.response_id, Review.created_at >= ReviewItem.drawn_at)
    labelled = select(Response.id).where(is_labelled(keys))
    db.session.execute(
        delete(ReviewItem)
        .where(
            ReviewItem.stream == "useful",
            ReviewItem.place == FIRST,
            ReviewItem.response_id.in_(labelled),
            ~read_since,
        )
        .execution_options(synchronize_session=False)
    )
