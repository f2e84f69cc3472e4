"""The gain corrected for the judges' errors, by what their panel showed on gold cases.

A panel that gives the right answer in a share s of cases that have one, and the wrong one in a share f, shrinks any
true gain to (s - f) times itself, so the true gain is the judged one over s - f (Rogan & Gladen 1978, American Journal
of Epidemiology 107:71, for a gain in place of a prevalence). It is assumed that the gold cases are as hard as the
comparisons, and that where a reader would not mind the panel leans to neither writer.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from gravity.audit.resampling import Estimate
from gravity.audit.tables import Floats
from gravity.compare.estimates import linear, t_of
from gravity.compare.evidence import PanelOnGold
from gravity.trainer.clusters import Clusters


def corrected(
    outcomes: Floats,
    cultures: Sequence[str],
    clusters: Clusters,
    panels: Mapping[str, PanelOnGold],
    least: int,
) -> Estimate | None:
    """The gain over cells of these cultures, each corrected by its own panel.

    The interval is Fieller's (1954, JRSS B 16:175), which takes in that s - f is an estimate from so many gold cases;
    where the gains of cultures differ, what that adds is by the delta method. None where a culture's panel was tried
    on fewer than `least` cases with a right answer, or is not clearly better than chance.
    """
    names, place = np.unique(np.asarray(cultures, dtype=str), return_inverse=True)
    keeps: list[tuple[float, float]] = []
    for name in names:
        panel = panels.get(str(name))
        if panel is None or panel.telling < least or (kept := _keeps(panel)) is None:
            return None
        keeps.append(kept)
    if not keeps:
        return None
    kept, variances = np.array(keeps).T
    values = (2 * outcomes - 1) / kept[place]
    value, weights = float(values.mean()), np.bincount(place) / len(place)
    of_cultures = np.bincount(place, values) / np.bincount(place)
    loose = variances / kept**2 * weights**2
    more = float((np.maximum(of_cultures**2 - value**2, 0) * loose).sum())
    found = linear(value, values - value, clusters, farthest=1 / float(kept.min()), more=more)
    if found is None:
        return None
    t = t_of(found.freedom)
    ends = _fieller(value, found.error, float(loose.sum()), t)
    if ends is None:
        return None
    low, high = (min(1.0, max(-1.0, end)) for end in ends)
    error = math.hypot(found.error, value * math.sqrt(float(loose.sum())))
    return Estimate(min(1.0, max(-1.0, value)), low, high, error, found.freedom)


def _keeps(panel: PanelOnGold) -> tuple[float, float] | None:
    """What a panel keeps of a true gain, s - f, and its variance; None where the 95% interval holds 0."""
    right, wrong = panel.right / panel.telling, panel.wrong / panel.telling
    # A case more of each kind, so that a panel that never erred is not taken to be without error.
    n = panel.telling + 3
    s, f = (panel.right + 1) / n, (panel.wrong + 1) / n
    kept, variance = right - wrong, (s + f - (s - f) ** 2) / n
    return (kept, variance) if kept > t_of(panel.telling - 1) * math.sqrt(variance) else None


def _fieller(value: float, error: float, loose: float, t: float) -> tuple[float, float] | None:
    """The true gains x for which value - x is within t of its error, of which `loose` x^2 comes from the gold cases;
    None where there is no end to them."""
    room = 1 - t**2 * loose
    if room <= 0:
        return None
    half = t * math.sqrt(max(0.0, error**2 * room + loose * value**2))
    return (value - half) / room, (value + half) / room
