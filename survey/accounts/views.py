"""Signing in with a limit on tries, and the administrator's pages of users and of the audit log."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import TooManyRequests

from survey.accounts import audit, tries, users
from survey.accounts.access import allow
from survey.accounts.forms import ForgotForm, UserForm, own_path
from survey.accounts.history import Filters, actions, entries
from survey.accounts.mails import password_mail, send_after_answer
from survey.accounts.models import User
from survey.accounts.words import LINK_SENT
from survey.extensions import db
from survey.forms import SelectChoice
from survey.paging import paginate

blueprint = Blueprint("accounts", __name__)

WINDOW_MINUTES = 10
#: wrong passwords from one network, and for one account from anywhere, before a pause
FAILURES_PER_SOURCE = 10
FAILURES_PER_ACCOUNT = 30
#: links asked for by one network, and for one account
LINKS_PER_SOURCE = 10
LINKS_PER_ACCOUNT = 3

View = Callable[..., Any]


@blueprint.record
def take_over(state: Any) -> None:
    """Put our limits around the views that Flask-Security registered."""
    app: Flask = state.app
    views = app.view_functions
    views["security.login"] = limited(views["security.login"], "sign-in failed")
    views["security.change_password"] = limited(views["security.change_password"], "password refused")
    views["security.reset_password"] = committing(views["security.reset_password"])
    views["security.logout"] = committing(views["security.logout"])
    views["security.forgot_password"] = forgot_password


def committing(view: View) -> View:
    """The view, with what it leaves behind committed: the audit entries come after Flask-Security's own commit."""

    @wraps(view)
    def run(**arguments: Any) -> Any:
        answer = view(**arguments)
        if request.method == "POST":
            db.session.commit()
        return answer

    return run


def limited(view: View, action: str) -> View:
    """The view, refused after too many failures; a failure is counted and stands in the audit log."""

    @wraps(view)
    def run(**arguments: Any) -> Any:
        if request.method != "POST":
            return view(**arguments)
        email = current_user.email if current_user.is_authenticated else request.form.get("email", "")
        refuse_too_many(action, email, FAILURES_PER_SOURCE, FAILURES_PER_ACCOUNT)
        answer = view(**arguments)
        if isinstance(answer, str):  # a redirect where it went well, else the form again
            count_failure(action, email)
        elif action == "sign-in failed":
            answer = redirect(own_path(request.form.get("next") or request.args.get("next")) or url_for("home.start"))
        db.session.commit()
        return answer

    return run


def refuse_too_many(action: str, email: str, per_source: int, per_account: int) -> None:
    """Answer 429 where this network, or anybody for this account, has tried too often."""
    source, account = tries.network_of(request.remote_addr), tries.account_key(email)
    if tries.too_many(action, source, per_source, WINDOW_MINUTES) or tries.too_many(
        action, account, per_account, WINDOW_MINUTES
    ):
        raise TooManyRequests(retry_after=WINDOW_MINUTES * 60)


def count_failure(action: str, email: str) -> None:
    tries.count_try(action, tries.network_of(request.remote_addr))
    tries.count_try(action, tries.account_key(email))
    known = users.find(email)
    audit.record(action, known.id if known else None, about=("user", known.id if known else ""))


def forgot_password() -> ResponseReturnValue:
    """Send a link to choose a password; the answer is the same whether the account exists or not."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return render_template("security/forgot_password.html", form=form)
    email = users.normalised(form.email.data or "")
    refuse_too_many("link asked", email, LINKS_PER_SOURCE, LINKS_PER_ACCOUNT)
    tries.count_try("link asked", tries.network_of(request.remote_addr))
    tries.count_try("link asked", tries.account_key(email))
    user = users.find(email)
    if user is not None and user.active:
        send_after_answer(password_mail(user))
    audit.record("password link asked", user.id if user else None, about=("user", user.id if user else ""))
    db.session.commit()
    flash(str(LINK_SENT), "success")
    return redirect(url_for("security.login"), 303)


@blueprint.get("/users")
@allow("administrator")
def list_users() -> ResponseReturnValue:
    return render_template("accounts/users.html", people=users.all_users(), branches=users.branches())


@blueprint.route("/users/new", methods=["GET", "POST"])
@allow("administrator")
def add_user() -> ResponseReturnValue:
    form = user_form()
    if form.validate_on_submit():
        try:
            user = users.add(account_of(form), current_user.id)
        except users.UserError as error:
            form.email.errors = [str(error)]
        else:
            send_after_answer(password_mail(user, welcome=True))
            db.session.commit()
            flash(_("Added. A mail with a link to choose a password is on its way."), "success")
            return redirect(url_for("accounts.list_users"), 303)
    return render_template("accounts/user.html", form=form, user=None)


@blueprint.route("/users/<int:user_id>", methods=["GET", "POST"])
@allow("administrator")
def change_user(user_id: int) -> ResponseReturnValue:
    user = existing(user_id)
    form = user_form(user)
    if form.validate_on_submit():
        try:
            users.change(user, account_of(form), current_user.id)
        except users.UserError as error:
            form.roles.errors = [str(error)]
        else:
            db.session.commit()
            flash(_("Changed. It holds from the next page this person opens."), "success")
            return redirect(url_for("accounts.list_users"), 303)
    return render_template("accounts/user.html", form=form, user=user)


@blueprint.post("/users/<int:user_id>/link")
@allow("administrator")
def send_link(user_id: int) -> ResponseReturnValue:
    user = existing(user_id)
    send_after_answer(password_mail(user, welcome=user.password is None))
    audit.record("password link sent", current_user.id, about=("user", user.id))
    db.session.commit()
    flash(_("A mail with a link to choose a password is on its way to %(email)s.", email=user.email), "success")
    return redirect(url_for("accounts.change_user", user_id=user.id), 303)


@blueprint.get("/audit")
@allow("administrator")
def audit_log() -> ResponseReturnValue:
    """Who did or saw what, newest first."""
    filters = Filters.read(request.args)
    return render_template(
        "accounts/audit_log.html",
        page=paginate(entries(filters)),
        filters=filters,
        actions=actions(),
        people={user.id: user.email for user in users.all_users()},
    )


def existing(user_id: int) -> User:
    user = db.session.get(User, user_id)
    if user is None:
        abort(404)
    return user


def user_form(user: User | None = None) -> UserForm:
    """The form, filled with what holds now."""
    form = UserForm(data=held_by(user) if user else None)
    form.branches.choices = [SelectChoice(branch_id, name) for branch_id, name in users.branches().items()]
    return form


def held_by(user: User) -> dict[str, object]:
    return {
        "email": user.email,
        "name": user.name,
        "language": user.language,
        "roles": [role.name for role in user.roles],
        "branches": sorted(user.branch_ids),
        "wants_notices": user.wants_notices,
        "wants_pack": user.wants_pack,
        "active": user.active,
    }


def account_of(form: UserForm) -> users.Account:
    return users.Account(
        email=form.email.data or "",
        roles=tuple(form.roles.data or ()),
        branch_ids=tuple(form.branches.data or ()),
        name=form.name.data or "",
        language=form.language.data,
        active=form.active.data,
        wants_notices=form.wants_notices.data,
        wants_pack=form.wants_pack.data,
    )
