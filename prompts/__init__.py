"""Every word that is sent to a model: one template a file, read by `gravity.agents.prompting`."""
