"""Bias figures per culture and the report, from the store or an exported dataset alone."""
