"""Variants of a dataset, made from a run's pairs without a call: the baselines that the plain export is measured
against, by Gravity's own definitions."""

from collections.abc import Callable, Mapping

from gravity.agents.variants import group, naive
from gravity.agents.variants.material import Material
from gravity.store.dataset import Variant

VARIANTS: Mapping[str, Callable[[Material], Variant]] = {"naive": naive.variant, "group": group.variant}

__all__ = ["VARIANTS", "Material"]
