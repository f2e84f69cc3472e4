"""Gravity curates synthetic preference data for personalised text generation, and says how far it can be trusted.

    import gravity

    with gravity.open("gravity.toml") as project:
        project.ingest("reviews.jsonl.gz", layout="amazon-2023", culture="us")
        project.qualify()
        run = project.curate(readers=100)
        run.export("out/dataset")

The command line is `gravity`; the trainer, which stands alone, is `gravity.trainer` and `gravity-trainer`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gravity.config import Config as Config
    from gravity.errors import ConfigError as ConfigError
    from gravity.frameworks.errors import GravityError as GravityError
    from gravity.handle import RunHandle as RunHandle
    from gravity.project import Project as Project
    from gravity.project import open_project as open

# Loaded when first used: `import gravity` takes a millisecond, and the trainer needs none of it.
_PUBLIC = {
    "Config": "gravity.config:Config",
    "ConfigError": "gravity.errors:ConfigError",
    "GravityError": "gravity.frameworks.errors:GravityError",
    "Project": "gravity.project:Project",
    "RunHandle": "gravity.handle:RunHandle",
    "open": "gravity.project:open_project",
}

__all__ = ["Config", "ConfigError", "GravityError", "Project", "RunHandle", "open"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'gravity' has no attribute '{name}'")
    module, _, attribute = _PUBLIC[name].partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        from gravity.errors import missing_package

        raise ModuleNotFoundError(missing_package(error) or str(error), name=error.name) from error


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
