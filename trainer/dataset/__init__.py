"""An exported dataset: what a row must hold, the splits on disk, and the profile inside a prompt."""
