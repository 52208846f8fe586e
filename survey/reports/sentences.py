"""The sentences of the page: what a person would say who had read the figures."""

from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats
from survey.reports.breakdown import Breakdown, MeasuredRate
from survey.reports.phrases import about, between, month_in_words, period_in_words
from survey.reports.words import Search, Words


def headline(found: Breakdown) -> str:
    """The answer to the question of the page."""
    rate = found.now.rate
    if not rate.at_risk:
        return str(_("Nobody was a customer yet at the start of this period"))
    return str(
        ngettext(
            "%(left)s of %(at_risk)s customers left %(period)s",
            "%(left)s of %(at_risk)s customers left %(period)s",
            rate.left,
            left=formats.count(rate.left),
            at_risk=formats.count(rate.at_risk),
            period=period_in_words(found.lens.period),
        )
    )


def rate_sentence(found: Breakdown) -> str:
    """The rate, how sure it is, and what it was before."""
    if not found.now.rate.at_risk:
        return str(_("There is no defection rate: it is the share of those who were customers when the period began."))
    rate = _("That is %(rate)s of them, %(between)s.", rate=_percent(found.now), between=between(found.now.share))
    return f"{rate} {_comparison(found)}"


def _comparison(found: Breakdown) -> str:
    if found.difference is None:
        return str(_("There is no period before to hold it against."))
    if found.difference.is_real and found.difference.estimate > 0:
        said = _("It was %(before)s in the period before: a real rise.", before=_percent(found.before))
    elif found.difference.is_real:
        said = _("It was %(before)s in the period before: a real fall.", before=_percent(found.before))
    else:
        said = _("It was %(before)s in the period before: no clear difference.", before=_percent(found.before))
    return str(said)


def difference_detail(found: Breakdown) -> str:
    """The difference with its interval, in percentage points; empty where there is none."""
    if found.difference is None:
        return ""
    points = [formats.decimal(100 * part) for part in (found.difference.estimate, found.difference.low)]
    return str(
        _(
            "The rate changed by %(points)s percentage points (95%% interval %(low)s to %(high)s).",
            points=points[0],
            low=points[1],
            high=formats.decimal(100 * found.difference.high),
        )
    )


def beyond_rate_sentence(found: Breakdown) -> str:
    """Why the departures below may be more than the customers who left; empty where they are not."""
    if found.beyond_rate <= 0:
        return ""
    return str(
        ngettext(
            "Counted below are %(all)s departures: those, and %(num)s of a customer who came, or came back, "
            "after the period began.",
            "Counted below are %(all)s departures: those, and %(more)s of customers who came, or came back, "
            "after the period began.",
            found.beyond_rate,
            all=formats.count(found.count),
            more=formats.count(found.beyond_rate),
        )
    )


def value_sentence(found: Breakdown) -> str:
    """What is lost, as the estimate that it is."""
    lost = _("An estimated %(value)s of lifetime value left with them.", value=about(found.lost_value))
    if not found.returned:
        return str(lost)
    back = ngettext(
        "%(back)s of them has come back since (%(value)s of it).",
        "%(back)s of them have come back since (%(value)s of it).",
        found.returned,
        back=formats.count(found.returned),
        value=about(found.returned_value),
    )
    return f"{lost} {back}"


def value_formula(found: Breakdown) -> str:
    """How the estimate is made."""
    return str(
        _(
            "Lost value is a first estimate: what a customer spent in the year up to the last visit (or the yearly "
            "value you gave), times the further years a customer may be expected to stay (%(years)s on average "
            "here). No costs are taken off and nothing is discounted.",
            years=formats.decimal(found.remaining_years),
        )
    )


def response_sentence(found: Breakdown) -> str:
    """How many of those who were asked answered."""
    if not found.asked:
        return str(_("Nobody who left in this period has been asked why yet."))
    return str(
        ngettext(
            "%(answered)s of the %(asked)s we could ask has told us why: %(share)s, %(between)s.",
            "%(answered)s of the %(asked)s we could ask have told us why: %(share)s, %(between)s.",
            found.answered,
            answered=formats.count(found.answered),
            asked=formats.count(found.asked),
            share=formats.percent(found.response.estimate),
            between=between(found.response),
        )
    )


def text_sentence(found: Breakdown) -> str:
    """How far the model has come with the words, so that the states add up to the answers."""
    text = found.text
    return str(
        _(
            "Of %(answers)s answers the model found a reason in %(given)s and was unsure of %(unsure)s; not read yet: "
            "%(not_read)s; no words: %(no_words)s.",
            answers=formats.count(text.answers),
            given=formats.count(text.given),
            unsure=formats.count(text.unsure),
            not_read=formats.count(text.not_read),
            no_words=formats.count(text.no_words),
        )
    )


def trend_title(found: Breakdown) -> str:
    """What the picture of the months shows."""
    last = [month for month in found.months if month.rate.at_risk][-1]
    return str(_("%(rate)s left in %(month)s", month=month_in_words(last.rate.period), rate=_percent(last)))


def trend_sentence(found: Breakdown) -> str:
    """Lowest and highest month of the picture."""
    known = [month for month in found.months if month.rate.at_risk]
    low = min(known, key=lambda month: month.share.estimate or 0)
    high = max(known, key=lambda month: month.share.estimate or 0)
    return str(
        _(
            "The rate by month, with its 95%% interval as the band: lowest in %(low_month)s (%(low)s), highest in "
            "%(high_month)s (%(high)s). A month counts those for whom your definition was first met in "
            "it, so months that are over do not change.",
            low_month=month_in_words(low.rate.period),
            low=_percent(low),
            high_month=month_in_words(high.rate.period),
            high=_percent(high),
        )
    )


def year_up_to(day: date) -> dict[str, str]:
    """The part of an address that asks for the year up to and including a day."""
    return {"from": (day - timedelta(days=364)).isoformat(), "to": day.isoformat()}


def words_headline(search: Search, given: int, written: int, language: str) -> str:
    """How many gave the reason, and how many of them wrote something."""
    reason = search.reason.label(language)
    if not given:
        return str(_("Nobody gave “%(reason)s” as the reason in this period", reason=reason))
    if search.given_by == "found":
        return str(
            ngettext(
                "“%(reason)s”: found by people in %(given)s answer",
                "“%(reason)s”: found by people in %(given)s answers",
                given,
                reason=reason,
                given=formats.count(given),
            )
        )
    if search.given_by == "read":
        return str(
            ngettext(
                "“%(reason)s”: read by the model in %(given)s answer",
                "“%(reason)s”: read by the model in %(given)s answers",
                given,
                reason=reason,
                given=formats.count(given),
            )
        )
    return str(
        _(
            "“%(reason)s”: the main reason of %(given)s, of whom %(written)s wrote something",
            reason=reason,
            given=formats.count(given),
            written=formats.count(written),
        )
    )


def model_words(words: Words, language: str) -> str:
    """What the model made of an answer, said as what it is."""
    if words.state == "given":
        labels = ", ".join(reason.label(language) for reason in words.read)
        return str(_("Read by the model, not checked: %(reasons)s.", reasons=labels))
    if words.state == "unsure":
        return str(_("The model was unsure."))
    if words.state == "no_words":
        return str(_("The model found no words."))
    return str(_("Not read by the model yet."))


def _percent(measured: MeasuredRate) -> str:
    return formats.percent(measured.share.estimate)
