"""How long somebody took: the form carries the moment at which it was shown, signed, so it needs no row."""

from functools import lru_cache

from itsdangerous import BadData, TimestampSigner

from survey.clock import now
from survey.web import settings

#: longer than this is not known to be time spent on the form
LONGEST_SECONDS = 86_400


def stamp(invitation_id: int) -> str:
    """The moment, signed for this invitation."""
    return _signer(settings().secret_key).sign(str(invitation_id)).decode()


def is_ours(stamped: str, invitation_id: int) -> bool:
    """Whether we signed this for that invitation."""
    return _shown_at(stamped, invitation_id) is not None


def seconds_since(stamped: str, invitation_id: int) -> int | None:
    """Whole seconds since then; None: not signed by us for this invitation, or over a day."""
    shown_at = _shown_at(stamped, invitation_id)
    if shown_at is None:
        return None
    seconds = max(0, int(now().timestamp() - shown_at))  # clocks of two machines may differ
    return seconds if seconds <= LONGEST_SECONDS else None


def _shown_at(stamped: str, invitation_id: int) -> float | None:
    try:
        number, moment = _signer(settings().secret_key).unsign(stamped, return_timestamp=True)
    except (BadData, UnicodeError):
        return None
    return moment.timestamp() if number == str(invitation_id).encode() else None


@lru_cache(maxsize=2)
def _signer(key: str) -> TimestampSigner:
    return TimestampSigner(key, salt="whyleft.shown")
