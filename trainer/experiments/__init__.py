"""Training again on parts of a dataset: ablation and transfer."""
