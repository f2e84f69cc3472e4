"""What the configured models and the embedder can do, found out by a call or two each, before a run depends on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gravity.agents.asking import Answer
from gravity.agents.chat import Abilities, ChatModel, Reply
from gravity.agents.comparing import Judgement
from gravity.agents.errors import AskError, ModelError
from gravity.agents.kinds import Model, ModelSettings
from gravity.agents.prompting import prompt
from gravity.agents.window import estimated_tokens, longest_prompts
from gravity.progress import Progress
from gravity.store.errors import StoreError

if TYPE_CHECKING:
    from gravity.project import Project

EMBEDDER = "embeddings"
# A failure is told soon here, and waited out in a run.
RETRIES = 1


@dataclass(frozen=True)
class Checked:
    """What a configured model, or the embedder, was seen to do. None: not known, or nothing that it does.

    `name` is the configuration's; `problem` says why it cannot be used. `context`, and what the run's `longest` prompt
    and its answer take, are in tokens, the latter by estimate.
    """

    name: str
    model: str
    roles: tuple[str, ...]
    problem: str = ""
    structured: str | None = None
    left_out: tuple[str, ...] = ()
    context: int | None = None
    longest: int | None = None
    logprobs: bool | None = None
    tokens_a_second: float | None = None

    @property
    def usable(self) -> bool:
        """Whether a run can use it."""
        return not self.problem


async def check(project: "Project", report: Progress) -> list[Checked]:
    """One record for each model that a role names, and one for the embedder."""
    names, curate = sorted(project.config.roles.all_named()), project.config.curate
    domain = project.library.domain(project.config.domain)
    prompts = longest_prompts(
        project.library, domain, curate.reviews_per_call, curate.seeds_per_call, curate.facets_per_call
    )
    found = []
    for done, name in enumerate(names):
        report("check", done, len(names) + 1)
        found.append(await _model(project, name, prompts))
    report("check", len(names), len(names) + 1)
    return [*found, _embedder(project)]


async def _model(project: "Project", name: str, prompts: Mapping[str, str]) -> Checked:
    settings = project.config.models[name]
    roles = tuple(role for role in type(project.config.roles).model_fields if name in project.config.roles.named(role))
    told: dict[str, Any] = {"name": name, "roles": roles}
    try:
        model = _impatient(settings).open(lambda: project.stores.embedder)
    except (ModelError, StoreError) as error:
        return Checked(model=name, problem=str(error), **told)
    try:
        if model.chat is None:
            return Checked(model=model.name, **told)
        longest = max((prompts[role] for role in roles), key=len)
        return await _chat(project, model, model.chat, settings, told, longest)
    finally:
        await model.close()


async def _chat(
    project: "Project", model: Model, chat: ChatModel, settings: ModelSettings, told: dict[str, Any], longest: str
) -> Checked:
    case = next(iter(project.gold.scenarios.values()))
    system, user = prompt("judge").render(
        statement=project.library.seeds[case.seed].statement,
        situation=case.situation,
        first=case.first,
        second=case.second,
    )
    try:
        reply, able = await _asked(chat, system, user, Judgement)
    except (AskError, ModelError) as error:
        return Checked(model=model.name, problem=str(error), **told)
    problem = reply.problem
    if not problem:
        try:
            Judgement.model_validate_json(reply.text)
        except ValueError as error:
            problem = f"its answer does not fit: {' '.join(str(error).split())[:200]}"
    return Checked(
        model=model.name,
        problem=problem,
        structured=able.structured,
        left_out=able.left_out,
        context=able.context or (model.window.context if model.window else None),
        longest=_tokens(model, longest) + getattr(settings, "max_tokens", 0),
        logprobs=able.logprobs,
        tokens_a_second=reply.tokens_out / reply.seconds if reply.tokens_out and reply.seconds else None,
        **told,
    )


async def _asked(chat: ChatModel, system: str, user: str, schema: type[Answer]) -> tuple[Reply, Abilities]:
    abilities = getattr(chat, "abilities", None)
    if abilities is None:
        return await chat.complete(system, user, schema.model_json_schema()), Abilities()
    found: tuple[Reply, Abilities] = await abilities(system, user, schema.model_json_schema())
    return found


def _impatient(settings: ModelSettings) -> ModelSettings:
    retries = getattr(settings, "retries", 0)
    return settings.model_copy(update={"retries": RETRIES}) if retries > RETRIES else settings


def _embedder(project: "Project") -> Checked:
    try:
        embedder = project.stores.embedder
        embedder.queries(["A harbour town in winter."])
    except StoreError as error:
        return Checked(name=EMBEDDER, model=project.config.embeddings.kind, roles=(EMBEDDER,), problem=str(error))
    return Checked(name=EMBEDDER, model=embedder.name, roles=(EMBEDDER,))


def _tokens(model: Model, text: str) -> int:
    """About how many tokens a prompt takes."""
    return model.window.count_tokens(text) if model.window else estimated_tokens(text)
