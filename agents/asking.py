"""Asking a model: rendered prompt in, schema-checked answer out, paid for once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar
from weakref import WeakValueDictionary

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gravity.agents.breaker import Breaker
from gravity.agents.chat import ChatModel, Reply
from gravity.agents.errors import BUDGET, AskError, NotAnsweredError, RefusalError, UnusableError
from gravity.agents.prompting import Prompt, prompt
from gravity.store.answers import Answers, question_key
from gravity.store.calls import Call
from gravity.store.records import Provenance


class Answer(BaseModel):
    """Base of the answers that models give; a field nobody asked for is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# A confidence as models state it.
Confidence = Annotated[int, Field(ge=0, le=100)]
A = TypeVar("A", bound=Answer)
T = TypeVar("T")
W = TypeVar("W")


@dataclass(frozen=True)
class Asked(Generic[A]):
    """An answer and what it came from."""

    answer: A
    made_by: Provenance


@dataclass(frozen=True)
class Question(Generic[A]):
    """A question to a model, and how its answer is read."""

    template: Prompt
    system: str
    user: str
    schema: type[A]
    check: Callable[[A], None] | None

    def read(self, text: str) -> A:
        """The answer. Raises ValueError where it does not fit."""
        answer = self.schema.model_validate_json(text)
        if self.check is not None:
            self.check(answer)
        return answer

    def again(self, number: int, reason: str) -> str:
        """What is said to the user's side of the model after its answer `number` did not fit."""
        # With its number, or a refusal for the same reason would be the same request.
        return f"{self.user}\n\nAnswer {number} was refused: {reason}. Answer again, mending this."

    def anew(self, number: int) -> str:
        """What is said after answer `number` was cut or empty: nothing in it was wrong that could be mended."""
        return f"{self.user}\n\nAnswer {number} did not arrive. Answer again, and briefly."


class Asker:
    """Puts prompts to one model in one role.

    An answer that does not fit its schema, or that `check` refuses with ValueError, is asked for again with
    the reason, `attempts` times in all. Every answer is kept before it is used; those that do not fit are kept for the
    trail and are asked for anew by whoever asks next. Where the same is asked side by side, the others wait for the
    first one's answer. The `breaker` hears of all that nobody answers.
    """

    def __init__(
        self, role: str, model: ChatModel, answers: Answers, attempts: int = 3, breaker: Breaker | None = None
    ) -> None:
        self.role = role
        self.model = model
        self._answers = answers
        self._attempts = attempts
        self._breaker = breaker or Breaker()
        self._under_way: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ask(
        self,
        name: str,
        schema: type[A],
        check: Callable[[A], None] | None = None,
        **variables: Any,
    ) -> Asked[A]:
        """The answer to prompt `name`.

        Raises NotAnsweredError where nobody answered, UnusableError where no attempt gave an answer that fits,
        RefusalError where the model refused, ModelError where it cannot be used.
        """
        template = prompt(name)
        question = Question(template, *template.render(**variables), schema, check)
        async with self._under_way.setdefault(self._key(question, question.user), asyncio.Lock()):
            return self._kept(question) or await self._asked(question)

    def _kept(self, question: Question[A]) -> Asked[A] | None:
        """The answer that fits, where earlier tries came to one; what did not fit leads to the try after it."""
        user = question.user
        for number in range(1, self._attempts + 1):
            call = self._answers.last(self._key(question, user))
            if call is None:
                return None
            try:
                told = self._told(question, call)
            except ValueError as error:
                user = question.again(number, _reason(error))
                if self._answers.last(self._key(question, user)) is None:
                    user = question.anew(number)
            else:
                return told if call.usable else None
        return None

    async def _asked(self, question: Question[A]) -> Asked[A]:
        user, reason = question.user, ""
        for number in range(1, self._attempts + 1):
            try:
                reply = await self._reply(question, user)
            except UnusableError as error:
                user, reason = question.anew(number), str(error)
                continue
            call = self._call(question, user, reply)
            if reply.problem:
                self._answers.keep(call.model_copy(update={"usable": False}))
                if reply.refused:
                    raise RefusalError(f"{self.model.name}: {reply.problem}")
                user, reason = question.anew(number), reply.problem
                continue
            try:
                told = self._told(question, call)
            except ValueError as error:
                self._answers.keep(call.model_copy(update={"usable": False}))
                reason = _reason(error)
                user = question.again(number, reason)
            else:
                self._answers.keep(call)
                return told
        raise UnusableError(f"{self.model.name} gave no answer that fits after {self._attempts} tries: {reason}")

    def _told(self, question: Question[A], call: Call) -> Asked[A]:
        made_by = Provenance(model=self.model.name, prompt=question.template.hash, call=call.key)
        return Asked(question.read(call.answer), made_by)

    def _key(self, question: Question[A], user: str) -> str:
        return question_key(self.model.identity, question.system, user, _json_schema(question.schema))

    async def _reply(self, question: Question[A], user: str) -> Reply:
        try:
            reply = await self.model.complete(question.system, user, _json_schema(question.schema))
        except NotAnsweredError as error:
            self._breaker.not_answered(self.model.name, error)
            raise
        except (UnusableError, RefusalError):
            self._breaker.answered(self.model.name)
            raise
        self._breaker.answered(self.model.name)
        return reply

    def _call(self, question: Question[A], user: str, reply: Reply) -> Call:
        return Call(
            key=self._key(question, user),
            role=self.role,
            model=self.model.name,
            prompt=question.template.hash,
            answer=reply.text,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            seconds=reply.seconds,
            tokens_cached=reply.tokens_cached,
            tokens_reasoning=reply.tokens_reasoning,
        )


