"""A judge and a profiler without a language model: a text is compared with a view and with its opposite.

The figure is the text's lean, text . (view - opposite), in the embedder's space: for the embedder that a head was
trained for, of the text as the head reads it and in log-odds; for another, of the whole text, as a difference of
cosines. It sees topics, tone and place in the text, and little of irony or of whose view it is; how often it is
right is for a qualification to say.
"""

from gravity.agents.contrast.head import contrast_name
from gravity.agents.contrast.judge import ContrastJudge
from gravity.agents.contrast.profiler import ContrastProfiler

__all__ = ["ContrastJudge", "ContrastProfiler", "contrast_name"]
