"""What the page says of how asking goes, in sentences and words."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from survey import formats
from survey.analyst import share_intervals
from survey.reports.asking.answering import Order, Taken
from survey.reports.asking.contact import FirstContact
from survey.reports.asking.questions import CONTACT, Asked
from survey.reports.asking.stages import BOUNCE_DAYS, Group
from survey.reports.period import Period
from survey.reports.phrases import between, period_in_words

LABELS = {
    "invited": _l("Invited"),
    "delivered": _l("Delivered"),
    "started": _l("Started"),
    "partial": _l("Saved, not sent"),
    "complete": _l("Answered"),
    "refused": _l("Refused"),
    "bounced": _l("Mail came back"),
}
MEANINGS = {
    "invited": _l("an invitation was made, and was not skipped"),
    "delivered": _l(
        "a mail server accepted a mail and sent no report within %(days)s days that it came back, or somebody was "
        "spoken to on the phone, or the person did something with the link"
    ),
    "started": _l("the form was sent in at least once, complete or not; opening a mail or a page does not count"),
    "partial": _l("was saved for later, and not sent so far"),
    "complete": _l("the answer was sent"),
    "refused": _l("asked to be left alone instead of answering, by the link or on the phone"),
    "bounced": _l("no mail was delivered, and the mail server refused one or sent one back"),
}
CHANNELS = {"mail": _l("By mail"), "phone": _l("By phone")}
LANGUAGES = {"nl": _l("Dutch"), "en": _l("English")}
SPLITS = {
    "questionnaire": _l("Questionnaire"),
    "channel": _l("Way of asking"),
    "branch": _l("Branch"),
    "language": _l("Language"),
}


def headline(total: Group, period: Period) -> str:
    """The answer to the question of the page."""
    if not total["invited"]:
        return str(_("Nobody was invited %(period)s", period=period_in_words(period)))
    return str(
        ngettext(
            "%(answered)s of %(invited)s invited answered %(period)s",
            "%(answered)s of the %(invited)s people invited %(period)s answered",
            total["invited"],
            answered=formats.count(total["complete"]),
            invited=formats.count(total["invited"]),
            period=period_in_words(period),
        )
    )


def share_sentence(total: Group) -> str:
    """How large a part answered, of all and of those who were reached."""
    of_all, of_reached = share_intervals([total["complete"]] * 2, [total["invited"], total["delivered"]])
    if of_reached.estimate is None:
        return str(_("No invitation has reached anybody so far."))
    return str(
        _(
            "That is %(all)s of those invited, %(between)s, and %(reached)s of those who were reached.",
            all=formats.percent(of_all.estimate),
            between=between(of_all),
            reached=formats.percent(of_reached.estimate),
        )
    )


def waiting_sentence(waiting: int) -> str:
    """Who may yet turn out to be reached; empty where nobody."""
    if not waiting:
        return ""
    return str(
        ngettext(
            "%(number)s mail was accepted less than %(days)s days ago and counts as delivered after that.",
            "%(number)s mails were accepted less than %(days)s days ago and count as delivered after that.",
            waiting,
            number=formats.count(waiting),
            days=BOUNCE_DAYS,
        )
    )


def meaning(stage: str) -> str:
    return str(MEANINGS[stage]) % {"days": BOUNCE_DAYS}


def split_name(by: str, value: Any) -> str:
    """What a row of a split is called."""
    if by == "questionnaire":
        name, version = value
        return str(_("%(name)s, version %(version)s", name=name, version=version))
    if by == "branch":
        return str(value or _("no branch"))
    return str({"channel": CHANNELS, "language": LANGUAGES}[by].get(value, value))


def contact_sentence(found: FirstContact) -> str:
    """How soon people hear from us, against the target."""
    if not found.judged or found.share.estimate is None:
        nobody = _("Nobody was due to hear from you yet.")
        target = ngettext("The target is one day.", "The target is %(num)d days.", found.target_days)
        return f"{nobody} {target}"
    told = ngettext(
        "%(part)s of those who left heard from you within one day, %(between)s.",
        "%(part)s of those who left heard from you within %(target)s days, %(between)s.",
        found.target_days,
        part=formats.percent(found.share.estimate),
        target=found.target_days,
        between=between(found.share),
    )
    if found.median is None:
        return str(told)
    days = round(found.median)
    half = ngettext(
        "Half of those written to or called heard within one day.",
        "Half of those written to or called heard within %(days)s days.",
        days,
        days=formats.count(days),
    )
    return f"{told} {half}"


def taken_sentence(found: Taken) -> str:
    """How long an answer takes."""
    return str(
        _(
            "%(way)s: half of the answers take between %(low)s and %(high)s, the middle one %(median)s.",
            way=CHANNELS.get(found.channel, found.channel),
            low=formats.duration(found.quartile),
            high=formats.duration(found.upper_quartile),
            median=formats.duration(found.median),
        )
    )


def order_sentence(found: Order) -> str:
    """Whether the place in the list decides what people choose."""
    told = _(
        "Of %(answers)s main reasons out of the shuffled list, %(first)s stood first, %(between)s; by chance it would "
        "be %(expected)s.",
        answers=formats.count(found.answers),
        first=formats.percent(found.first.estimate),
        between=between(found.first),
        expected=formats.percent(found.expected),
    )
    if found.bias is None:
        end = _("That is too few answers to tell whether the order decides anything.")
    elif not found.decides:
        end = _("So the place in the list does not show in what people choose.")
    elif (found.first.estimate or 0) > found.expected:
        end = _(
            "So some choose whatever stands first. As everybody sees an order of their own, that spreads over all "
            "reasons alike: it blurs the differences, and favours none."
        )
    else:
        end = _(
            "So the place in the list does show in what people choose. As everybody sees an order of their own, it "
            "favours no reason."
        )
    return f"{told} {end}"


def drop_sentence(asked: list[Asked]) -> str:
    """At which question most is left open; the consent to be contacted is no question that can be left open."""
    real = [one for one in asked if one.key != CONTACT and one.share.estimate is not None]
    if not real:
        return str(_("No form was sent in or saved yet."))
    worst = min(real, key=lambda one: one.share.estimate or 0)
    return str(
        _(
            "Left open most often: “%(question)s”, answered by %(part)s of those who saw it.",
            question=worst.label,
            part=formats.percent(worst.share.estimate),
        )
    )
