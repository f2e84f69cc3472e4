"""The measures that ship with the audit, one a module. A further one is one more module and one more entry here."""

from gravity.audit.measure import Measure
from gravity.audit.measures import (
    constructs,
    coverage,
    critics,
    distinction,
    gold,
    judges,
    leakage,
    likeness,
    national_side,
    pass_rates,
    profiles,
    reliability,
    shortcuts,
    stances,
    swaps,
    views,
)
from gravity.audit.study import Study
from gravity.frameworks.plugins import registry

# In the order in which the report shows them.
SHIPPED: tuple[Measure[Study], ...] = (
    pass_rates.MEASURE,
    stances.MEASURE,
    constructs.MEASURE,
    likeness.MEASURE,
    distinction.MEASURE,
    national_side.MEASURE,
    swaps.MEASURE,
    leakage.MEASURE,
    shortcuts.MEASURE,
    judges.MEASURE,
    critics.MEASURE,
    gold.MEASURE,
    views.MEASURE,
    profiles.MEASURE,
    reliability.MEASURE,
    coverage.MEASURE,
)


def measures() -> list[Measure[Study]]:
    """The shipped measures and those that other installed packages add. Raises PluginError."""

    def name(measure: Measure[Study]) -> str:
        return f"{measure.section.name} ({', '.join(measure.words)})"

    return list(registry("measures", SHIPPED, name, lambda found: isinstance(found, Measure), "a Measure").values())
