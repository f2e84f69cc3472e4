"""The measures of a comparison of writers, one a module, in the order in which the report shows them."""

from gravity.audit.measure import Measure
from gravity.compare.study import Study

SHIPPED: tuple[Measure[Study], ...] = ()
