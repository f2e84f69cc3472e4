"""The kinds of model that a configuration can name: one a module, and those that other packages register."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import Field

from gravity.agents.kinds.bank import BankSettings
from gravity.agents.kinds.contrast import ContrastSettings
from gravity.agents.kinds.kind import Model, ModelSettings, Role, Workbench
from gravity.agents.kinds.langchain import LangChainSettings
from gravity.agents.kinds.llama_cpp import LlamaCppSettings
from gravity.agents.kinds.openai import OpenAISettings
from gravity.frameworks.plugins import registry

SHIPPED: tuple[type[ModelSettings], ...] = (
    OpenAISettings,
    LlamaCppSettings,
    LangChainSettings,
    ContrastSettings,
    BankSettings,
)


def _is_kind(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, ModelSettings)


def _kind(settings: type[ModelSettings]) -> str:
    """The one word that a kind pins `kind` to."""
    (word,) = get_args(settings.model_fields["kind"].annotation)
    return str(word)


KINDS = registry("models", SHIPPED, _kind, _is_kind, "a subclass of ModelSettings")

if TYPE_CHECKING:
    AnyModelSettings = ModelSettings
else:
    # Pydantic picks the class by `kind`, which each pins to one word.
    AnyModelSettings = Annotated[reduce(or_, KINDS.values()), Field(discriminator="kind")]

__all__ = [
    "KINDS",
    "AnyModelSettings",
    "BankSettings",
    "ContrastSettings",
    "LangChainSettings",
    "LlamaCppSettings",
    "Model",
    "ModelSettings",
    "OpenAISettings",
    "Role",
    "Workbench",
]
