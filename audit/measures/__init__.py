"""The measures that ship with the audit, one a module. A further one is one more module and one more entry here."""

from gravity.audit.measure import Measure
from gravity.audit.measures import (
    coverage,
    critics,
    gold,
    judges,
    leakage,
    likeness,
    national_side,
    pass_rates,
    profiles,
    shortcuts,
    stances,
    swaps,
)

# In the order in which the report shows them.
SHIPPED: tuple[Measure, ...] = (
    pass_rates.MEASURE,
    stances.MEASURE,
    likeness.MEASURE,
    national_side.MEASURE,
    swaps.MEASURE,
    leakage.MEASURE,
    shortcuts.MEASURE,
    judges.MEASURE,
    critics.MEASURE,
    gold.MEASURE,
    profiles.MEASURE,
    coverage.MEASURE,
)
