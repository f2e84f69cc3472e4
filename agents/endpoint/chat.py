"""A chat model behind an OpenAI-compatible address: asked in the form that its server takes, and again where a failure
passes."""

import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gravity.agents.chances import Chances, Token, answers_offered, none_told, with_confidence
from gravity.agents.chat import Abilities, Reply
from gravity.agents.endpoint.failure import Failure, garbled
from gravity.agents.endpoint.manners import Manners, known
from gravity.agents.endpoint.request import Messages, fields, messages
from gravity.agents.errors import ModelError
from gravity.agents.rate.setback import OVERLOAD, Setback
from gravity.agents.rate.throttle import throttle_of
from gravity.store.responses import shown

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from gravity.agents.kinds.openai import OpenAISettings

# More changes than this no request needs: three steps of form, two limits, a role, and each optional field.
MOST_CHANGES = 16


# The most that OpenAI's API tells of each token.
LOGPROBS: Mapping[str, Any] = {"logprobs": True, "top_logprobs": 20}


@dataclass(frozen=True)
class Heard:
    """A reply, and its tokens with their chances where the server told them."""

    reply: Reply
    tokens: Sequence[Token]


# Puts messages, and the fields beside them, to a server that is to answer in a schema; last comes which try it is.
Send = Callable[[Messages, dict[str, Any], dict[str, Any] | None, int], Awaitable[Heard | Failure]]


