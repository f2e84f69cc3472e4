"""LangGraph wiring and nothing else: read top to bottom, each module is its diagram."""
