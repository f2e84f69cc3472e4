"""Base models: where they are found, how they are loaded, and how one writes a description."""
