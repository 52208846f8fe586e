"""The forms of a call: how it ended, when to call again, and what was heard besides the answers."""

from datetime import UTC, datetime
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Length, ValidationError

from survey.clock import local, now
from survey.forms import PageForm, SelectChoice
from survey.invitations.models import ContactPolicy
from survey.invitations.policy import after_quiet
from survey.questionnaires.versions import Version
from survey.responses.cleaning import clean
from survey.web import settings
from survey.winback.calls_outcomes import Heard

LONGEST_NOTE = 2000
LONGEST_WHY = 1000
#: Toyoda's five whys: by the fifth, most causes lie bare (T. Ohno, Toyota Production System, 1988)
WHYS = tuple(f"why_{number}" for number in range(1, 6))


def _cleaned(text: str | None) -> str:
    return clean(text or "")


def _note_field() -> TextAreaField:
    return TextAreaField(_l("Note"), filters=[_cleaned], validators=[Length(max=LONGEST_NOTE)])


def _why(label: Any) -> StringField:
    return StringField(label, filters=[_cleaned], validators=[Length(max=LONGEST_WHY)])


class NobodyForm(PageForm):
    """Nobody who could answer: which of the outcomes says the button."""

    note = _note_field()


class RefusedForm(PageForm):
    note = _note_field()
    never = BooleanField(_l("They asked never to be asked again, by mail or by phone: this cannot be taken back here"))


class LaterForm(PageForm):
    """When to call again, on the organisation's clock."""

    day = DateField(_l("Day"), validators=[InputRequired(_l("Choose a day."))])
    hour = TimeField(_l("Time"), validators=[InputRequired(_l("Choose a time."))])
    note = _note_field()

    def __init__(self, policy: ContactPolicy, expires_at: datetime, **more: Any) -> None:
        super().__init__(**more)
        self.policy, self.expires_at = policy, expires_at

    @property
    def moment(self) -> datetime:
        """What was agreed; for a form that was found valid."""
        if self.day.data is None or self.hour.data is None:
            raise ValueError("The form is not valid.")
        return datetime.combine(self.day.data, self.hour.data, tzinfo=settings().zone).astimezone(UTC)

    def validate_hour(self, field: TimeField) -> None:
        if self.day.data is None or field.data is None:
            return
        at = self.moment
        if at <= now():
            raise ValidationError(_("Choose a time that is still to come."))
        if at > self.expires_at:
            raise ValidationError(
                _("After %(day)s this customer is not asked any more.", day=format_date(self.expires_at, "d MMMM"))
            )
        if (quiet := after_quiet(self.policy, at)) != at:
            raise ValidationError(
                _("At that hour nobody is called: not before %(time)s.", time=f"{local(quiet):%H:%M}")
            )


class HeardForm(PageForm):
    """What is heard in a call besides the answers."""

    why_1 = _why(_l("Why was that?"))
    why_2 = _why(_l("And why was that?"))
    why_3 = _why(_l("And what is behind that?"))
    why_4 = _why(_l("And where does that come from?"))
    why_5 = _why(_l("And what would have had to be different?"))
    root = SelectField(_l("What it comes down to, as you understood it"), default="")
    consent = RadioField(
        _l("Did they agree to be called about offers?"),
        choices=[
            SelectChoice("", _l("Not spoken of")),
            SelectChoice("yes", _l("Yes, they said so in so many words")),
            SelectChoice("no", _l("No")),
        ],
        default="",
    )
    note = _note_field()

    def __init__(self, version: Version, language: str, given: "MultiDict[str, str] | None") -> None:
        super().__init__(formdata=given, prefix="talk-")
        nothing = SelectChoice("", str(_("Not known")))
        self.root.choices = [nothing, *(SelectChoice(each.code, each.label(language)) for each in version.options)]

    @property
    def whys(self) -> list[StringField]:
        return [self[name] for name in WHYS]

    def heard(self) -> Heard:
        """What was heard; for a form that was found valid."""
        whys = tuple(text for why in self.whys if (text := (why.data or "").strip()))
        consent = {"yes": True, "no": False}.get(self.consent.data or "")
        return Heard(whys, self.root.data or "", consent, self.note.data or "")


def typed_besides(given: "MultiDict[str, str]") -> dict[str, list[str]]:
    """The fields of `HeardForm` as they came in, to be kept with a form that is saved for later."""
    return {name: given.getlist(name) for name in given if name.startswith("talk-") and name != "talk-csrf_token"}
