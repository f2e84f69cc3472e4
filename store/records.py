"""The records that the store keeps. Ids are made from content, so that writing twice doubles nothing."""

import hashlib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["vetted", "rejected", "failed", "held"]
FactKind = Literal["demographic", "interest", "stance", "facet"]
Source = Literal["", "shown", "carried over"]
Severity = Literal["minor", "severe"]
Side = Literal["endorsing", "opposing"]
Label = Literal["chosen", "rejected"]
Component = Literal["demographics", "interests", "personality", "values"]
Decided = Literal["keep", "flip", "edit", "reject"]
# What a label from ratings rests on, the surest kind first, and what later ratings of the same reader say of it.
RestsOn = Literal["own rating", "category ratings", "readers alike", "near and unread"]
Outcome = Literal["confirmed", "tied", "contradicted"]
LotVerdict = Literal["vetted", "withheld", "review", "unchecked"]

LEVELS = ("high", "low")  # of a facet, where it is known
# What a label says, and what it says when its sides are swapped.
OPPOSITE = {"agree": "disagree", "disagree": "agree", "high": "low", "low": "high"}
DECIDED_FIELDS = {"chosen", "rejected", "takes", "verdict", "reason"}  # what a person's decision can change of a pair


def content_id(*parts: object) -> str:
    """A 16-digit id that is the same for the same parts."""
    joined = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


class Row(BaseModel):
    """Base of all records: immutable."""

    model_config = ConfigDict(frozen=True)


class Review(Row):
    """One review. `rating` is 1 to 5, `time` seconds since 1970, `source` the file and line it came from."""

    id: str
    reader: str
    book: str
    rating: float
    title: str
    text: str
    time: int | None
    source: str


class Book(Row):
    """One item of the domain; `categories` run from the widest to the narrowest."""

    id: str
    title: str
    author: str | None = None
    description: str = ""
    categories: list[str] = Field(default_factory=list)


class Reader(Row):
    """What was given about a reader; None where nothing was."""

    id: str
    culture: str | None = None
    gender: str | None = None
    age: str | None = None
    location: str | None = None


class Refusal(Row):
    """A row that was not taken in, where it stood, and why."""

    source: str
    line: int
    reason: str
    detail: str


class Provenance(Row):
    """What made an inference: the model's name, the hash of its prompt, and the key of the kept answer."""

    model: str
    prompt: str = ""
    call: str = ""


class Fact(Row):
    """One thing inferred about a reader in a run.

    `kind` and `name` say what: ("demographic", "gender"), ("interest", a category), ("stance", a seed id),
    ("facet", a facet's id). `confidence` is 0 to 1; `evidence` holds review ids, and `views` the ids of the reader's
    views in them that it rests on, where it rests on views. "unknown" is a value too, and so is "failed", with its
    `reason`.
    `source` says where a stance that was taken comes from: the reader's views show it, or it is carried over from
    others that they show; empty for everything else. `score` says where a reader stands between the ends of a facet, 0
    at the low one to 100 at the high one; None where nothing bears on it, and for everything else.
    """

    run: str
    reader: str
    kind: FactKind
    name: str
    value: str
    confidence: float
    evidence: list[str]
    views: list[str] = Field(default_factory=list)
    made_by: Provenance
    reason: str = ""
    source: Source = ""
    score: float | None = None
    checked_by: Provenance | None = None


class Shown(Row):
    """The stance that one half (0 or 1) of a reader's reviews shows toward a seed; the other half tests it."""

    run: str
    reader: str
    seed: str
    half: int
    stance: str
    confidence: float


class Draft(Row):
    """A scenario pair as one call wrote it: the situation and how it goes on for either side."""

    situation: str
    endorsing: str
    opposing: str
    made_by: Provenance


class Vote(Row):
    """A judge's answer about a draft. `order` is the side shown first; `endorses` the side it chose. It is not
    `answered` where the judge gave no usable answer, for the `reason` given."""

    judge: str
    order: Side
    endorses: Literal["endorsing", "opposing", "both", "neither"] | None
    confidence: float
    reason: str
    made_by: Provenance
    answered: bool = True


class Finding(Row):
    """A critic's remark about a draft; severe ones block it."""

    critic: str
    kind: str
    quote: str
    severity: Severity
    repair: str
    made_by: Provenance


class Round(Row):
    """One round of a scenario: the draft and what critics and judges said of it."""

    draft: Draft
    findings: list[Finding] = Field(default_factory=list)
    votes: list[Vote] = Field(default_factory=list)


class Scenario(Row):
    """A scenario pair for one seed in one culture: every round of it, and what became of it."""

    id: str
    run: str
    seed: str
    culture: str
    slot: int
    rounds: list[Round]
    verdict: Verdict
    reason: str

    @property
    def draft(self) -> Draft:
        """The last draft. Raises IndexError where none could be written."""
        return self.rounds[-1].draft


class CardLine(Row):
    """A line of a profile card that tells of the reader: of what, and the line itself, word for word.

    `framework` is that of the trait ("big five") or of the view; None for the other components and for the heading of
    the views. `seed` is the id of a view's seed.
    """

    component: Component
    framework: str | None
    seed: str | None
    text: str


