"""What Flask-Security says, in our words: translated by our catalogue, like every other sentence."""

from flask_babel import lazy_gettext as _lazy


def _(text: str) -> str:
    """Marks a sentence for the catalogue; Flask-Security translates it when it is said."""
    return text


MESSAGES = {
    "GENERIC_AUTHN_FAILED": _("This e-mail address and password do not belong together. Check both and try again."),
    "UNAUTHENTICATED": _("Sign in to see this page."),
    "EMAIL_NOT_PROVIDED": _("Type your e-mail address."),
    "PASSWORD_NOT_PROVIDED": _("Type your password."),
    "INVALID_PASSWORD": _("This is not your current password."),
    "PASSWORD_INVALID_LENGTH": _("Use at least %(length)s characters; a few words with spaces are fine."),
    "RETYPE_PASSWORD_MISMATCH": _("This is not the same as the password above."),
    "PASSWORD_IS_THE_SAME": _("Choose a password that differs from the one you have."),
    "PASSWORD_CHANGE": _("Your password was changed. Other devices are signed out."),
    "PASSWORD_RESET_NO_LOGIN": _("Your password is set. Sign in with it now."),
    "INVALID_RESET_PASSWORD_TOKEN": _("This link no longer works. Ask for a new one below."),
    "PASSWORD_RESET_EXPIRED": _("This link was valid for %(within)s and is too old. Ask for a new one below."),
}

#: by the template of the mail
SUBJECTS = {
    "security/email/reset_notice": _lazy("Your password was set"),
    "security/email/change_notice": _lazy("Your password was changed"),
}

#: what the person is told when a link is asked for, whether the account exists or not
LINK_SENT = _lazy("If this address has an account, a mail with a link is on its way. The link works for one day.")
