"""Pages: the rules of who gets which questionnaire, by which way and when."""

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.customers.groups import branches_for, segments_for
from survey.defections.facts import services_on_record
from survey.extensions import db
from survey.invitations.reach import Reach, reach
from survey.invitations.views.room import READERS, WRITERS, blueprint
from survey.invitations.words import WHY
from survey.questionnaires import targeting_rules as rules
from survey.questionnaires.models import TargetingRule
from survey.questionnaires.targeting import LAST, Rule, newest_versions, rules_in_force
from survey.questionnaires.targeting_forms import Groups, RuleForm, WayForm, shown
from survey.questionnaires.targeting_rules import Draft, NameTaken
from survey.questionnaires.targeting_words import Names, sentence, title


@blueprint.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Who is asked what: the rules in the order in which they are tried."""
    return render_template(
        "targeting/index.html",
        rules=rules.standing(),
        sentence=lambda draft: sentence(draft, _names()),
        title=title,
        sees_all_branches=not current_user.branch_ids,
    )


@blueprint.route("/add", methods=["GET", "POST"])
@allow(*WRITERS)
def add() -> ResponseReturnValue:
    """A further rule, with whom it would reach before it is saved."""
    return _edit(None)


@blueprint.route("/<int:rule_id>", methods=["GET", "POST"])
@allow(*WRITERS)
def change(rule_id: int) -> ResponseReturnValue:
    """One rule, with whom it would reach before it is saved."""
    return _edit(_rule(rule_id))


@blueprint.route("/everybody", methods=["GET", "POST"])
@allow(*WRITERS)
def change_everybody() -> ResponseReturnValue:
    """What those get whom no rule fits."""
    form = _form(WayForm, rules.standing()[-1].draft)
    if request.method != "POST":
        return _page(None, form, _reached(None, form))
    if not form.validate():
        return _page(None, form, None), 422
    row = rules.everybody_row(current_user.id)
    if row is None:
        abort(409)
    rules.change(row, form.draft(), current_user.id)
    return _saved("targeting rule changed", row)


@blueprint.post("/<int:rule_id>/move")
@allow(*WRITERS)
def move(rule_id: int) -> ResponseReturnValue:
    """One place up or down."""
    way = request.form.get("way")
    if way not in ("up", "down"):
        abort(400)
    row = _rule(rule_id)
    if rules.move(row, way == "up", current_user.id):
        return _saved("targeting rule moved", row)
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:rule_id>/switch")
@allow(*WRITERS)
def switch(rule_id: int) -> ResponseReturnValue:
    """On or off."""
    return _switched(_rule(rule_id))


@blueprint.post("/everybody/switch")
@allow(*WRITERS)
def switch_everybody() -> ResponseReturnValue:
    """On or off: off, whom no rule fits is not asked."""
    return _switched(rules.everybody_row(current_user.id) or abort(409))


def _switched(row: TargetingRule) -> ResponseReturnValue:
    wanted = request.form.get("active")
    if wanted not in ("0", "1"):
        abort(400)
    rules.switch(row, wanted == "1", current_user.id)
    return _saved("targeting rule switched", row)


def _saved(action: str, row: TargetingRule) -> ResponseReturnValue:
    details = {"active": row.active, "way": row.channel}
    audit.record(action, current_user.id, about=("targeting rule", row.id), details=details)
    db.session.commit()
    flash(_("Saved. It holds for who leaves from now on; what was decided stays."))
    return redirect(url_for(".index"), 303)


def _edit(row: TargetingRule | None) -> ResponseReturnValue:
    form = _form(RuleForm, rules.draft_of(row) if row else None)
    if request.method != "POST":
        return _page(row, form, _reached(row, form))
    if not form.validate():
        return _page(row, form, None), 422
    try:
        kept = _keep(row, form.draft())
    except NameTaken:
        db.session.rollback()
        form.name.errors = [_("Another rule has this name. Give it one of its own.")]
        return _page(row, form, None), 422
    return _saved("targeting rule changed" if row else "targeting rule added", kept)


def _keep(row: TargetingRule | None, draft: Draft) -> TargetingRule:
    if row is None:
        return rules.add(draft, current_user.id)
    rules.change(row, draft, current_user.id)
    return row


def _form(kind: Callable[..., Any], stands: Draft | None) -> Any:
    """The form, filled from what was sent, else from the rule as it stands."""
    sent = request.form if request.method == "POST" else request.args if "preview" in request.args else None
    without_token = {"meta": {"csrf": False}} if request.method == "GET" else {}
    form = kind(sent, data=shown(stands) if stands else None, **without_token)
    form.offer(rules.questionnaires_in_use())
    if isinstance(form, RuleForm):
        groups = Groups(segments_for(current_user), branches_for(current_user), services_on_record())
        form.offer_groups(groups, stands.conditions if stands else {})
    return form


def _reached(row: TargetingRule | None, form: Any) -> Reach | None:
    """Whom the rule as typed would reach, where that was asked and it can be read."""
    if "preview" not in request.args or not form.validate():
        return None
    draft = form.draft()
    newest = newest_versions()
    version = newest.get(draft.questionnaire_id) if draft.questionnaire_id else None
    rule = Rule(row.id if row else None, draft.name, draft.conditions, draft.channel, version, draft.wait_days)
    seen = reach(rule, _before(row, rule), current_user)
    audit.record("targeting rule tried", current_user.id, details={"shown": len(seen.named)})
    return seen


def _before(row: TargetingRule | None, rule: Rule) -> list[Rule]:
    """The rules that are tried before this one; a new one comes after all but the last."""
    others = [one for one in rules_in_force() if not one.is_last]
    if row is None or rule.is_last:
        return others
    earlier = {one.key for one in rules.standing() if one.key is not None and _position(one.key) < row.position}
    return [one for one in others if one.key in earlier]


def _position(key: int) -> int:
    return db.session.get_one(TargetingRule, key).position


def _rule(rule_id: int) -> TargetingRule:
    row = db.get_or_404(TargetingRule, rule_id)
    return row if row.position != LAST else abort(404)


def _names() -> Names:
    return Names(dict(branches_for(current_user)), dict(rules.questionnaires_in_use()))


def _page(row: TargetingRule | None, form: Any, seen: Reach | None) -> str:
    is_rule = isinstance(form, RuleForm)
    address = url_for(".change", rule_id=row.id) if row else url_for(".add" if is_rule else ".change_everybody")
    return render_template(
        "targeting/change.html",
        form=form,
        is_rule=is_rule,
        rule=row,
        seen=seen,
        told=sentence(form.draft(), _names()) if seen else "",
        address=address,
        why=WHY,
    )
