"""A run, from a dataset folder to an adapter folder: losses, steps, checkpoints, report."""
