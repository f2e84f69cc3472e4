"""The thresholds of a comparison of writers, each with its default and what it is for."""

from pydantic import BaseModel, ConfigDict, Field


class CompareSettings(BaseModel):
    """When a figure can carry a claim, and when it becomes a finding."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    alpha: float = Field(0.05, gt=0, lt=0.5)
    """Bounds the error of the tests stated beforehand together (Holm), and the share of false findings among the
    exploratory ones (Benjamini-Hochberg)."""
    min_cells: int = Field(30, ge=10)
    """Fewer pairs of a reader and a book are insufficient."""
    min_readers: int = Field(6, ge=3)
    """Fewer readers are insufficient: what they like varies more than what one of them says of several books."""
    min_books: int = Field(6, ge=3)
    """Fewer books are insufficient."""
    min_gold: int = Field(30, ge=10)
    """Fewer gold cases that have a right answer do not tell what a panel is worth."""
    telling_gain: float = Field(0.10, gt=0, lt=1)
    """A gain that should have been seen: where there are enough cells to show it and none is shown, that is told."""
    inventing: float = Field(0.05, ge=0, lt=1)
    """The share of a writer's texts that may say something of a book that its description does not."""
    flattery_margin: float = Field(0.02, ge=0, lt=1)
    """A share of texts that address or praise the reader, beyond the original's, that is too small to matter."""
    copying: float = Field(0.5, gt=0, lt=1)
    """The mean ROUGE-L with the book's own description above which texts are copied more than written."""
    language: float = Field(0.98, gt=0, le=1)
    """The share of texts that should be in the language of the book's own description."""
    cut: float = Field(0.02, ge=0, lt=1)
    """The share of texts that may be cut by a token limit."""
    coverage: float = Field(0.7, ge=0, lt=1)
    """The share of comparisons that judges should decide, and of their answers that should be the same in both
    orders. Where fewer are, ties may be silence."""
    position_margin: float = Field(0.02, ge=0, lt=0.5)
    """The distance from one half that is too small to matter for what the first seat wins."""
    agreement: float = Field(0.4, ge=0, lt=1)
    """Krippendorff's alpha that judges should reach. Taste is no matter of fact: this is below the 0.667 of the
    audit's judges of scenarios."""
