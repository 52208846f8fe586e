"""What the estimates say, in sentences a person would say: how sure, how known, and what would make it surer."""

from collections.abc import Sequence
from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats
from survey.analyst.sharing import Amount, Difference, Estimate
from survey.reports.contrasts import Contrasts
from survey.reports.estimates import ENOUGH, WRITTEN, ReasonShares
from survey.reports.findings import PRICE, Findings
from survey.reports.lens import Lens
from survey.reports.period import Period
from survey.reports.phrases import about, period_in_words

#: how many other reasons are named where the price was ticked
OTHERS = 3


def reasons_title(found: Findings, order: str, language: str) -> str:
    """What the picture of the reasons shows."""
    places = ordered(found, order)
    if not places:
        return str(_("No reasons yet"))
    place = found.first_cause(places)
    label, share = found.shares.reasons[place].label(language), found.shares.best[place]
    if order == "value" and found.lost:
        lost, total = amount(found.lost.each[place].estimate), amount(found.lost.total)
        said = _("“%(reason)s” costs most: about %(value)s of the %(all)s lost", reason=label, value=lost, all=total)
    else:
        said = _(
            "“%(reason)s” is the most common reason: %(share)s of those who left",
            reason=label,
            share=formats.percent(share.estimate),
        )
    return _apart(found, place, places[0], str(said), language)


def ordered(found: Findings, order: str) -> list[int]:
    """The places of the reasons by lost `value` or by how many left for them (`count`), the largest first."""
    if order == "value":
        return found.ranked()
    best = found.shares.best
    return sorted(range(len(best)), key=lambda k: -(best[k].estimate or 0.0))


def period_note(found: Findings, lens: Lens) -> str:
    """That what follows is about a longer period, and why; empty where it is not."""
    longer = found.shares.lens.period
    if longer == lens.period:
        return ""
    return str(
        _(
            "Too few of those who left %(period)s have answered to say this of them alone. What follows is about all "
            "who left %(longer)s.",
            period=period_in_words(lens.period),
            longer=period_in_words(longer),
        )
    )


def basis_sentence(shares: ReasonShares) -> str:
    """What the estimates are made of."""
    if shares.basis == WRITTEN:
        return str(
            _(
                "Each dot is the share of all who left that left for this reason; the line is its 95%% interval. It is "
                "estimated from what %(answers)s wrote: read by the model (version %(version)s), and corrected by the "
                "%(reviewed)s that people read. Who gives several reasons counts under each.",
                answers=formats.count(shares.answers),
                version=shares.version_id,
                reviewed=formats.count(shares.reviewed),
            )
        )
    return str(
        _(
            "Each dot is the share of all who left that left for this as the main reason; the line is its 95%% "
            "interval. It is estimated from what %(answers)s ticked.",
            answers=formats.count(shares.answers),
        )
    )


def silence_sentence(shares: ReasonShares, place: int, language: str) -> str:
    """What those who did not answer may change, in words a manager understands; `place`: of the reason to name."""
    low, high = shares.widest[place]
    return str(
        _(
            "%(answers)s of the %(all)s who left are heard here (%(rate)s). They are weighted to look like all who "
            "left: in segment, branch, channel, time with you and value. So weighted they tell as much as "
            "%(effective)s answers. What the others would have said nobody knows: if none of them, or all of them, "
            "left for “%(reason)s”, its share would be %(low)s or %(high)s.",
            answers=formats.count(shares.answers),
            all=formats.count(shares.departures),
            rate=formats.percent(shares.rate, 0),
            effective=formats.count(round(shares.effective)),
            reason=shares.reasons[place].label(language),
            low=formats.percent(low, 0),
            high=formats.percent(high, 0),
        )
    )


def to_read(shares: ReasonShares) -> int:
    """How many more answers people should read before words count as much as ticks; 0: enough."""
    return max(0, ENOUGH - shares.reviewed) if shares.basis != WRITTEN else 0


def better_sentence(shares: ReasonShares) -> str:
    """What would make the figures better; empty where nothing is wanting."""
    if shares.basis == WRITTEN:
        return ""
    return str(
        ngettext(
            "What customers wrote says more than what they tick, but it only counts once people have checked what the "
            "model reads. About %(num)s more answer of this period to read.",
            "What customers wrote says more than what they tick, but it only counts once people have checked what the "
            "model reads. About %(num)s more answers of this period to read.",
            max(to_read(shares), 1),
        )
    )


