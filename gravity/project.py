"""A project: one configuration, its stores and its models, for any number of commands in one process."""

from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gravity.config import Config, load_config
from gravity.errors import ConfigError
from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from gravity.handle import RunHandle
from gravity.ingesting import Ingested, ingest
from gravity.loop import run as run_async
from gravity.models import Models
from gravity.progress import Progress, reporting
from gravity.stores import Stores
from gravity.trail import Trail, trail

if TYPE_CHECKING:
    from gravity.auditing import Audited
    from gravity.checking import Checked
    from gravity.estimating import Preview
    from gravity.qualifying import Qualified
    from gravity.run import RunSetup
    from gravity.trainer.models.writer import Writer


class Project:
    """What a configuration describes, opened when first used and closed at the end of a `with` block.

    `progress` of every long method is called as (stage, done, total); where none is given, bars are drawn on a
    terminal. Methods whose name ends in _async are for where an event loop runs already, as in a notebook.
    """

    def __init__(self, config: Config, library: Library | None = None) -> None:
        self.config = config
        self.library = library or Library(overlay=config.material)
        self.stores = Stores(config.store, config.embeddings)
        self.models = Models(config.models, config.roles, lambda: self.stores.embedder, config.classifiers.personality)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the stores; what is used again afterwards is opened anew."""
        self.stores.close()

    @cached_property
    def gold(self) -> Gold:
        """The gold cases that models are put to."""
        return Gold(self.library)

    def setup(self, unqualified: bool = False) -> "RunSetup":
        """The run that the configuration and the qualifications kept so far describe. It need not have begun."""
        from gravity.run import RunSetup

        return RunSetup(self.config, self.library, self.gold, self.stores, self.models, unqualified)

    def ingest(
        self,
        reviews: str | Path,
        layout: str,
        items: str | Path | None = None,
        readers: str | Path | None = None,
        culture: str | None = None,
        progress: Progress | None = None,
    ) -> Ingested:
        """Takes reviews, and what is known of their books and readers, into the store; says what became of each row.

        `layout` names the reviews' columns, such as amazon-2023; `culture` holds for readers of whom nothing else is
        known. Raises InputError for a file that cannot be read, ConfigError for a culture nobody knows.
        """
        with reporting(progress) as report:
            return ingest(
                self.stores.corpus,
                self.library,
                self.library.taxonomy(self.library.domain(self.config.domain)),
                Path(reviews),
                layout,
                Path(items) if items is not None else None,
                Path(readers) if readers is not None else None,
                culture,
                report,
            )

    def check(self, progress: Progress | None = None) -> "list[Checked]":
        """Asks each configured model and the embedder a question or two: one record each of what it can do, or why it
        cannot be used. Nothing is kept."""
        return run_async(self.check_async(progress))

    async def check_async(self, progress: Progress | None = None) -> "list[Checked]":
        """`check`, to be awaited."""
        from gravity.checking import check

        with reporting(progress) as report:
            return await check(self, report)

    def qualify(self, progress: Progress | None = None) -> "Qualified":
        """Puts every judge, profiler and critic to gold cases and keeps what they showed: one record a task, model and
        culture. Of a model in whose task gold cases were not answered nothing is kept: its `pending` counts them.
        Raises ModelError where a model cannot be used."""
        return run_async(self.qualify_async(progress))

    async def qualify_async(self, progress: Progress | None = None) -> "Qualified":
        """`qualify`, to be awaited."""
        from gravity.qualifying import qualify

        try:
            with reporting(progress) as report:
                return await qualify(self.setup(), self.gold, report)
        finally:
            await self.models.close()

    def curate(
        self,
        readers: int | None = None,
        culture: str | None = None,
        unqualified: bool = False,
        progress: Progress | None = None,
        retry_failed: bool = False,
    ) -> RunHandle:
        """Profiles readers, fills the scenario bank, composes pairs and checks samples; goes on where it stopped.

        At most `readers` readers, spread over the cultures, or those of one `culture`. With `retry_failed` what no
        model gave a usable answer to is asked anew. The handle's `pending` says what nobody answered. Raises
        ConfigError where too few models have qualified and `unqualified` is not set, ModelError where one cannot be
        used.
        """
        return run_async(self.curate_async(readers, culture, unqualified, progress, retry_failed))

    async def curate_async(
        self,
        readers: int | None = None,
        culture: str | None = None,
        unqualified: bool = False,
        progress: Progress | None = None,
        retry_failed: bool = False,
    ) -> RunHandle:
        """`curate`, to be awaited."""
        from gravity.curating import curate

        setup = self.setup(unqualified)
        try:
            with reporting(progress) as report:
                await curate(setup, {"readers": readers, "culture": culture}, report, retry_failed)
        finally:
            await self.models.close()
        return RunHandle(self, setup.record)

    def preview(
        self, culture: str | None = None, unqualified: bool = False, progress: Progress | None = None
    ) -> "Preview":
        """Curates three readers' worth, and says what the full run will ask of the models. What it makes is kept."""
        return run_async(self.preview_async(culture, unqualified, progress))

    async def preview_async(
        self, culture: str | None = None, unqualified: bool = False, progress: Progress | None = None
    ) -> "Preview":
        """`preview`, to be awaited."""
        from gravity.estimating import preview

        try:
            with reporting(progress) as report:
                return await preview(self.setup(unqualified), culture, report)
        finally:
            await self.models.close()

    def run(self, identity: str | None = None) -> RunHandle:
        """The run whose id begins with `identity`, or the latest. Raises ConfigError where there is none."""
        ledger = self.stores.ledger
        record = ledger.run(identity) if identity else ledger.latest_run()
        if record is None:
            missing = f"no single run begins with '{identity}'" if identity else "the store has no run yet"
            raise ConfigError(f"{missing}: run `gravity curate` first")
        return RunHandle(self, record)

    def writer(
        self, adapter: str | Path | None = None, address: str | None = None, model: str | None = None
    ) -> "Writer":
        """What writes descriptions: an `adapter` that the trainer wrote on its own base, a `model` of the configuration
        or at an OpenAI-compatible `address`, by default what [write] names. Open it once and write often.

        Raises ConfigError, and ModelError where something cannot be loaded.
        """
        from gravity.writers import open_writer

        return open_writer(self.config, Path(adapter) if adapter is not None else None, address, model)

    def show(self, pair: str) -> Trail:
        """The whole trail of the pair whose id begins with `pair`, whichever run it is of. Raises ConfigError."""
        return trail(self.stores, pair)

    def audit_dataset(self, dataset: str | Path, output: str | Path, progress: Progress | None = None) -> "Audited":
        """Audits any folder in TRL's preference format with a culture column; the report goes to `output`.

        Raises InputError where it cannot be read.
        """
        from gravity.auditing import audit_folder

        with reporting(progress) as report:
            return audit_folder(Path(dataset), Path(output), self.config.audit, self.library, report)


def open_project(config: Config | str | Path | None = None, library: Library | None = None) -> Project:
    """The project of a configuration: a file, a `Config`, or ./gravity.toml where there is one.

    Raises ConfigError where the configuration cannot be read or does not fit together.
    """
    if not isinstance(config, Config):
        config = load_config(Path(config) if config is not None else None)
    return Project(config, library)
