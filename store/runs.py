"""A run, everything that shapes its results, and the tracks that its pairs belong to."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from gravity.frameworks.statistics import exact
from gravity.store.answers import call_key
from gravity.store.errors import StoreError
from gravity.store.records import FactKind, Row

ENOUGH = 10  # wrong labels from which they alone tell what a panel makes of such
Subject = Literal["seed", "item", "book"]


class Settings(BaseModel):
    """Base of what a run is set to: immutable, and a name nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Track(Settings):
    """A kind of pair: where its labels come from, and how its pairs are checked and split."""

    name: str
    """How pairs, lots and exported rows name it."""
    rests_on: FactKind | None
    """The kind of fact that its labels come from; None where they come from the reader's own ratings."""
    checked_by: str | None
    """The task of qualification in which judges show that they can check its pairs, of which a sample of each lot is
    judged end to end. None: the reader's own ratings need no judge."""
    hidden_from_panel: tuple[FactKind, ...]
    """The kinds of facts that the panel must not see when it checks a pair, or it would only repeat the label."""
    subject: Subject
    """What its pairs are about, and so the exported column that names it."""
    split_by_subject: bool
    """Whether what its pairs are about is split between train and test as well, and not the readers alone."""

    @model_validator(mode="after")
    def _inferences_are_checked(self) -> Self:
        if self.rests_on is not None and self.checked_by is None:
            raise ValueError(f"track '{self.name}' rests on a {self.rests_on}, which is inferred: judges must check it")
        return self


class RoleModels(Settings):
    """Which models play which role, by the names that votes and counts use."""

    profiler: str = ""
    """Infers the profiles."""
    checker: str | None = None
    """Is asked again about each stance, the other way round; None where nobody is."""
    writer: str = ""
    """Writes the scenarios."""
    judges: list[str] = []
    """Vote on scenarios and check samples of pairs, in cultures where they count."""
    critics: list[str] = []
    """Look for defects in scenarios."""

    @property
    def names(self) -> set[str]:
        """Every model that plays a role."""
        return {name for name in (self.profiler, self.checker, self.writer, *self.judges, *self.critics) if name}


class JudgingSettings(Settings):
    """How panels decide; the configuration's other settings of [judging] are kept beside as they were."""

    model_config = ConfigDict(extra="allow")

    acceptable_error: float = 0.1
    """The share of wrong labels (0 to 1) up to which a lot is accepted."""


class PanelRecord(Settings):
    """What a panel of pair judges did with the profiler's labels of gold cases, as it decides in a run."""

    right: int = 0
    """Labels that are right."""
    confirmed: int = 0
    """Of these, those that it confirmed."""
    refuted: int = 0
    """Of these, those whose other side it preferred; it left the others undecided."""
    wrong: int = 0
    """Labels that are wrong, what the profiler made up among them."""
    shared: int = 0
    """Of these, those that it confirmed."""
    slips: int = 0
    """Labels that a single asking of the profiler got wrong, whatever both askings came to."""
    slips_shared: int = 0
    """Of these, those that it confirmed."""

    @property
    def missed(self) -> tuple[int, int]:
        """How many wrong labels it confirmed, and of how many: of those that both askings got wrong, where these are
        ENOUGH or it took them another way than those of one asking, and else of the latter, which are more."""
        low, high = exact(self.shared, self.wrong)
        alike = self.slips > 0 and low <= self.slips_shared / self.slips <= high
        return (self.slips_shared, self.slips) if self.wrong < ENOUGH and alike else (self.shared, self.wrong)

    def settled(self) -> Self:
        """The record of a panel with people beside it who settle what it does not confirm, so that a right label is
        always confirmed."""
        return self.model_copy(update={"right": 0, "confirmed": 0, "refuted": 0})


class Checking(Settings):
    """Who checks samples of pairs of one kind in one culture."""

    judges: list[str] = []
    """Have a vote."""
    without_vote: list[str] = []
    """Qualified, and have none on what they inferred themselves."""
    record: PanelRecord = PanelRecord()
    """What those with a vote showed together."""


class Counting(Settings):
    """Who counts in one culture, as gold cases had shown when the run began."""

    judges: list[str] = []
    """Vote on scenarios."""
    checking: dict[str, Checking] = {}
    """Check samples of pairs, by the task of qualification that they have shown it in."""
    advisory_critics: list[str] = []
    """Failed on gold cases, so what they find blocks nothing."""
    qualified: bool
    """Whether enough models have shown that they can; else the culture's rows are marked."""


class RunSettings(Settings):
    """Everything that shapes the results of a run. What is not given stays empty."""

    domain: str = ""
    """What is recommended: books, ..."""
    tracks: list[Track] = []
    """The tracks that pairs are composed for."""
    roles: RoleModels = RoleModels()
    """Which models play which role."""
    models: dict[str, dict[str, Any]] = {}
    """What identifies each model, by its name in the configuration."""
    embedder: str = ""
    """What makes the vectors."""
    judging: JudgingSettings = JudgingSettings()
    """How panels decide."""
    counting: dict[str, Counting] = {}
    """Who counts, by culture."""
    calibration: dict[str, tuple[float, float] | None] = {}
    """Slope and intercept of the profiler's calibrated confidence by culture; None where it is not calibrated."""
    facet_calibration: dict[str, tuple[float, float] | None] = {}
    """The same of its confidence in facets."""
    qualifications: list[str] = []
    """The keys of the qualifications that decide who counts."""
    classifiers: dict[str, Any] = {}
    """The text classifiers that help the profiler: the section [classifiers] of the configuration."""
    curate: dict[str, Any] = {}
    """How pairs are made: what of the section [curate] shapes results."""
    prompts: dict[str, str] = {}
    """The hash of each prompt template, by name."""
    material: str = ""
    """A hash of seeds, items and shipped scenarios."""
    seeds: int = 0
    """How many seeds readers are asked about."""
    scenarios_per_seed: int = 0
    """How many scenarios each seed gets in each culture."""

    def track(self, name: str) -> Track:
        """The run's track of that name. Raises StoreError where it has none."""
        for track in self.tracks:
            if track.name == name:
                return track
        known = ", ".join(track.name for track in self.tracks) or "none"
        raise StoreError(f"the run has no track '{name}' (its tracks: {known}): name one of these")


class Run(Row):
    """One execution: its id is a hash of its settings, so another setting makes another run."""

    id: str
    settings: RunSettings = RunSettings()


def run_with(settings: RunSettings) -> Run:
    """The run that these settings make."""
    return Run(id=call_key(settings.model_dump(mode="json"))[:16], settings=settings)
