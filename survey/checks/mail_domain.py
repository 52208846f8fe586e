"""Whether the sender's domain says in DNS that our mail is genuine: SPF, DKIM, DMARC. Without them it is refused."""

import re
from email.utils import parseaddr

import dns.exception
import dns.resolver
from flask_babel import gettext as _

from survey.checks import Finding
from survey.web import settings

LOOKUP_SECONDS = 3.0
_ENDS_SPF = re.compile(r"[-~]all\b")
_POLICY = re.compile(r"\bp=\s*(none|quarantine|reject)\b", re.IGNORECASE)
_KEY = re.compile(r"\bp=\s*[A-Za-z0-9+/]")


class CannotLook(Exception):
    """DNS does not answer, so nothing can be said."""


def sender_check() -> Finding:
    """What the domain of the sender publishes; the first thing that is missing, and the line that mends it."""
    name = _("Sender of mail")
    domain, bounces = _domain(settings().mail_from), _domain(settings().mail_bounces_to or settings().mail_from)
    if settings().mail_url.startswith("folder:") or "." not in domain:
        return Finding(name, "ok", _("Mail does not leave this machine, so nobody asks whether it is genuine."))
    try:
        wrong = _spf(bounces) or _dkim(domain) or _dmarc(domain)
    except CannotLook:
        return Finding(
            name,
            "warning",
            _("DNS does not answer, so SPF, DKIM and DMARC of %(domain)s could not be looked up.", domain=domain),
            _("See whether this machine reaches a name server, and run `doctor` again."),
        )
    if wrong:
        return Finding(name, "warning", *wrong)
    return Finding(name, "ok", _("%(domain)s publishes SPF, DKIM and DMARC.", domain=domain))


def _spf(domain: str) -> tuple[str, str] | None:
    found = [text for text in _texts(domain) if text.lower().startswith("v=spf1")]
    if not found:
        return (
            _("%(domain)s does not say which servers may send its mail (SPF).", domain=domain),
            _('Publish a TXT record at %(domain)s that names your mail server: "v=spf1 mx -all".', domain=domain),
        )
    if len(found) > 1:
        return (
            _("%(domain)s has %(count)s SPF records; more than one counts as none.", domain=domain, count=len(found)),
            _("Put them together into one TXT record."),
        )
    if not _ENDS_SPF.search(found[0]):
        return (
            _("The SPF record of %(domain)s lets anybody send in its name.", domain=domain),
            _("End it with -all or ~all."),
        )
    return None


def _dkim(domain: str) -> tuple[str, str] | None:
    selector = settings().dkim_selector
    if not selector:
        return (
            _("Whether mail is signed (DKIM) cannot be looked up without the name of the key."),
            _("Let the mail server sign, and set WHYLEFT_DKIM_SELECTOR to the name under which it publishes its key."),
        )
    place = f"{selector}._domainkey.{domain}"
    if any(_KEY.search(text) for text in _texts(place)):
        return None
    return (
        _("There is no DKIM key at %(place)s.", place=place),
        _("Publish the TXT record that your mail server gives for it."),
    )


def _dmarc(domain: str) -> tuple[str, str] | None:
    place = f"_dmarc.{domain}"
    if any(text.lower().startswith("v=dmarc1") and _POLICY.search(text) for text in _texts(place)):
        return None
    return (
        _("%(domain)s has no DMARC policy; large mailbox providers refuse bulk mail without one.", domain=domain),
        _('Publish a TXT record at %(place)s, to begin with "v=DMARC1; p=none".', place=place),
    )


def _texts(name: str) -> list[str]:
    """The TXT records of a name; none where there are none. Raises CannotLook."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=LOOKUP_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise CannotLook from error
    return [b"".join(record.strings).decode(errors="replace") for record in answer]


def _domain(address: str) -> str:
    return parseaddr(address)[1].rpartition("@")[2].lower()
