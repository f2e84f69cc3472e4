"""Views that readers let show: found chunk by chunk, refuted by a second asking, merged within a reader."""