def left_out_sentences(shares: ReasonShares) -> list[str]:
    """Which answers take no part, and why."""
    said = []
    if shares.unread:
        said.append(
            ngettext(
                "%(num)s answer has not been read by the model that serves now, and is left out.",
                "%(num)s answers have not been read by the model that serves now, and are left out.",
                shares.unread,
            )
        )
    if shares.taught and shares.without_model:
        said.append(
            _("The model has learnt from most of the answers that people read, so only what people found counts here.")
        )
    elif shares.taught:
        said.append(
            ngettext(
                "%(num)s answer that people read has taught the model, and is left out: the model looks better on it.",
                "%(num)s answers that people read have taught the model, and are left out: the model looks better "
                "on them.",
                shares.taught,
            )
        )
    return [str(each) for each in said]


def influence_sentence(found: Findings) -> str:
    """What was lost for reasons the business can influence, and for others; empty where no value is known."""
    if found.lost is None:
        return ""
    return str(
        _(
            "With those who gave a reason you can influence about %(can)s was lost (%(can_ends)s); with those who gave "
            "only other reasons about %(cannot)s (%(cannot_ends)s).",
            can=amount(found.lost.can.estimate),
            can_ends=amounts(found.lost.can),
            cannot=amount(found.lost.cannot.estimate),
            cannot_ends=amounts(found.lost.cannot),
        )
    )


def method_in_words(each: Estimate, basis: str) -> str:
    """How a share is known, or what is wanting."""
    if basis != WRITTEN:
        return str(_("Too few answers") if each.says_little else _("Ticked"))
    if each.says_little or each.method == "too_few":
        return str(_("Too few were read"))
    words = {
        "difference": _("Model, corrected by people"),
        "post_stratified": _("Model, corrected by people"),
        "labels": _("People alone"),
    }
    return str(words[each.method])


def more_to_read(each: Estimate) -> str:
    """How many more answers to read until a reason has a narrow interval."""
    number = formats.count(each.more)
    return str(_("at least %(number)s", number=number) if each.at_least else number)


def price_sentence(found: Findings, language: str) -> str:
    """What those wrote who ticked the price; empty where too few were read to say."""
    place = next((k for k, reason in enumerate(found.shares.reasons) if reason.code == PRICE), None)
    if place is None or not found.agreement or not found.price:
        return ""
    row, reason = found.agreement[place], found.shares.reasons[place].label(language)
    ticked = row.both + row.only_ticked
    said = ngettext(
        "Of the %(num)s answer that people read in which “%(reason)s” was ticked, %(both)s also wrote of it.",
        "Of the %(num)s answers that people read in which “%(reason)s” was ticked, %(both)s also wrote of it.",
        ticked,
        reason=reason,
        both=formats.count(row.both),
    )
    others = sorted(range(len(found.price)), key=lambda k: -found.price[k].found)
    named = [k for k in others if k != place and found.price[k].found][:OTHERS]
    if not named:
        return str(said)
    labels = [f"“{found.shares.reasons[k].label(language)}” ({formats.count(found.price[k].found)})" for k in named]
    besides = _("Most of all they wrote besides of: %(reasons)s.", reasons=", ".join(labels))
    return f"{said} {besides}"


def changed(each: Difference, found: Findings, language: str) -> str:
    """One real difference from the period before."""
    words = {
        "label": found.shares.reasons[each.reason].label(language),
        "before": formats.percent(each.before),
        "now": formats.percent(each.now),
        "ends": points(each),
    }
    if each.estimate > 0:
        return str(_("“%(label)s” rose from %(before)s to %(now)s (%(ends)s).", **words))
    return str(_("“%(label)s” fell from %(before)s to %(now)s (%(ends)s).", **words))


def stands_out(each: Difference, found: Findings, language: str) -> str:
    """One real difference of a group from all others."""
    return str(
        _(
            "%(group)s: “%(label)s” %(now)s, against %(others)s elsewhere (%(ends)s).",
            group=each.name,
            label=found.shares.reasons[each.reason].label(language),
            now=formats.percent(each.now),
            others=formats.percent(each.before),
            ends=points(each),
        )
    )