class OpenAIChat:
    """langchain-openai's ChatOpenAI at any OpenAI-compatible address.

    A request that the server refuses is made again in another form, and one that failed in passing is tried again.
    """

    def __init__(self, settings: "OpenAISettings") -> None:
        self.settings = settings
        self.name = settings.model
        self.where = shown(settings.base_url)
        self._transport: Any = None
        self._throttle = throttle_of(self.where, settings.model, settings.max_in_flight, settings.stall)
        s, out = settings, settings.leave_out
        self._wished = {
            "temperature": None if "temperature" in out else s.temperature,
            "seed": None if "seed" in out else s.seed,
            "reasoning_effort": s.reasoning_effort,
            **s.extra_body,
        }
        self.identity = {
            "kind": "openai",
            "model": s.model,
            "base_url": s.base_url and self.where,
            "temperature": self._wished["temperature"],
            "max_tokens": None if "max_tokens" in out else s.max_tokens,
            "seed": self._wished["seed"],
            # Only where they are set: the answers that earlier versions kept are still those of the same model.
            **({"reasoning_effort": s.reasoning_effort} if s.reasoning_effort else {}),
            **({"extra_body": s.extra_body} if s.extra_body else {}),
            **s.read_as(),
        }
        given = Manners(
            structured="json_schema" if s.structured == "auto" else s.structured,
            limit=None if "max_tokens" in out else s.token_limit,
            system="system" not in out,
            fixed=s.structured != "auto",
        )
        self._known = known(self.where, s.model, given)

    @property
    def _key(self) -> str | None:
        return os.environ.get(self.settings.api_key_env)

    @cached_property
    def _client(self) -> Any:
        from openai import DefaultAioHttpClient
        from pydantic import SecretStr

        from gravity.agents.lean import LeanChatOpenAI

        s = self.settings
        if self._key is None and s.base_url is None:
            raise ModelError(f"model '{s.model}' needs a key: set the environment variable {s.api_key_env}")
        # aiohttp's transport spent a sixth to a quarter less processor time a call than httpx's own.
        self._transport = DefaultAioHttpClient(event_hooks={"response": [self._throttle.heard]})
        return LeanChatOpenAI(
            model=s.model,
            base_url=s.base_url,
            api_key=SecretStr(self._key or "none"),
            timeout=s.timeout,
            max_retries=0,
            use_responses_api=False,
            http_async_client=self._transport,
        )

    async def complete(self, system: str, user: str, schema: dict[str, Any]) -> Reply:
        """One answer from the server."""
        return await self._answer(system, user, schema, self._live)

    async def _answer(self, system: str, user: str, schema: dict[str, Any], send: Send) -> Reply:
        offered = answers_offered(schema) if self.settings.confidence == "logprobs" else []
        heard = await self._ask(system, user, schema, LOGPROBS if offered else {}, send)
        if not offered or heard.reply.problem:
            return heard.reply
        return replace(heard.reply, text=with_confidence(heard.reply.text, self._told(heard.tokens), offered))

    async def text(self, system: str, user: str, more: Mapping[str, Any]) -> Reply:
        """A text in no form, asked with `more` fields beside or in place of those of the settings. Raises as `complete`
        does."""
        return (await self._ask(system, user, None, more, self._live)).reply

    async def next_token(self, system: str, user: str) -> Chances:
        """The likeliest first tokens of its answer."""
        heard = await self._ask(system, user, None, LOGPROBS, self._live, max_tokens=1)
        first, reply = self._told(heard.tokens)[0], heard.reply
        return Chances(first.logprobs, reply.tokens_in, reply.tokens_out, reply.seconds, reply.tokens_cached)

    def _told(self, tokens: Sequence[Token]) -> Sequence[Token]:
        """The tokens of an answer with their chances. Raises ModelError where the server told none."""
        if not tokens or all(len(token.logprobs) < 2 for token in tokens):
            raise none_told(self.name, self.where, self.settings.by_logprobs)
        return tokens

    async def _ask(
        self,
        system: str,
        user: str,
        schema: dict[str, Any] | None,
        more: Mapping[str, Any],
        send: Send,
        max_tokens: int | None = None,
    ) -> Heard:
        """The answer to a question, in the form of `schema` or in none, asked with `more` fields."""
        tries = changes = 0
        while True:
            manners = self._known.manners
            wished = {**self._wished, **more}
            sent, optional = fields(manners, schema, max_tokens or self.settings.max_tokens, wished)
            answer = await send(messages(manners, system, user, schema), sent, schema, tries + 1)
            if isinstance(answer, Heard):
                if schema is not None:
                    self._notice(manners, answer.reply)
                return answer
            if more is LOGPROBS and answer.about_form and "logprob" in answer.text.casefold():
                raise none_told(self.name, self.where, self.settings.by_logprobs)
            if answer.about_form and changes < MOST_CHANGES and self._known.learn(manners, answer, optional, self._who):
                changes += 1
                continue
            too_long = answer.wait is not None and answer.wait > self.settings.max_wait
            if answer.meaning != "passing" or too_long or tries == self.settings.retries:
                raise answer.error(self._line(answer, too_long))
            tries += 1
            await self._rest(tries, answer.wait)

    async def _live(
        self, asked: Messages, sent: dict[str, Any], schema: dict[str, Any] | None, tries: int
    ) -> Heard | Failure:
        """One request when the server bears it, the `tries`-th for its question.

        Raises ModelError where nobody was ever reached: the address is rather wrong than its server away.
        """
        # Opening the client takes a second, in which nobody could be answered.
        _ = self._client
        async with self._throttle.place(tries) as place:
            answer = await self._send(asked, sent, schema)
            if isinstance(answer, Heard):
                place.answered = True
            elif answer.meaning == "passing":
                place.setback = Setback(answer.status in OVERLOAD, answer.wait)
        if isinstance(answer, Failure) and answer.kind == "unreachable" and not self._throttle.answered:
            raise ModelError(self._line(answer, too_long=False))
        return answer

    async def _rest(self, tries: int, wait: float | None) -> None:
        """The pause before another try."""
        await self._throttle.rest(tries, wait)

    async def _send(self, asked: Messages, sent: dict[str, Any], schema: dict[str, Any] | None) -> Heard | Failure:
        """One request: what was heard, or what went wrong."""
        # They import openai and LangChain, which take a second.
        from gravity.agents.endpoint.client_errors import EXPECTED, failure_of

        begun = time.monotonic()
        try:
            # ChatOpenAI gives fields that it knows other names; what stands in extra_body it sends as it is.
            message = await self._client.ainvoke(asked, extra_body=sent)
        except EXPECTED as error:
            return self._without_key(failure_of(error, self.settings.timeout))
        return self._read(message, schema, time.monotonic() - begun)

    def _without_key(self, failure: Failure) -> Failure:
        """The failure without the key, which some servers repeat when they refuse it."""
        return replace(failure, said=failure.said.replace(self._key, "***")) if self._key else failure

    def _read(self, message: "BaseMessage", schema: dict[str, Any] | None, seconds: float) -> Heard | Failure:
        from gravity.agents.endpoint.answer import read, tokens_of

        limit = f"max_tokens {self.settings.max_tokens}" if self._known.manners.limit else "the server's own limit"
        try:
            required = None if schema is None else schema.get("required", ())
            return Heard(read(message, required, limit, seconds), tokens_of(message))
        except UnicodeEncodeError:
            return garbled("half a character (a lone surrogate)")

    def _notice(self, manners: Manners, reply: Reply) -> None:
        """Learns from an answer whether the server takes notice of the form that it is asked for."""
        if reply.problem:
            return
        if "{" in reply.text:
            self._known.proven = True
        else:
            self._known.step_down(manners, self._who)

    @property
    def _who(self) -> str:
        return f"model '{self.name}' at {self.where}"

    def _line(self, failure: Failure, too_long: bool) -> str:
        """What went wrong, in one line."""
        said = failure.said
        if failure.kind in ("timeout", "network", "unreachable"):
            return f"model '{self.name}': {self.where} {said}"
        advice = {
            "no chat completion": f" what is no chat completion: {said}",
            "context length": f": {said}: give the server a longer context, or lower max_tokens",
        }
        told = advice.get(failure.kind, f": {said}")
        if failure.meaning == "model":
            told = f": check the model's name, base_url and {self.settings.api_key_env}; the server says: {said}"
        if too_long:
            told += f" (it asks to wait {failure.wait:g} s, and max_wait is {self.settings.max_wait:g})"
        verb = "refused with" if failure.meaning == "model" else "answered"
        return f"model '{self.name}': {self.where} {verb}{f' {failure.status}' if failure.status else ''}{told}"

    async def abilities(self, system: str, user: str, schema: dict[str, Any]) -> tuple[Reply, Abilities]:
        """One answer, asked with logprobs, and what was learned by it. Raises as `complete` does."""
        heard = await self._ask(system, user, schema, {"logprobs": True}, self._live)
        manners = self._known.manners
        given = ("max_tokens",) if manners.limit is None else ()
        system_role = () if manners.system else ("system role",)
        left_out = (*sorted(manners.left_out - LOGPROBS.keys()), *given, *system_role)
        return heard.reply, Abilities(manners.structured, left_out, await self._context(), bool(heard.tokens))

    async def _context(self) -> int | None:
        """The model's context in tokens, where the server's list of models tells it."""
        import openai

        try:
            listed = await self._client.root_async_client.get("/models", cast_to=object)
        except openai.OpenAIError:
            return None
        rows = listed.get("data") if isinstance(listed, dict) else listed
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and row.get("id") == self.settings.model:
                told = {**row, **(row.get("meta") or {})}
                names = ("max_model_len", "n_ctx", "context_length", "context_window", "max_context_length")
                return next((told[name] for name in names if isinstance(told.get(name), int)), None)
        return None

    async def close(self) -> None:
        """Closes the connections, which belong to the event loop at work; the next call opens new ones."""
        if self._transport is not None:
            await self._transport.aclose()
        self._transport = None
        self.__dict__.pop("_client", None)
