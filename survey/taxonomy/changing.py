"""Changes of the reasons. Each keeps the codes, so that nothing that was ticked, read or labelled is rewritten.

Everything flushes; whoever calls commits. Call `lock` first where two people may change the reasons at once.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select

from survey.clock import now
from survey.extensions import db
from survey.taxonomy.models import OTHER, Reason, TaxonomyChange
from survey.taxonomy.queries import all_reasons

#: reasons to choose from besides `other`: with one of them there is nothing to find out
FEWEST = 2
MOST_PARTS = 5
LONGEST_CODE = 50
#: what files and pages call rows that have no reason
TAKEN = frozenset({"none", "unsure", "failed", "not_read", "no_words", "no_answer", "not_asked", "no_main_reason"})


class CannotChange(ValueError):
    """The change may not be made; the message says why, in words."""


@dataclass(frozen=True)
class NewReason:
    """What people call a reason, which of the six P's it belongs to, and whether the business can influence it."""

    label_nl: str
    label_en: str
    p: str = ""
    influence: str = ""


def lock() -> None:
    """Let whoever else changes the reasons wait until this transaction ends, and see them as they are now."""
    query = select(Reason).order_by(Reason.id).with_for_update()
    db.session.scalars(query.execution_options(populate_existing=True)).all()


def add(new: NewReason, user_id: int | None) -> Reason:
    """A further reason, the last before those that always stand last. Raises CannotChange."""
    known = all_reasons()
    _refuse_taken_labels([new], known)
    reason = _made(new, {r.code for r in known})
    _number([*known, reason])
    note("add", reason, (), user_id)
    return reason


def rename(reason: Reason, new: NewReason, after: int, user_id: int | None) -> bool:
    """Other labels, P, influence or place: after the reason with the key `after`, 0 for first.

    False where all is so already. Raises CannotChange.
    """
    check("rename", reason)
    known = all_reasons()
    _refuse_taken_labels([new], [r for r in known if r is not reason])
    order = known if after == place_of(reason, known) else _moved(reason, after, known)
    before = _shown(reason)
    reason.label_nl, reason.label_en, reason.p, reason.influence = new.label_nl, new.label_en, new.p, new.influence
    _number(order)
    if _shown(reason) == before:
        return False
    note("rename", reason, (), user_id)
    return True


def merge(reason: Reason, into: Reason, user_id: int | None) -> None:
    """Count the reason as another one from now on, and so all that it was ever given to. Raises CannotChange."""
    check("merge", reason)
    if into not in targets_for(reason):
        raise CannotChange(_("A reason can only be merged into another one that is in use, and not into “Other”."))
    reason.active = False
    note("merge", reason, (into.code,), user_id)


def split(reason: Reason, parts: Sequence[NewReason], user_id: int | None) -> list[Reason]:
    """Put two or more new reasons in the place of one. Which of them an old answer gives, only reading can tell.

    Raises CannotChange.
    """
    check("split", reason)
    known = all_reasons()
    if not 2 <= len(parts) <= MOST_PARTS:
        raise CannotChange(_("A reason is split into two to five new ones."))
    _refuse_taken_labels(parts, known)
    codes = {r.code for r in known}
    made = [_made(part, codes, reason.pinned_last) for part in parts]
    reason.active = False
    at = known.index(reason) + 1
    _number([*known[:at], *made, *known[at:]])
    note("split", reason, tuple(part.code for part in made), user_id)
    return made


def retire(reason: Reason, user_id: int | None) -> None:
    """Offer and read it no longer; what was ticked stays. Raises CannotChange."""
    check("retire", reason)
    reason.active = False
    note("retire", reason, (), user_id)


def restore(reason: Reason, user_id: int | None) -> None:
    """Take back that the reason was retired, merged or split: it counts as itself again. Raises CannotChange."""
    check("restore", reason)
    reason.active = True
    note("restore", reason, (), user_id)


def check(kind: str, reason: Reason) -> None:
    """Raise CannotChange, with why, where this change may not be made to the reason as it stands."""
    if kind == "restore":
        if reason.active:
            raise CannotChange(_("This reason is in use."))
        check_names([NewReason(reason.label_nl, reason.label_en)], but=reason)
        return
    if not reason.active:
        raise CannotChange(_("This reason is no longer in use."))
    if kind == "rename":
        return
    if reason.code == OTHER:
        raise CannotChange(_("“Other” is what is left when no reason fits. It cannot be merged, split or retired."))
    if kind != "split" and len(_to_choose_from()) <= FEWEST:
        raise CannotChange(_("Two reasons besides “Other” must stay, else there is nothing to choose."))


