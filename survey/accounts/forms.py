"""The forms of signing in and of managing users."""

from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _
from flask_security.forms import ChangePasswordForm, LoginForm, ResetPasswordForm
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import DataRequired, Length

from survey.accounts.models import ROLES
from survey.accounts.users import normalised
from survey.forms import InOurLanguage, PageForm, SelectChoice

ROLE_NAMES = {
    "administrator": _("administrator: users, settings, jobs"),
    "manager": _("manager: why customers leave and what it costs"),
    "analyst": _("analyst: definitions, questions, the model"),
    "interviewer": _("interviewer: the list of people to call"),
}
LANGUAGE_NAMES = [SelectChoice("nl", "Nederlands"), SelectChoice("en", "English")]
NEW_PASSWORD_HINT = _("At least 12 characters. A few words with spaces are easy to remember and hard to guess.")

#: Flask-Security takes no longer ones
NOT_TOO_LONG = Length(max=128, message=_("Use at most 128 characters."))


def own_path(address: str | None) -> str | None:
    """The address where it is a path of this site, else None.

    Browsers read a backslash as a slash and drop tabs and line ends, so any of those is refused.
    """
    if not address or not address.startswith("/") or address.startswith("//"):
        return None
    return None if any(character <= " " or character == "\\" for character in address) else address


def lower(text: str | None) -> str | None:
    return normalised(text) if text else text


class SignInForm(LoginForm):
    Meta = InOurLanguage

    email = EmailField(
        _("E-mail address"),
        filters=[lower],
        render_kw={"autocomplete": "username", "autocapitalize": "none"},
        validators=[DataRequired(_("Type your e-mail address."))],
    )
    password = PasswordField(
        _("Password"),
        render_kw={"autocomplete": "current-password"},
        validators=[DataRequired(_("Type your password."))],
    )
    remember = BooleanField(_("Stay signed in on this device"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.password.description = ""  # Flask-Security puts a link there; the page has its own
        self.next.data = own_path(self.next.data) or ""

    def validate_next(self, field: Field) -> None:
        """Another site's address is dropped in silence: it is never the person's own mistake."""
        field.data = own_path(field.data) or ""


class NewPasswordForm(ResetPasswordForm):
    Meta = InOurLanguage

    password = PasswordField(
        _("New password"),
        description=NEW_PASSWORD_HINT,
        render_kw={"autocomplete": "new-password"},
        validators=[DataRequired(_("Type a password.")), NOT_TOO_LONG],
    )
    password_confirm = PasswordField(
        _("The same password again"),
        render_kw={"autocomplete": "new-password"},
        validators=[DataRequired(_("Type the password a second time."))],
    )

    def validate_password_confirm(self, field: Field) -> None:
        if field.data != self.password.data:
            raise ValidationError(_("This is not the same as the password above."))


class OwnPasswordForm(ChangePasswordForm):
    Meta = InOurLanguage

    password = PasswordField(
        _("Current password"), render_kw={"autocomplete": "current-password"}, validators=[DataRequired()]
    )
    new_password = PasswordField(
        _("New password"),
        description=NEW_PASSWORD_HINT,
        render_kw={"autocomplete": "new-password"},
        validators=[DataRequired(_("Type a password.")), NOT_TOO_LONG],
    )
    new_password_confirm = PasswordField(
        _("The same password again"),
        render_kw={"autocomplete": "new-password"},
        validators=[DataRequired(_("Type the password a second time."))],
    )

    def validate_new_password_confirm(self, field: Field) -> None:
        if field.data != self.new_password.data:
            raise ValidationError(_("This is not the same as the password above."))


def check_address(form: Any, field: Field) -> None:
    try:
        validate_email(field.data or "", check_deliverability=False)
    except EmailNotValidError:
        raise ValidationError(_("Type a whole e-mail address, such as name@example.org.")) from None


class ForgotForm(PageForm):
    email = EmailField(
        _("E-mail address"),
        render_kw={"autocomplete": "username"},
        validators=[DataRequired(_("Type your e-mail address.")), Length(max=255)],
    )


class UserForm(PageForm):
    email = EmailField(_("E-mail address"), validators=[DataRequired(), Length(max=255), check_address])
    name = StringField(_("Name"), validators=[Length(max=200)])
    language = SelectField(_("Language"), choices=LANGUAGE_NAMES, validators=[DataRequired()])
    roles = SelectMultipleField(
        _("What they may do"),
        choices=[SelectChoice(role, ROLE_NAMES[role]) for role in ROLES],
        validators=[DataRequired(_("Choose at least one."))],
    )
    branches = SelectMultipleField(
        _("Branches they see"), coerce=int, description=_("None ticked: all branches."), choices=[]
    )
    wants_notices = BooleanField(_("Receives the daily mail of notices"))
    wants_pack = BooleanField(
        _("Receives the decision pack of each quarter by mail"),
        description=_("For administrators, managers and analysts who see all branches."),
    )
    active = BooleanField(_("May sign in"), default=True)
