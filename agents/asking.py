"""Asking a model: rendered prompt in, schema-checked answer out, paid for once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gravity.agents.chat import ChatModel, Reply
from gravity.agents.errors import RefusalError, UnusableError
from gravity.agents.prompting import prompt
from gravity.store.answers import Answers, call_key
from gravity.store.records import Call, Provenance


class Answer(BaseModel):
    """Base of the answers that models give; a field nobody asked for is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# A confidence as models state it.
Confidence = Annotated[int, Field(ge=0, le=100)]
A = TypeVar("A", bound=Answer)


@dataclass(frozen=True)
class Asked(Generic[A]):
    """An answer and what it came from."""

    answer: A
    made_by: Provenance


class Asker:
    """Puts prompts to one model in one role.

    An answer that does not fit its schema, or that `check` refuses with ValueError, is asked for again with
    the reason, `attempts` times in all. Every answer is kept before it is used.
    """

    def __init__(self, role: str, model: ChatModel, answers: Answers, attempts: int = 3) -> None:
        self.role = role
        self.model = model
        self._answers = answers
        self._attempts = attempts

    async def ask(
        self,
        name: str,
        schema: type[A],
        check: Callable[[A], None] | None = None,
        **variables: Any,
    ) -> Asked[A]:
        """The answer to prompt `name`.

        Raises UnusableError where no attempt gave a usable answer, RefusalError where the model refused,
        NotAnsweredError where nobody answered, ModelError where the model cannot be used.
        """
        template = prompt(name)
        system, question = template.render(**variables)
        user, reason = question, ""
        for number in range(1, self._attempts + 1):
            call, reply = await self._call(template.hash, system, user, _json_schema(schema))
            if reply is not None and reply.refused:
                raise RefusalError(f"{self.model.name}: {reply.problem}")
            if reply is not None and reply.problem:
                reason, user = (
                    reply.problem,
                    f"{question}\n\nAnswer {number} did not arrive. Answer again, and briefly.",
                )
                continue
            try:
                answer = schema.model_validate_json(call.answer)
                if check is not None:
                    check(answer)
            except ValueError as error:
                reason = _reason(error)
                # With its number, or a refusal for the same reason would be the same request, which is kept.
                user = f"{question}\n\nAnswer {number} was refused: {reason}. Answer again, mending this."
                continue
            return Asked(answer, Provenance(model=self.model.name, prompt=template.hash, call=call.key))
        raise UnusableError(f"{self.model.name} gave no answer that fits after {self._attempts} tries: {reason}")

    async def _call(self, version: str, system: str, user: str, schema: dict[str, Any]) -> tuple[Call, Reply | None]:
        """The call, and the reply it was made from if it was not kept already."""
        key = call_key({"model": self.model.identity, "system": system, "user": user, "schema": schema})
        kept = self._answers.get(key)
        if kept is not None:
            return kept, None
        reply = await self.model.complete(system, user, schema)
        call = Call(
            key=key,
            role=self.role,
            model=self.model.name,
            prompt=version,
            answer=reply.text,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            seconds=reply.seconds,
            tokens_cached=reply.tokens_cached,
            tokens_reasoning=reply.tokens_reasoning,
        )
        self._answers.keep(call)
        return call, reply


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
