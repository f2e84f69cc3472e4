"""Writers set side by side for readers and books that they never met: who writes, for whom, what, and who judges."""
