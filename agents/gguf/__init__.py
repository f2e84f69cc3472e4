"""GGUF files: where one is found, what its header says, and how much memory it takes."""

from gravity.agents.gguf.files import ModelFile, locate
from gravity.agents.gguf.header import Header, read_header

__all__ = ["Header", "ModelFile", "locate", "read_header"]
