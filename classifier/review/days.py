"""Times and days on the bank's clock, which is that of Beijing; the store itself writes UTC."""

from datetime import UTC, datetime, timedelta, timezone

from classifier.errors import ReviewError

CHINA = timezone(timedelta(hours=8))
# As many signs of a stored time as name the hour: Beijing's days begin on a whole hour of UTC.
HOUR = len("2026-01-31T16")


def local_time(at: str) -> str:
    """A stored time as the bank's clock shows it.

    >>> local_time("2026-11-21T16:35:07.000000Z")
    '2026-11-22 00:35:07'
    """
    return datetime.fromisoformat(at).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def day_of(hour: str) -> str:
    """The day on which an hour of stored time lies.

    >>> day_of("2026-11-21T16"), day_of("2026-11-21T15")
    ('2026-11-22', '2026-11-21')
    """
    return datetime.fromisoformat(hour).replace(tzinfo=UTC).astimezone(CHINA).date().isoformat()


def day_range(first_day: str, last_day: str) -> tuple[str, str]:
    """The bounds of days as beginnings of stored times, the upper one excluded; empty where there is none.

    >>> day_range("2026-11-22", "2026-11-22")
    ('2026-11-21T16', '2026-11-22T16')
    """
    try:
        first = _begins(first_day, 0) if first_day else ""
        after = _begins(last_day, 1) if last_day else ""
    except (ValueError, OverflowError) as error:
        raise ReviewError("日期读不懂：请写成 2026-01-31 的样子。") from error
    return first, after


def _begins(day: str, later: int) -> str:
    midnight = datetime.fromisoformat(day).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=CHINA)
    return (midnight + timedelta(days=later)).astimezone(UTC).strftime("%Y-%m-%dT%H")
