"""What is known beforehand: frameworks, seeds, items, cultures, domains and the planted readers.

Data files live in `frameworks/data`; `loader` reads and validates them, `records` says what they hold.
"""
