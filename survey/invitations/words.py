"""What is said of invitations and mails: why somebody was not asked, why a mail was taken back, what became of it."""

from flask_babel import lazy_gettext as _

#: by `Invitation.skipped_because`
SKIPPED = {
    "opted_out": _("asked never to be asked again"),
    "do_not_contact": _("wants no contact, by your file"),
    "no_address": _("no e-mail address"),
    "no_phone": _("no telephone number"),
    "suppressed": _("mail to this address bounced, or it asked to be left alone"),
    "too_long_ago": _("left more than a year before"),
    "erased": _("was erased"),
    "quarantine": _("asked about an earlier departure not long ago"),
    "window_full": _("got as many mails lately as anybody may"),
    "answered_before": _("answered about an earlier departure not long ago"),
    "rule_asks_nobody": _("a rule says not to ask"),
    "no_rule": _("no rule fits"),
}
#: by `Mailing.cancelled_because`
CANCELLED = {
    "closed": _("the invitation was over: answered, or taken back"),
    "not_allowed": _("this person may not be written to"),
    "suppressed": _("mail to this address bounced, or it asked to be left alone"),
    "same_address": _("another customer with the same address was asked"),
    "quarantine": _("asked about an earlier departure not long ago"),
    "window_full": _("got as many mails lately as anybody may"),
    "little_gain": _("this round of reminders brings too little"),
}
#: every way of not being asked, by its code
WHY = SKIPPED | CANCELLED
#: by `Invitation.state`
INVITATIONS = {
    "open": _("asked, no answer yet"),
    "answered": _("asked, and answered"),
    "opted_out": _("asked, and does not want to be asked again"),
    "withdrawn": _("the invitation was taken back"),
    "skipped": _("not asked"),
}
#: by `Mailing.state`
MAILINGS = {
    "queued": _("waits to be sent"),
    "claimed": _("is about to be sent"),
    "sending": _("is being sent"),
    "sent": _("sent"),
    "deferred": _("the mail server said: later"),
    "failed": _("could not be sent"),
    "unknown": _("may have arrived or not; it is not sent again"),
    "cancelled": _("not sent"),
}
ROUNDS = {0: _("First mail"), 1: _("First reminder"), 2: _("Second reminder")}
