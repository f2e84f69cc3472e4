"""The models that the configuration's roles name, each opened once."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property

from gravity.agents.budget import Terms
from gravity.agents.classifier import ClassifierModel, ClassifierSettings
from gravity.agents.kinds import Model, ModelSettings, Role, Workbench
from gravity.agents.kinds.chat_kind import ChatSettings
from gravity.agents.kinds.view_reader import view_reader
from gravity.agents.qualification import FACET, Task
from gravity.agents.views.reading import ViewReader
from gravity.config import Roles
from gravity.store.embeddings import Embedder


class Models:
    """Opened models by the names that the configuration gives them.

    They are used again after `close`, which gives back what belongs to one event loop.
    """

    def __init__(
        self,
        settings: Mapping[str, ModelSettings],
        roles: Roles,
        embedder: Callable[[], Embedder],
        personality: ClassifierSettings | None = None,
    ) -> None:
        self.settings = settings
        self.roles = roles
        self._embedder = embedder
        self._personality = personality

    @cached_property
    def by_name(self) -> dict[str, Model]:
        """All that some role names. Raises ModelError for one that cannot be opened."""
        opened = {name: self.settings[name].open(self._embedder) for name in sorted(self.roles.all_named())}
        names = Counter(model.name for model in opened.values() if model.chat)
        for name, model in opened.items():
            # Two addresses can serve models of one name; votes and counts must not be thrown together.
            if model.chat and names[model.name] > 1:
                model.rename(f"{model.name} ({name})")
        return opened

    def __getitem__(self, name: str) -> Model:
        return self.by_name[name]

    def playing(self, role: Role) -> dict[str, Model]:
        """Those that play a role, in the order of the configuration."""
        return {name: self.by_name[name] for name in self.roles.named(role)}

    @property
    def terms(self) -> dict[str, Terms]:
        """What calls of the chat models can cost, by the names under which they are counted."""
        settings = {name: self.settings[name] for name in self.by_name}
        return {
            self.by_name[name].name: Terms(s.max_tokens, s.price)
            for name, s in settings.items()
            if isinstance(s, ChatSettings)
        }

    @property
    def checker(self) -> Model | None:
        """The one that is asked about stances a second time; None where that would answer the same."""
        model = self.by_name[self.roles.checker or self.roles.profiler]
        return model if model.order_sensitive else None

    @cached_property
    def personality(self) -> Model | None:
        """The classifier that is asked about facets in the place of profiler and checker, where there is one."""
        return ClassifierModel(self._personality) if self._personality else None

    def put_to(self, task: Task) -> dict[str, Model]:
        """Those that are put to the gold cases of a task."""
        if task is FACET and self.personality is not None:
            return {"classifiers.personality": self.personality}
        return self.playing(task.role)

    def checker_in(self, task: Task) -> Model | None:
        """The one that is asked a second time in a task; None where nobody is."""
        return None if task is FACET and self.personality is not None else self.checker

    def view_reader(self, bench: Workbench) -> ViewReader | None:
        """Who reads reviews for views; None where no chat model takes stances."""
        return view_reader(bench, self.by_name[self.roles.profiler], self.checker)

    def resampled(self, name: str) -> Model | None:
        """The same model with another sampling seed, under the same name; None where nothing in it is drawn."""
        settings = self.settings[name].resampled()
        if settings is None:
            return None
        model = settings.open(self._embedder)
        model.rename(self.by_name[name].name)
        return model

    async def close(self) -> None:
        """Closes all that were opened."""
        for model in self.__dict__.get("by_name", {}).values():
            await model.close()
