"""Did it help? Held-out rows and controls, ablation, transfer; figures with intervals, plots, reports."""
