"""The thresholds of the audit, each with its default and what it is for."""

from pydantic import BaseModel, ConfigDict, Field


class AuditSettings(BaseModel):
    """When a figure can carry a claim, and when it becomes a finding."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    alpha: float = Field(0.05, gt=0, lt=0.5)
    """Bounds the error of the gates together (Holm), and the share of false findings among the exploratory ones
    (Benjamini-Hochberg)."""
    min_rows: int = Field(100, ge=10)
    """Fewer rows are insufficient: 80% power for an impact ratio of 0.8 takes 122 rows a culture at a pass rate of 0.8
    and 388 at 0.5."""
    min_clusters: int = Field(10, ge=5)
    """Fewer clusters, such as seeds, are insufficient."""
    min_gold: int = Field(30, ge=10)
    """So many gold cases are enough, of which each stands for itself."""
    four_fifths: float = Field(0.8, gt=0, lt=1)
    """The impact ratio below which a disparity is adverse."""
    national_share: float = Field(0.65, ge=0.5, lt=1)
    """The share of pairs on the national mean's side above which stances look like a stereotype."""
    alike: float = Field(0.15, ge=0, lt=1)
    """The excess of agreement among a culture's readers, over that with other cultures' readers, above which stances
    look like a stereotype."""
    leak_per_1000: float = Field(0.5, ge=0)
    """Words of other cultures in 1,000 above which texts are not of their own culture."""
    length_margin: float = Field(0.05, ge=0, lt=0.5)
    """The distance from one half that is too small to matter for what length alone tells."""
    style_margin: float = Field(0.05, ge=0, lt=0.5)
    """The same for what words alone tell."""
    position_margin: float = Field(0.02, ge=0, lt=0.5)
    """The same for what the first seat wins."""
    parity_margin: float = Field(0.05, ge=0, lt=0.5)
    """The difference between cultures that is too small to matter in flips, errors, recovery and coverage."""
    agreement: float = Field(0.667, ge=0, lt=1)
    """Krippendorff's alpha that judges should reach: 0.667 by Krippendorff (2004)."""
    repeats: int = Field(1_000, ge=200)
    """Bootstrap draws."""
    texts: int = Field(2_000, ge=100)
    """Pairs a culture that the bag of words reads at most."""
    swaps: int = Field(50, ge=1)
    """Cases a culture that are put to models with their markers swapped, at most."""
