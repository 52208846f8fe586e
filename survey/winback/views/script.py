"""What interviewers say: read as they see it, written otherwise, and back to ours."""

from datetime import date

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, format_date
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.customers.keeping import days_of
from survey.extensions import db
from survey.questionnaires.relation import RHYTHMS
from survey.web import LANGUAGES
from survey.winback import script_lines
from survey.winback.calls_script import Script, Talking, script_of
from survey.winback.script_form import ScriptForm
from survey.winback.script_lines import LINES, NAMES, Texts
from survey.winback.views.room import blueprint

#: the last visit of the customer in the preview
EXAMPLE = date(2026, 3, 2)
#: who decides what is said; who says it reads it in each call
WRITERS = ("administrator", "manager", "analyst")


@blueprint.get("/calls/script")
@allow(*WRITERS)
def script() -> ResponseReturnValue:
    """The lines in both languages, and how a call begins with them."""
    texts = script_lines.all_ours() | script_lines.theirs()
    form = ScriptForm(formdata=None)
    form.fill(texts)
    form.seen.data = script_lines.digest(script_lines.theirs())
    return _page(form, texts)


@blueprint.post("/calls/script")
@allow(*WRITERS)
def change_script() -> ResponseReturnValue:
    """Look at what was typed, or let it be said from now on. It is said at all branches, so who is tied to some may
    not. The button `back` makes one line ours, `all` every line, beside whatever else was typed."""
    if current_user.branch_ids:
        abort(403)
    form = ScriptForm()
    _take_back(form, request.form.get("back", ""))
    if not form.validate():
        return _page(form, form.texts()), 422
    if request.form.get("look"):
        return _page(form, form.texts(), looked=True)
    if form.seen.data != script_lines.digest(script_lines.theirs()):
        form.seen.data = script_lines.digest(script_lines.theirs())
        return _page(form, form.texts(), meanwhile=True), 409
    changed = script_lines.change(form.texts())
    for name in changed:
        audit.record("call script changed", current_user.id, about=("call script", name))
    db.session.commit()
    flash(
        _("Saved. It is said from the next call on.") if changed else _("Nothing changes: all is so already."),
        "success",
    )
    return redirect(url_for(".script"), 303)


def _take_back(form: ScriptForm, name: str) -> None:
    """Make these lines ours in the form."""
    names = NAMES if name == "all" else (name,)
    form.fill({key: text for key, text in script_lines.all_ours().items() if key[0] in names})


def _page(form: ScriptForm, texts: Texts, *, looked: bool = False, meanwhile: bool = False) -> str:
    """`texts`: what the preview shows; lines left empty are ours."""
    ours, theirs = script_lines.all_ours(), script_lines.theirs()
    shown = {key: texts[key] or text for key, text in ours.items()}
    return render_template(
        "calls/script.html",
        form=form,
        lines=LINES,
        languages=LANGUAGES,
        ours=ours,
        own=[line.name for line in LINES if any(shown[line.name, lang] != ours[line.name, lang] for lang in LANGUAGES)],
        now=ours | theirs if meanwhile else None,
        previews={language: _preview(shown, language) for language in LANGUAGES},
        looked=looked,
        longest=script_lines.LONGEST,
        may_change=not current_user.branch_ids,
    )


def _preview(texts: Texts, language: str) -> Script:
    """How a call begins, with somebody made up, and for whose account has no name an interviewer too."""
    with force_locale(language):
        rhythm, until = str(RHYTHMS["month"]), format_date(EXAMPLE, "LLLL")
        why = _("You came to us %(rhythm)s until %(until)s. We would like to learn why you stopped.",
                rhythm=rhythm, until=until)  # fmt: skip
        lines = {name: texts[name, language] for name in NAMES}
        return script_of(lines, Talking(current_user.name or "S. de Vries", "J. Jansen", days_of("words")), why)
