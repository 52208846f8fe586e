"""What the pages of the model say, in sentences."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats
from survey.analyst import Agreement, Estimate
from survey.clock import local
from survey.reasons.agreeing import Agreeing
from survey.reasons.models import ModelVersion, Watch
from survey.reasons.quality import Checked, ReasonQuality
from survey.reasons.watching import Line
from survey.taxonomy.models import Reason
from survey.web import language

#: from how far on people are said to agree: K. Krippendorff (2004), Human Communication Research 30, 411-433, p. 429
RELIABLE, TENTATIVE = 0.8, 0.667


def headline(version: ModelVersion, since: datetime, checked: Checked) -> str:
    """The first line of the page."""
    overall, begun = checked.overall, formats.day(local(since).date())
    if overall.recall.value is None or overall.precision.value is None:
        return str(_("Model %(number)s has read the answers since %(day)s.", number=version.id, day=begun))
    return str(
        _(
            "Model %(number)s has read the answers since %(day)s; on %(answers)s audited answers it finds %(found)s of "
            "100 reasons and is right in %(right)s of 100.",
            number=version.id,
            day=begun,
            answers=formats.count(checked.answers),
            found=hundred(overall.recall.value),
            right=hundred(overall.precision.value),
        )
    )


def how_sure(checked: Checked) -> str:
    """What stands under the first line: the intervals, or that nothing is known yet."""
    overall = checked.overall
    if overall.recall.value is None or overall.precision.value is None:
        return str(_("How well it reads is not known yet: people have to read some answers of the audit sample first."))
    shape = _("%(low)s and %(high)s")
    return str(
        _(
            "The 95%% intervals: it finds between %(found)s, and is right in between %(right)s of 100. The audited "
            "answers were drawn by chance, so this holds for all answers.",
            found=span(overall.recall, shape),
            right=span(overall.precision, shape),
        )
    )


def span(estimate: Estimate, shape: str) -> str:
    """An interval in this shape, out of 100."""
    return shape % {"low": hundred(estimate.low), "high": hundred(estimate.high)}


def hundred(share: float | None) -> str:
    """A share as so many of 100."""
    return formats.decimal(None if share is None else 100 * share, 0)


def cell(estimate: Estimate) -> str:
    """A share and its interval for a cell of a table; a dash where there is nothing to take it of."""
    if estimate.value is None:
        return formats.UNKNOWN
    interval = f"{hundred(estimate.low)}–{hundred(estimate.high)}"  # noqa: RUF001  # a dash between two figures
    return f"{hundred(estimate.value)} ({interval})"


def names(reasons: Sequence[Reason]) -> str:
    return ", ".join(reason.label(language()) for reason in reasons)


def still_short(reasons: Sequence[ReasonQuality]) -> str:
    """The reasons that too few audited answers give, and how many more to review for each."""
    short = sorted(
        (each for each in reasons if each.quality.positives and not each.is_enough), key=lambda each: each.more
    )
    return ", ".join(
        str(
            _(
                "%(reason)s (review %(number)s more)",
                reason=each.reason.label(language()),
                number=formats.count(each.more),
            )
        )
        for each in short
    )


def never_seen(reasons: Sequence[ReasonQuality]) -> str:
    """The reasons that nobody found in an audited answer yet."""
    return names([each.reason for each in reasons if not each.quality.positives])


def enough(each: ReasonQuality) -> str:
    """Whether enough audited answers give a reason, for a cell of a table."""
    if each.is_enough:
        return str(_("yes"))
    if each.quality.positives:
        return str(_("review %(number)s more", number=formats.count(each.more)))
    return str(_("review at least %(number)s more", number=formats.count(each.more)))


def quality_title(reasons: Sequence[ReasonQuality]) -> str:
    """What the picture shows."""
    known = [each for each in reasons if each.is_enough and each.quality.recall.value is not None]
    worst = min(known, key=lambda each: each.quality.recall.value or 0.0)
    return str(
        _(
            "Of the reasons with enough audited answers, “%(reason)s” is missed most often",
            reason=worst.reason.label(language()),
        )
    )


def agreement_sentence(found: Agreeing) -> str:
    """How far people agree, and what that means for a model."""
    known = [each.alpha.estimate for each in found.reasons if each.alpha is not None]
    if not known:
        return str(
            _(
                "No answer has been read by two people without seeing the model's guess. As soon as some have, it "
                "stands here how far people agree; a model cannot agree with them more than they do with each other."
            )
        )
    middle = sorted(known)[len(known) // 2]
    how = _("well") if middle >= RELIABLE else _("moderately") if middle >= TENTATIVE else _("little")
    return str(
        ngettext(
            "On %(num)d answer that several people read, they agree %(how)s (for the middle reason %(alpha)s, where "
            "1 is always and 0 is by chance). A model cannot agree with people more than they do with each other.",
            "On %(num)d answers that several people read, they agree %(how)s (for the middle reason %(alpha)s, where "
            "1 is always and 0 is by chance). A model cannot agree with people more than they do with each other.",
            found.answers,
            how=how,
            alpha=formats.decimal(middle, 2),
        )
    )


def agreement_cell(found: Agreement | None) -> str:
    """Kappa or alpha with its interval; a dash where it is undefined."""
    if found is None:
        return formats.UNKNOWN
    if found.low is None or found.high is None:
        return formats.decimal(found.estimate, 2)
    interval = f"{formats.decimal(found.low, 2)} – {formats.decimal(found.high, 2)}"  # noqa: RUF001
    return f"{formats.decimal(found.estimate, 2)} ({interval})"


def agreement_word(found: Agreement) -> str:
    """What alpha means."""
    if found.low is None:
        return str(_("too few to say"))
    if found.estimate >= RELIABLE:
        return str(_("people agree well"))
    return str(_("people agree moderately") if found.estimate >= TENTATIVE else _("people agree little"))


def measure(line: Line, reasons: dict[str, Reason]) -> str:
    """What is measured."""
    names = {
        "unknown_words": _("Words that the model does not know"),
        "unsure": _("Answers that it is unsure about"),
        "score_shift": _("Shift of its scores"),
        "accuracy": _("Agreement with people (F1)"),
    }
    name = str(names[line.measure])
    if not line.subject:
        return name
    label = reasons[line.subject].label(language()) if line.subject in reasons else line.subject
    return f"{name}: {label}"


def measured(line: Line, value: float) -> str:
    """A value of a measure: a share, or the index of a shift."""
    return formats.decimal(value, 2) if line.measure == "score_shift" else formats.percent(value)


def state_of(latest: Watch) -> str:
    """Whether a value lies in its band."""
    if not latest.is_outside:
        return str(_("inside its band"))
    return str(_("above its band") if latest.value > latest.high else _("below its band"))


def watch_sentence(lines: Sequence[Line]) -> str:
    """What the watch says."""
    if not lines:
        return str(
            _(
                "Every night it is measured whether answers are still like those that the model was checked on. There "
                "are too few answers yet to say: a band needs 300 answers over 28 days, and 50 answers of the last "
                "30 days to hold against it."
            )
        )
    outside = sum(line.latest.is_outside for line in lines)
    if not outside:
        return str(
            ngettext(
                "The answers that come in are like those that the model was checked on: the one measure is inside its "
                "band.",
                "The answers that come in are like those that the model was checked on: all %(num)d measures are "
                "inside their bands.",
                len(lines),
            )
        )
    return str(
        ngettext(
            "%(num)d of %(all)s measures has left its band: look whether customers write about other things now, and "
            "review some answers.",
            "%(num)d of %(all)s measures have left their bands: look whether customers write about other things now, "
            "and review some answers.",
            outside,
            all=formats.count(len(lines)),
        )
    )
