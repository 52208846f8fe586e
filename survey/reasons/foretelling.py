"""What a change of the reasons will do, in sentences, before anybody decides on it."""

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats
from survey.questionnaires.publishing import wording_of
from survey.reasons.reorganising import Plan
from survey.reasons.usage import Stock, stock_of
from survey.taxonomy.changing import NewReason, place_of
from survey.taxonomy.forms import INFLUENCES, PS
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import all_reasons, fates, keys_counted_as, way_of
from survey.web import language


def foretell(plan: Plan) -> list[str]:
    """What will happen, in the order in which people care."""
    if plan.kind == "add":
        return [*_of_new(plan), _learns()]
    if plan.kind == "rename":
        return _of_renaming(plan)
    stock = stock_of(keys_counted_as(plan.it))
    tell = {"merge": _of_merger, "split": _of_split, "retire": _of_retiring, "restore": _of_restoring}
    return [*filter(None, tell[plan.kind](plan, stock)), _invitations(), _learns()]


def _of_new(plan: Plan) -> list[str]:
    wording = plan.wording
    return [
        _("“%(reason)s” joins the list.", reason=_both(plan.new[0])),
        _("New invitations offer it as “%(nl)s” and “%(en)s”. Mails that are out keep the list they were sent with.",
          nl=wording.nl if wording else "", en=wording.en if wording else ""),
        _("Answers that are in keep their reasons. The model reads the new one as soon as people have found it in "
          "enough answers."),
    ]  # fmt: skip


def _of_renaming(plan: Plan) -> list[str]:
    """One sentence for each thing that changes; one that says so where nothing does."""
    was, new = plan.it, plan.new[0]
    told = [
        _("%(what)s: “%(before)s” becomes “%(after)s”.", what=what, before=before, after=after)
        for what, before, after in (
            (_("Name in Dutch"), was.label_nl, new.label_nl),
            (_("Name in English"), was.label_en, new.label_en),
            (_("Which of the six P's"), PS[was.p], PS[new.p]),
            (_("Can you influence it?"), INFLUENCES[was.influence], INFLUENCES[new.influence]),
        )
        if before != after
    ]
    told += _of_place(plan) + _of_wording(plan)
    if not told:
        return [_("Nothing changes: all is so already.")]
    return [*told, _("All pages say it so at once, also of the past. Nothing that was counted changes."), _learns()]


def _of_place(plan: Plan) -> list[str]:
    known = all_reasons()
    if plan.after == place_of(plan.it, known):
        return []
    before = next((r for r in known if r.id == plan.after), None)
    if before is None:
        return [_("It moves to the first place in the list.")]
    return [_("It moves to the place after “%(reason)s”.", reason=before.label(language()))]


def _of_wording(plan: Plan) -> list[str]:
    if plan.wording is None or plan.wording == wording_of(plan.it):
        return []
    return [
        _("New invitations put it as “%(nl)s” and “%(en)s”. Mails that are out keep the list they were sent with.",
          nl=plan.wording.nl, en=plan.wording.en)
    ]  # fmt: skip


def _of_merger(plan: Plan, stock: Stock) -> list[str]:
    into = plan.into.label(language()) if plan.into else ""
    return [
        _ticked(plan, stock, _("they will be counted under “%(reason)s”", reason=into)),
        _read(stock),
        ngettext("%(count)s human label moves with them.", "%(count)s human labels move with them.", stock.labels,
                 count=formats.count(stock.labels)),
        _("Nothing that was stored is rewritten: restoring “%(reason)s” takes the merger back.", reason=_name(plan)),
    ]  # fmt: skip


def _of_split(plan: Plan, stock: Stock) -> list[str]:
    parts = ", ".join(f"“{_both(part)}”" for part in plan.new)
    return [
        _("In its place come %(parts)s.", parts=parts),
        _ticked(plan, stock, _("they stay counted under that name, marked as no longer offered")),
        ngettext(
            "%(count)s answer in which people found it goes back to the review queue and comes first there.",
            "%(count)s answers in which people found it go back to the review queue and come first there.",
            stock.readable, count=formats.count(stock.readable),
        ),
        ngettext(
            "%(count)s more cannot be read again, because the words are gone; its label is left out from now on.",
            "%(count)s more cannot be read again, because the words are gone; their labels are left out from now on.",
            stock.unreadable, count=formats.count(stock.unreadable),
        ) if stock.unreadable else "",
        _("The model reads the new reasons as soon as people have found them in enough answers."),
    ]  # fmt: skip


def _of_retiring(plan: Plan, stock: Stock) -> list[str]:
    return [
        _ticked(plan, stock, _("they stay counted under that name, marked as no longer offered")),
        ngettext("%(count)s human label is left out when the model learns.",
                 "%(count)s human labels are left out when the model learns.", stock.labels,
                 count=formats.count(stock.labels)),
        _("Restoring it brings all of this back."),
    ]  # fmt: skip


def _of_restoring(plan: Plan, stock: Stock) -> list[str]:
    fate = fates()[plan.it.code]
    known = {r.code: r for r in all_reasons()}
    told = [
        _ticked(plan, stock, _("they count under that name, offered again")),
        ngettext("%(count)s human label counts for it again.", "%(count)s human labels count for it again.",
                 stock.labels, count=formats.count(stock.labels)),
    ]  # fmt: skip
    if fate.kind == "merge":
        end = known[way_of(plan.it.code, fates())[-1]].label(language())
        return [*told, _("They are no longer counted under “%(reason)s”.", reason=end)]
    if fate.kind == "split":
        parts = ", ".join(f"“{known[code].label(language())}”" for code in fate.into)
        return [
            *told,
            _("The answers that wait to be read again leave the review queue."),
            _("The reasons that it was split into stay: %(parts)s. Merge or retire them if you want them no longer.",
              parts=parts),
        ]  # fmt: skip
    return told


def _ticked(plan: Plan, stock: Stock, what: str) -> str:
    if not stock.ticked:
        return str(_("Nobody ticked “%(reason)s” yet.", reason=_name(plan)))
    return str(
        ngettext("%(count)s answer ticked “%(reason)s”: %(what)s.", "%(count)s answers ticked “%(reason)s”: %(what)s.",
                 stock.ticked, count=formats.count(stock.ticked), reason=_name(plan), what=what)
    )  # fmt: skip


def _read(stock: Stock) -> str:
    if not stock.read:
        return ""
    return str(
        ngettext("So is the %(count)s answer in which the model reads it.",
                 "So are the %(count)s answers in which the model reads it.", stock.read,
                 count=formats.count(stock.read))
    )  # fmt: skip


def _invitations() -> str:
    return str(
        _("The questionnaire gets a new version. Mails that are out keep the list they were sent with; their answers "
          "are counted by the same rule.")
    )  # fmt: skip


def _learns() -> str:
    return str(
        _("A model is taught the new list and reads all answers again. The page of reasons says how far that is.")
    )


def _name(plan: Plan) -> str:
    return plan.it.label(language())


def _both(new: NewReason | Reason) -> str:
    """The name in the language of the page, and in the other one where that differs."""
    own, other = (new.label_nl, new.label_en) if language() == "nl" else (new.label_en, new.label_nl)
    return own if own == other else f"{own} ({other})"
