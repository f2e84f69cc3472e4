"""The variants of a dataset, with what a project has for them."""

from typing import TYPE_CHECKING, Literal, get_args

from gravity.errors import ConfigError

if TYPE_CHECKING:
    from gravity.project import Project
    from gravity.store.dataset import Variant
    from gravity.store.runs import Run

VariantName = Literal["naive", "group"]


def variant_of(name: VariantName, project: "Project", run: "Run") -> "Variant":
    """The variant of a run's dataset that has this name. Raises ConfigError where there is none."""
    from gravity.agents.variants import VARIANTS, Material

    if name not in VARIANTS:
        raise ConfigError(f"a dataset has no variant '{name}': give {' or '.join(get_args(VariantName))}")
    library, stores = project.library, project.stores
    domain = library.domain(project.config.domain)
    return VARIANTS[name](
        Material(
            database=stores.database,
            run=run,
            domain=domain,
            seeds={**library.seeds, **{seed.id: seed for seed in stores.views.seeds(run.id)}},
            items=library.items,
            facets=library.facets,
            taxonomy=library.taxonomy(domain),
            cues=library.cues,
        )
    )
