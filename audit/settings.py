"""The thresholds of the audit, each with its default and what it is for."""

from pydantic import BaseModel, ConfigDict, Field


class AuditSettings(BaseModel):
    """When a figure can carry a claim, and when it becomes a finding.

    `alpha` bounds the error of the gates together (Holm) and the share of false findings among the exploratory
    ones (Benjamini-Hochberg). Fewer rows than `min_rows` or fewer clusters than `min_clusters` are insufficient:
    80% power for an impact ratio of 0.8 takes 122 rows a culture at a pass rate of 0.8 and 388 at 0.5. Of gold cases,
    of which each stands for itself, `min_gold` are enough.

    `four_fifths` is the impact ratio below which a disparity is adverse. `national_share` is the share of pairs
    on the national mean's side, and `alike` the excess of agreement among a culture's readers over that with other
    cultures' readers, above which stances look like a stereotype. `leak_per_1000` counts words of other cultures in
    1,000. The margins are distances from one half (or from no difference) that are too small to matter:
    `length_margin` and `style_margin` for what length or words alone tell, `position_margin` for what the first seat
    wins, `parity_margin` for gaps between cultures in flips, errors and recovery. `agreement` is the Krippendorff's
    alpha that judges should reach, 0.667 by Krippendorff (2004).

    `repeats` are bootstrap draws; `texts` bounds the pairs a culture that the bag of words reads, `swaps` the
    cases a culture that are put to models with their markers swapped.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    alpha: float = Field(0.05, gt=0, lt=0.5)
    min_rows: int = Field(100, ge=10)
    min_clusters: int = Field(10, ge=5)
    min_gold: int = Field(30, ge=10)
    four_fifths: float = Field(0.8, gt=0, lt=1)
    national_share: float = Field(0.65, ge=0.5, lt=1)
    alike: float = Field(0.15, ge=0, lt=1)
    leak_per_1000: float = Field(0.5, ge=0)
    length_margin: float = Field(0.05, ge=0, lt=0.5)
    style_margin: float = Field(0.05, ge=0, lt=0.5)
    position_margin: float = Field(0.02, ge=0, lt=0.5)
    parity_margin: float = Field(0.05, ge=0, lt=0.5)
    agreement: float = Field(0.667, ge=0, lt=1)
    repeats: int = Field(1_000, ge=200)
    texts: int = Field(2_000, ge=100)
    swaps: int = Field(50, ge=1)
