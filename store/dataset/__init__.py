"""Exports a run as a dataset folder that `datasets.load_dataset` opens and TRL trains on."""

from gravity.store.dataset.exported import Export
from gravity.store.dataset.rows import SCHEMA
from gravity.store.dataset.variant import Remake, Variant, Varied
from gravity.store.dataset.writing import export

__all__ = ["SCHEMA", "Export", "Remake", "Variant", "Varied", "export"]
