"""What a person found in an answer."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, HiddenField, SelectMultipleField
from wtforms.validators import ValidationError

from survey.forms import PageForm
from survey.taxonomy.models import Reason

#: keys that do something else on this page: no reason, skip, undo
TAKEN = "nsu"
#: what the chips are ticked with, in their order; further reasons have no key
KEYS = "1234567890" + "".join(letter for letter in ascii_lowercase if letter not in TAKEN)


class ReviewForm(PageForm):
    """The reasons as chips. `action` is save or skip, `back` where to go afterwards: the queue, or the list."""

    reasons = SelectMultipleField(_("Reasons"), validate_choice=False)
    none = BooleanField(_("No reason in it"))
    stream = HiddenField()
    back = HiddenField()
    action = HiddenField(default="save")

    def __init__(self, offered: Sequence[Reason], **given: Any) -> None:
        super().__init__(**given)
        self.offered = {reason.code: reason for reason in offered}

    @property
    def chips(self) -> list[tuple[str, Reason, bool]]:
        """Key, reason, whether it is ticked."""
        keys = [*KEYS, *([""] * len(self.offered))]
        ticked = set(self.reasons.data or ())
        return [(key, reason, reason.code in ticked) for key, reason in zip(keys, self.offered.values(), strict=False)]

    @property
    def state(self) -> str:
        return "skipped" if self.action.data == "skip" else "reviewed"

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(self.reasons.data or ()) if self.state == "reviewed" else frozenset()

    def validate_reasons(self, field: SelectMultipleField) -> None:
        if self.state == "skipped":
            return
        if not set(field.data or ()) <= set(self.offered):
            raise ValidationError(_("One of the reasons is no longer in use. Look at the list again."))
        if field.data and self.none.data:
            raise ValidationError(_("Choose reasons, or “no reason in it”, not both."))
        if not field.data and not self.none.data:
            raise ValidationError(_("Choose at least one reason, or “no reason in it”."))
