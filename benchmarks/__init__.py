"""Measurements. Each script prints what it found and ends with one line of JSON that holds its figures."""
