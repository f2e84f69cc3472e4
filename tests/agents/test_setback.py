import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gravity.agents.rate.setback import allowance
from gravity.store.responses import wait

# In place of a time so many seconds ahead, which is not to pass between the collection of the tests and their run.
AHEAD = re.compile(r"(date|milliseconds|iso)\+(\d+)")


def now_ahead(headers: dict[str, str]) -> dict[str, str]:
    """The headers with the times that they stand for by now."""

    def time(found: re.Match[str]) -> str:
        ahead = datetime.now(UTC) + timedelta(seconds=int(found[2]))
        forms = {"date": format_datetime(ahead, usegmt=True), "iso": ahead.isoformat()}
        return forms.get(found[1], str(int(ahead.timestamp() * 1000)))

    return {name: AHEAD.sub(time, value) for name, value in headers.items()}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "date+90"}, 90),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_the_pause_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert wait(now_ahead(headers)) == (None if seconds is None else pytest.approx(seconds, abs=5))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-ratelimit-remaining-requests": "59", "x-ratelimit-reset-requests": "1s"}, (59, 1)),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, (0, 360)),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"}, (0, 0.02)),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "milliseconds+40"}, (3, 40)),
        (
            {
                "anthropic-ratelimit-requests-remaining": "7",
                "anthropic-ratelimit-requests-reset": "iso+30",
            },
            (7, 30),
        ),
        # Tokens are no calls, but without any no call is taken.
        ({"x-ratelimit-remaining-tokens": "149984", "x-ratelimit-reset-tokens": "6m0s"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "30s"}, (0, 30)),
        ({"x-ratelimit-remaining-requests": "many", "x-ratelimit-reset-requests": "1s"}, None),
        ({"x-ratelimit-remaining-requests": "5"}, None),
    ],
)
def test_rate_limits_are_read_from_headers(headers: dict[str, str], expected: tuple[int, float] | None) -> None:
    found = allowance(now_ahead(headers))
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert found[0] == expected[0]
        assert found[1] == pytest.approx(expected[1], abs=5)
