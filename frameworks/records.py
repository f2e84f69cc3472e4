"""The typed records of what is known beforehand."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Pole = Literal["high", "low"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
Trait = Literal["openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism"]


class Record(BaseModel):
    """Base of all records here: immutable, and a field nobody declared is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Dimension(Record):
    """A dimension of a framework, and what holding each pole means.

    `axis` and `sign` relate a World Values Survey section to its cultural map: sign +1 means that the
    high pole lies toward the axis's second name, -1 toward its first, 0 that it lies on neither.
    """

    high: Text
    low: Text
    group: str | None = None
    axis: str | None = None
    sign: Literal[-1, 0, 1] = 0


class Framework(Record):
    """A theory of values: its full name and its dimensions by name."""

    name: Text
    dimensions: dict[str, Dimension]


class Seed(Record):
    """One statement with its opposite. `pole` is the pole of the dimension that the statement takes."""

    id: Text
    framework: Text
    dimension: Text
    pole: Pole
    statement: Text
    opposite: Text
    topics: list[Text] = Field(min_length=1)


class Ends(Record):
    """What being high and being low in a facet means, each so that people at that end would own to it."""

    high: Text
    low: Text


class Facet(Ends):
    """A facet of one of the five traits."""

    id: Text
    trait: Trait


class Item(Record):
    """One personality question with the answer of someone high and of someone low in its facet.

    `key` is "+" where going along with the question is the high answer, "-" where it is the low one.
    """

    id: Text
    trait: Trait
    facet: Text
    key: Literal["+", "-"]
    question: Text
    high: Text
    low: Text
    source: Literal["own", "ipip", "trait", "big5chat"] = "own"

    @property
    def written_here(self) -> bool:
        """Whether its texts were written for Gravity, to Gravity's rules; an imported item's were not."""
        return self.source in ("own", "ipip")


class Scene(Record):
    """A scenario pair of the shipped bank: `slot` counts those of one seed in one culture from 0."""

    seed: Text
    culture: Text
    slot: int = Field(ge=0)
    situation: Text
    endorsing: Text
    opposing: Text


class Hofstede(Record):
    """A culture's scores (0 to 100, more where the table has it so) in one version of the table."""

    table: Text
    source: Text
    scores: dict[str, float] = Field(min_length=6)


class MapPosition(Record):
    """A culture's place on the World Values Survey map, in standard deviations."""

    year: int
    source: Text
    traditional_secular: float
    survival_self_expression: float


class Lexicon(Record):
    """Words that belong to a culture, as written in English text."""

    names: list[Text] = Field(min_length=1)
    places: list[Text] = Field(min_length=1)
    foods: list[Text] = Field(min_length=1)
    holidays: list[Text] = Field(min_length=1)
    currencies: list[Text] = Field(min_length=1)
    institutions: list[Text] = Field(min_length=1)

    def terms(self) -> list[str]:
        """Every entry of every list, in order."""
        return [
            *self.names,
            *self.places,
            *self.foods,
            *self.holidays,
            *self.currencies,
            *self.institutions,
        ]


class Cues(Record):
    """Words that show a remark about a group of people, or a tone; `generalisations` are regular expressions in
    which {group} stands for any of the `groups`. Words under `gave_up` tell that a reader left something unfinished."""

    groups: list[Text] = Field(min_length=1)
    generalisations: list[Text] = Field(min_length=1)
    warm: list[Text] = Field(min_length=1)
    cold: list[Text] = Field(min_length=1)
    gave_up: list[Text] = Field(min_length=1)


class Culture(Record):
    """A culture. Its country scores serve the audit and never label or profile a person."""

    id: Text
    name: Text
    adjective: Text
    language: Text
    locale: Text
    hofstede: Hofstede
    wvs_map: MapPosition
    lexicon: Lexicon


class Domain(Record):
    """What prompts call an item, its description and its category in one domain. `taxonomy` names the file of its
    categories; without one each category name is one of its own."""

    id: Text
    item: Text
    items: Text
    description: Text
    category: Text
    categories: Text
    author: Text
    consume: Text
    consumer: Text
    taxonomy: Text | None = None
