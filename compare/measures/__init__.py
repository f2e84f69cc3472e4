"""The measures of a comparison of writers, one a module. A further one is one more module and one more entry here."""

from gravity.audit.measure import Measure
from gravity.compare.measures import faults, groups, interest, judges, line_up, personalisation, preference, texts
from gravity.compare.study import Study

# In the order in which the report shows them.
SHIPPED: tuple[Measure[Study], ...] = (
    preference.MEASURE,
    personalisation.MEASURE,
    line_up.MEASURE,
    interest.MEASURE,
    faults.MEASURE,
    texts.MEASURE,
    groups.MEASURE,
    judges.MEASURE,
)
