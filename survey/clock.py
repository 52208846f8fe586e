"""The one place that asks what time it is."""

from datetime import UTC, date, datetime

from survey.web import settings


def now() -> datetime:
    """The moment, in UTC and aware."""
    return datetime.now(UTC)


def today() -> date:
    """The organisation's date, in its own time zone."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """A moment as the organisation's wall clock shows it."""
    return moment.astimezone(settings().zone)
