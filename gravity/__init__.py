"""The front door: command line, configuration, and what ties the parts together."""
