"""Small evidence made by hand, and audits of it."""

from typing import Any, TypeVar

from gravity.audit import evidence
from gravity.audit.evidence import Evidence
from gravity.audit.examine import Audit, examine
from gravity.audit.figures import Figure
from gravity.audit.settings import AuditSettings
from gravity.audit.tables import build
from gravity.frameworks.loader import Library

QUICK = AuditSettings(repeats=300)

T = TypeVar("T")


def pair(number: int, culture: str | None = "us", **fields: Any) -> dict[str, Any]:
    """A row of the table of pairs."""
    return {
        "id": f"{culture}-{number}", "reader": f"{culture}-r{number % 20}", "culture": culture, "track": "values",
        "framework": "hofstede", "dimension": "power_distance", "subject": f"seed {number % 25}", "scenario": None,
        "takes": None, "verdict": "vetted", "task": f"A task {number}.", "chosen": f"One way {number} and on.",
        "rejected": f"The other way {number} and on.", **fields,
    }  # fmt: skip


def pairs(rows: list[dict[str, Any]], **more: Any) -> Evidence:
    """Evidence of pairs alone."""
    return Evidence("test", pairs=build(rows, evidence.PAIRS), **more)


def audited(given: Evidence, settings: AuditSettings = QUICK) -> Audit:
    """The audit of some evidence."""
    return examine(given, settings, Library())


def named(made: Audit, name: str, culture: str = "", group: str | None = None) -> Figure:
    """The one figure of that name, culture and group."""
    found = [f for f in made.figures if f.name == name and f.culture == culture and group in (None, f.group)]
    assert len(found) == 1, [(f.name, f.culture, f.group) for f in found]
    return found[0]


def some(found: T | None) -> T:
    """What was found, where there must be something."""
    assert found is not None
    return found