async def together(*questions: Awaitable[T]) -> list[T]:
    """The answers to questions that are put side by side.

    One that fails holds up no other, so that no answer is lost that was paid for. When all are done the gravest of
    their errors is raised: what stops a run, then that nobody answered, then the others.
    """
    answers = await asyncio.gather(*questions, return_exceptions=True)
    errors = [answer for answer in answers if isinstance(answer, BaseException)]
    if errors:
        raise min(errors, key=lambda error: (isinstance(error, AskError), not isinstance(error, NotAnsweredError)))
    return [answer for answer in answers if not isinstance(answer, BaseException)]


async def work_off(
    todos: Iterator[W],
    work: Callable[[W], Awaitable[Any]],
    concurrency: int,
    finished: Callable[[], None],
    unanswered: Callable[[W, str], None],
) -> None:
    """Does `work` on each of the todos, so many at a time; as one ends the next begins. Calls `finished` after each.

    What nobody answered stays pending: `unanswered` hears of it and of the reason, and the others go on. Where the
    budget is spent, what has not begun stays pending as well. The first other error cancels the rest and is raised as
    it is.
    """

    async def worker() -> None:
        for todo in todos:
            try:
                await work(todo)
            except NotAnsweredError as error:
                for left in (todo, *todos) if error.kind == BUDGET else (todo,):
                    unanswered(left, error.kind)
            else:
                finished()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(worker())
    except BaseExceptionGroup as group_error:
        raise group_error.exceptions[0] from None


def _reason(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        return f"{place}: {problem['msg']}" if place else str(problem["msg"])
    return str(error)


@lru_cache(maxsize=1_024)
def _json_schema(schema: type[Answer]) -> dict[str, Any]:
    bare: dict[str, Any] = _bare(schema.model_json_schema())
    return bare


def _bare(schema: Any) -> Any:
    """A JSON schema without the titles and descriptions that pydantic takes from the code."""
    if isinstance(schema, dict):
        notes = {key for key in ("title", "description") if isinstance(schema.get(key), str)}
        return {key: _bare(value) for key, value in schema.items() if key not in notes}
    return [_bare(value) for value in schema] if isinstance(schema, list) else schema