class Pair(Row):
    """A preference pair with its decision trail.

    `prompt`, `chosen` and `rejected` are message lists. `subject` is what the pair is about: a seed id, an
    item id, or a book id. `takes` is what its label says of the reader: that they agree or disagree with the seed, or
    are high or low in the facet; None where ratings made it. `basis` says in words what made the chosen side chosen;
    `scenario` names the scenario, and `fact` the (kind, name) of the reader's fact, that it rests on. `profile` holds
    the lines of the card in the prompt. `qualified` is False where the models that made its label had not shown on
    gold cases that they can.

    Where ratings made the label, `rests_on` says which, `confidence` (0 to 1) how likely it holds, and `ratings` how
    many ratings of the chosen and of the rejected side it rests on; `tested` is what ratings that were held back say of
    it, None where they say nothing.
    """

    id: str
    run: str
    reader: str
    culture: str
    track: str
    framework: str
    dimension: str
    subject: str
    takes: str | None
    scenario: str | None
    fact: list[str] | None
    profile: list[CardLine]
    prompt: list[dict[str, str]]
    chosen: list[dict[str, str]]
    rejected: list[dict[str, str]]
    basis: str
    prompts: dict[str, str]
    verdict: Verdict
    reason: str
    qualified: bool = True
    rests_on: RestsOn | None = None
    confidence: float | None = None
    ratings: list[int] = Field(default_factory=list)
    tested: Outcome | None = None

    def flipped(self) -> "Pair":
        """The pair with its sides swapped, and so with a label that says the opposite (None where that has no name)."""
        takes = OPPOSITE.get(self.takes) if self.takes else None
        return self.model_copy(update={"chosen": self.rejected, "rejected": self.chosen, "takes": takes})


class RatedTest(Row):
    """What a kind of label from ratings is worth, tried on a book that the reader did rate, in ratings held back.

    As if it had not been rated, what the label `rests_on` would have had the book `rejected` for the liked one,
    `chosen`; the `outcome` is whether it was in fact rated lower.
    """

    run: str
    reader: str
    culture: str
    track: str
    rests_on: RestsOn
    chosen: str
    rejected: str
    outcome: Outcome


class Choice(Row):
    """A judge's answer to which side of a pair its reader would prefer; None: it cannot tell, or gave no answer.

    `order` is the side shown first. It is not `answered` where the judge gave no usable answer, for the `reason` given.
    """

    judge: str
    order: Label
    prefers: Label | None
    confidence: float
    reason: str
    made_by: Provenance
    answered: bool = True


class Check(Row):
    """A sampled pair, judged end to end: the panel's choices and what they come to (None: undecided)."""

    pair: str
    run: str
    choices: list[Choice]
    prefers: Label | None


class Decision(Row):
    """What a person made of a pair, and what of it the decision could change, as it was `before`. It is `blind` where
    the pair was drawn by chance and the person was told neither its label nor what the panel said."""

    run: str
    pair: str
    decided: Decided
    by: str
    time: str
    before: dict[str, Any]
    blind: bool = False


class Lot(Row):
    """All vetted pairs of one culture and track, and what is known of their labels.

    At most `sample` pairs are to be checked, of which `spared` need not be any more. Of those that were, the panel or a
    person `agreed` with the label, was `against` it, or left it `undecided`. The share of wrong labels lies between
    `low` and `high`; where `only_confirmed`, this is of the confirmed pairs, and they alone may leave. `people` are
    the answers of people about pairs drawn by chance: (wrong, all).
    """

    culture: str
    track: str
    pairs: int
    sample: int
    agreed: int
    against: int
    undecided: int
    low: float
    high: float
    verdict: LotVerdict
    reason: str
    spared: int = 0
    only_confirmed: bool = False
    people: tuple[int, int] = (0, 0)

    @property
    def checked(self) -> int:
        """How many of the sample were checked."""
        return self.agreed + self.against + self.undecided

    @property
    def measured(self) -> bool:
        """Whether the interval says anything."""
        return self.high < 1 or self.low > 0


class Unanswered(Row):
    """How many things of a kind (`what`, in the singular) a run left pending for one `reason`; `of` names what they
    belong to, where that is not the run."""

    what: str
    of: str = ""
    reason: str
    items: int


class Qualification(Row):
    """What a model showed on the gold cases of one task in one culture.

    `key` is a hash of all that it depends on: the model, its prompts, the gold set. Of `cases`, `answered` got
    a steady answer and `right` of these the right one; in `telling` of them the right answer is one and not that it
    cannot be told, and `told` of these were answered. Where two orders were asked, `consistent` of `swapped`
    cases got the same answer in both; `first` of the `sided` answers named the side shown first. For critics a
    case is a planted defect, `answered` is `cases`, and `alarms` of `clean` twins were blocked. For readers of views
    `answered` are the views that were kept and `right` those of them that are the writer's own, `found` of the gold
    views that are `there` were found, as `found_kinds` says by kind, and something was kept in `alarms` of the `clean`
    cases, which have no view. `kinds` holds
    (cases, right) by kind of case, and `error_rates` (wrong, cases) by name. `calibration` is a slope and an
    intercept, fitted on other cases than these, as `calibrated_on` says. Where cases are labels, `outcomes` holds
    (right label, label that was given, label of the first asking alone) by case.
    """

    key: str
    task: str
    culture: str
    model: str
    time: str
    cases: int
    answered: int
    right: int
    telling: int = 0
    told: int = 0
    swapped: int = 0
    consistent: int = 0
    sided: int = 0
    first: int = 0
    clean: int = 0
    alarms: int = 0
    there: int = 0
    found: int = 0
    brier: float | None = None
    ece: float | None = None
    ece_interval: tuple[float, float] | None = None
    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    kinds: dict[str, tuple[int, int]] = Field(default_factory=dict)
    found_kinds: dict[str, tuple[int, int]] = Field(default_factory=dict)
    error_rates: dict[str, tuple[int, int]] = Field(default_factory=dict)
    calibration: tuple[float, float] | None = None
    calibrated_on: str = ""
    outcomes: dict[str, tuple[str, str | None, str | None]] = Field(default_factory=dict)
