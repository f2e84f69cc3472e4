"""What tasks have in common whose gold cases are texts with a planted fault and their clean twins."""

from gravity.agents.qualification.task import Bar, Task
from gravity.frameworks.statistics import wilson
from gravity.store.records import Qualification


class TwinTask(Task):
    """Finding planted faults, `gold_name`, and raising none about the clean twins. A culture without anyone who counts
    is qualified all the same."""

    role = "critics"
    needed = False

    def qualifies(self, found: Qualification, bar: Bar) -> bool:
        """Whether it finds faults clearly more often than it raises false alarms: the two intervals do not overlap."""
        return wilson(found.right, found.cases).low > wilson(found.alarms, found.clean).high

    def error_rates(self, found: Qualification) -> dict[str, tuple[int, int]]:
        """Faults that were missed, and clean twins that gave alarm."""
        return {"misses": (found.cases - found.right, found.cases), "false alarms": (found.alarms, found.clean)}


def overlap(text: str, quote: str, other: str) -> bool:
    """Whether two quotes share words of a text in which both stand."""
    start, second = text.index(quote), text.index(other)
    return start < second + len(other) and second < start + len(quote)
