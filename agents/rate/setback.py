"""What became of a call that brought no answer, and how many calls a server still takes, from its headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

OVERLOAD = {429, 503, 529}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


@dataclass(frozen=True)
class Setback:
    """A call that may be tried again: whether the server is overloaded, and the seconds that it asks to wait."""

    overload: bool
    wait: float | None = None


def allowance(headers: Mapping[str, str]) -> tuple[int, float] | None:
    """How many calls the server still takes, and in how many seconds it takes more again; None where it does not say.

    Of tokens it is known only that none are left.
    """
    found = []
    for prefix in ("x-ratelimit-", "anthropic-ratelimit-"):
        for what in ("-requests", "-tokens", ""):
            names = (f"{prefix}remaining{what}", f"{prefix}reset{what}")
            if prefix.startswith("anthropic"):
                names = (f"{prefix}{what[1:]}-remaining", f"{prefix}{what[1:]}-reset")
            left, reset = _number(headers.get(names[0])), _until(headers.get(names[1]))
            if left is not None and reset and (what != "-tokens" or left < 1):
                found.append((int(left), reset))
    return min(found, default=None)


def _number(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text is not None else None
    except ValueError:
        return None


def _until(text: str | None) -> float | None:
    """Seconds from a duration such as 6m0s, a number of seconds, a date, or a time since 1970 in (milli)seconds."""
    if text is None:
        return None
    if (number := _number(text)) is not None:
        if number < 1e9:
            return number
        return max(0.0, (number / 1000 if number > 1e11 else number) - datetime.now(UTC).timestamp())
    if parts := _DURATION.findall(text):
        return sum(float(amount) * _UNITS[unit] for amount, unit in parts)
    try:
        return max(0.0, (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
