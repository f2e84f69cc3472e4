"""Personality by facet: asked of each half of a reader's reviews, twice, and how far that can be relied on."""