def check_names(new: Sequence[NewReason], but: Reason | None = None) -> None:
    """Raise CannotChange where one of these names is that of a reason in use, `but` left out of account."""
    _refuse_taken_labels(new, [r for r in all_reasons() if r is not but])


def possible(reason: Reason) -> list[str]:
    """The kinds of change that may be made to the reason as it stands."""
    return [kind for kind in ("rename", "merge", "split", "retire", "restore") if _may(kind, reason)]


def _may(kind: str, reason: Reason) -> bool:
    try:
        check(kind, reason)
    except CannotChange:
        return False
    return True


def targets_for(reason: Reason) -> list[Reason]:
    """The reasons that this one can be merged into, in their order."""
    return [r for r in _to_choose_from() if r is not reason]


def neighbours_of(reason: Reason, known: Sequence[Reason]) -> list[Reason]:
    """The other reasons in use among which it may be moved: the pinned ones stay last, and `other` the very last."""
    if reason.code == OTHER:
        return []
    group = [r for r in known if r.active and r.code != OTHER and r.pinned_last == reason.pinned_last]
    return [r for r in group if r is not reason]


def place_of(reason: Reason, known: Sequence[Reason]) -> int:
    """The key of the reason after which it stands among its neighbours; 0: it is the first."""
    before = [r.id for r in neighbours_of(reason, known) if known.index(r) < known.index(reason)]
    return before[-1] if before else 0


def _to_choose_from() -> list[Reason]:
    return [r for r in all_reasons() if r.active and r.code != OTHER]


def _moved(reason: Reason, after: int, known: Sequence[Reason]) -> list[Reason]:
    allowed = {r.id for r in neighbours_of(reason, known)}
    if after not in allowed | {0}:
        raise CannotChange(_("The reason cannot stand there: choose a place from the list."))
    others = [r for r in known if r is not reason]
    at = next((n for n, r in enumerate(others, 1) if r.id == after), 0)
    return [*others[:at], reason, *others[at:]]


def _number(reasons: Sequence[Reason]) -> None:
    """Number them in this order, the pinned ones last and `other` the very last. Flushes."""
    for place, reason in enumerate(sorted(reasons, key=lambda r: (r.pinned_last, r.code == OTHER)), 1):
        reason.position = place
    db.session.flush()


def _shown(reason: Reason) -> tuple[object, ...]:
    return reason.label_nl, reason.label_en, reason.p, reason.influence, reason.position


def _refuse_taken_labels(new: Sequence[NewReason], others: Sequence[Reason]) -> None:
    """Two reasons of one name could not be told apart on any page."""
    taken = {(n, label.casefold()) for r in others if r.active for n, label in enumerate((r.label_nl, r.label_en))}
    for one in new:
        for n, label in enumerate((one.label_nl, one.label_en)):
            if (n, label.casefold()) in taken:
                raise CannotChange(_("There is another reason called “%(label)s”. Choose another name.", label=label))
            taken.add((n, label.casefold()))


def _made(new: NewReason, codes: set[str], pinned_last: bool = False) -> Reason:
    """A reason with a code of its own, which joins `codes`; its place is given afterwards."""
    code = code_for(new.label_en, codes)
    codes.add(code)
    reason = Reason(
        code=code, label_nl=new.label_nl, label_en=new.label_en, p=new.p, influence=new.influence,
        pinned_last=pinned_last, position=0, active=True,
    )  # fmt: skip
    db.session.add(reason)
    return reason


def code_for(label: str, taken: set[str]) -> str:
    """A code made of the English label, in ascii letters, digits and underscores, that was never used before."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[: LONGEST_CODE - 5].strip("_") or "reason"
    used, code, number = taken | TAKEN, stem, 2
    while code in used:
        code, number = f"{stem}_{number}", number + 1
    return code


def note(kind: str, reason: Reason, into: tuple[str, ...], user_id: int | None) -> None:
    """Keep that the reasons were changed, which makes a new version of them. Flushes."""
    db.session.add(TaxonomyChange(kind=kind, code=reason.code, into=list(into), at=now(), user_id=user_id))
    db.session.flush()
