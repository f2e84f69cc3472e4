"""Exports a run as a dataset folder that `datasets.load_dataset` opens and TRL trains on."""

from gravity.store.dataset.rows import SCHEMA
from gravity.store.dataset.writing import Export, export

__all__ = ["SCHEMA", "Export", "export"]
