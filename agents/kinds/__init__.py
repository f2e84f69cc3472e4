"""The kinds of model that a configuration can name: one a module, and those that other packages register."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from gravity.agents.kinds.bank import BankSettings
from gravity.agents.kinds.contrast import ContrastSettings
from gravity.agents.kinds.kind import Model, ModelSettings, Role, Workbench
from gravity.agents.kinds.langchain import LangChainSettings
from gravity.agents.kinds.llama_cpp import LlamaCppSettings
from gravity.agents.kinds.openai import OpenAISettings
from gravity.frameworks.plugins import plugins

KINDS: tuple[type[ModelSettings], ...] = (
    OpenAISettings,
    LlamaCppSettings,
    LangChainSettings,
    ContrastSettings,
    BankSettings,
    *plugins("models").values(),
)

if TYPE_CHECKING:
    AnyModelSettings = ModelSettings
else:
    # Pydantic picks the class by `kind`, which each pins to one word.
    AnyModelSettings = Annotated[reduce(or_, KINDS), Field(discriminator="kind")]

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