def points(each: Difference) -> str:
    """The interval of a difference, in percentage points."""
    low, high = (formats.decimal(100 * end) for end in (each.low, each.high))
    return str(_("%(low)s to %(high)s points", low=low, high=high))


def trend_title(contrasts: Contrasts, found: Findings, language: str) -> str:
    """What the picture of the quarters shows."""
    if not contrasts.steps:
        return str(_("No reason clearly changed from one quarter to the next"))
    last = contrasts.steps[-1]
    period = next(quarter.period for quarter in contrasts.quarters if quarter.period.first.isoformat() == last.name)
    label = found.shares.reasons[last.reason].label(language)
    if last.estimate > 0:
        return str(_("“%(reason)s” rose %(period)s", reason=label, period=period_in_words(period)))
    return str(_("“%(reason)s” fell %(period)s", reason=label, period=period_in_words(period)))


def trend_sentence(found: Findings, contrasts: Contrasts) -> str:
    """What the picture of the quarters is made of."""
    answers = sum(quarter.answers for quarter in contrasts.quarters)
    return str(
        _(
            "The share of those who left, by quarter, with its 95%% interval, from %(answers)s answers. All of them "
            "were read by one version of the model; what it has not read is left out. Only a change that is more than "
            "chance is called one.",
            answers=formats.count(answers),
        )
        if found.shares.basis == WRITTEN
        else _(
            "The share of those who left that ticked it as the main reason, by quarter, with its 95%% interval, from "
            "%(answers)s answers. Only a change that is more than chance is called one.",
            answers=formats.count(answers),
        )
    )


def quarter_name(period: Period) -> str:
    """Short, for an axis: Q3 2026."""
    return str(_("Q%(number)s %(year)s", number=(period.first.month + 2) // 3, year=period.first.year))


def amount(value: float) -> str:
    """An estimated amount, in three figures."""
    return about(Decimal(str(round(value, 2))))


def amounts(ends: Amount) -> str:
    """The interval of an amount."""
    return f"{amount(ends.low)} – {amount(ends.high)}"  # noqa: RUF001


def share_interval(each: Estimate) -> str:
    """The interval of a share, for a cell."""
    return f"{formats.decimal(100 * each.low)} – {formats.percent(each.high)}"  # noqa: RUF001


def widest_interval(ends: Sequence[float]) -> str:
    """The widest bounds of a share, for a cell."""
    return f"{formats.decimal(100 * ends[0], 0)} – {formats.percent(ends[1], 0)}"  # noqa: RUF001


def lost_by_quarter(amounts: Sequence[tuple[str, float]]) -> str:
    """What the picture of lost value shows: the last quarter against the quarters before it."""
    name, last = amounts[-1]
    before = [each for _name, each in amounts[:-1]]
    mean = sum(before) / len(before) if before else 0.0
    return str(
        _(
            "Lost value by quarter: about %(last)s in %(quarter)s; %(mean)s on average in the %(count)s quarters "
            "before.",
            last=amount(last),
            quarter=name,
            mean=amount(mean),
            count=formats.count(len(before)),
        )
    )


def top_sentence(found: Findings, place: int, language: str) -> str:
    """The one cause that costs most, with how sure that is."""
    label, share = found.shares.reasons[place].label(language), found.shares.best[place]
    if found.lost is None:
        return str(_("“%(reason)s” is the reason of %(share)s.", reason=label, share=formats.percent(share.estimate)))
    each = found.lost.each[place]
    said = _(
        "“%(reason)s” costs most: about %(amount)s of the %(all)s lost %(period)s, somewhere between %(low)s and "
        "%(high)s.",
        reason=label,
        amount=amount(each.estimate),
        all=amount(found.lost.total),
        period=period_in_words(found.shares.lens.period),
        low=amount(each.low),
        high=amount(each.high),
    )
    return _apart(found, place, found.ranked()[0], str(said), language)


def _apart(found: Findings, place: int, first: int, said: str, language: str) -> str:
    """What is said of the first cause, and that what names no cause stands before it, where it does."""
    if place == first:
        return said
    return str(
        _("Apart from “%(other)s”, %(finding)s", other=found.shares.reasons[first].label(language), finding=said)
    )
