"""The rows of a dataset: each pair joined with the fact and the scenario that it rests on, and what was said of it."""

from typing import Any, get_args

import pyarrow as pa

from gravity.store.dataset.gate import Gate
from gravity.store.ledger import Ledger
from gravity.store.records import CardLine, Choice, Fact, Pair, Scenario, Vote
from gravity.store.runs import Run, Subject
from gravity.store.views import Views

KEPT_PROFILES = 1_000

CATEGORY = "category"
SUBJECTS: tuple[str, ...] = (*get_args(Subject), CATEGORY)

_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())


def _records(*names: str, **others: pa.DataType) -> pa.DataType:
    """The type of a list of records whose fields are text, but for `others`."""
    return pa.list_(pa.struct([(name, others.get(name, _TEXT)) for name in names]))


_MESSAGES = _records("role", "content")
# LLaMA-Factory takes no pair whose answers are lists of messages; the same answers stand here as one message each.
SINGLE = {"chosen": "chosen_message", "rejected": "rejected_message"}
SCHEMA = pa.schema(
    [
        ("prompt", _MESSAGES),
        ("chosen", _MESSAGES),
        ("rejected", _MESSAGES),
        *((name, _MESSAGES.value_type) for name in SINGLE.values()),
        ("id", _TEXT),
        ("reader", _TEXT),
        ("culture", _TEXT),
        ("track", _TEXT),
        ("framework", _TEXT),
        ("dimension", _TEXT),
        *((name, _TEXT) for name in SUBJECTS),
        ("takes", _TEXT),
        ("scenario", _TEXT),
        ("verdict", _TEXT),
        ("reason", _TEXT),
        ("basis", _TEXT),
        ("confidence", pa.float64()),
        ("rests_on", _TEXT),
        ("ratings", pa.list_(pa.int64())),
        ("tested", _TEXT),
        ("evidence", _TEXTS),
        ("quotes", _TEXTS),
        ("profile", _records(*CardLine.model_fields)),
        ("votes", _records("judge", "order", "endorses", "confidence", "prompt", confidence=pa.float64())),
        ("checks", _records("judge", "order", "prefers", "confidence", "prompt", confidence=pa.float64())),
        ("decision", _TEXT),
        ("lot", _TEXT),
        ("qualified", pa.bool_()),
        ("models", _TEXTS),
        ("prompt_hashes", _TEXTS),
        ("run", _TEXT),
    ]
)
_OF_THE_PAIR = {name for name in SCHEMA.names if name in Pair.model_fields}


class Rows:
    """Makes the rows of a run's pairs. Where labels are not the readers' own (`own_labels`), no row tells of a check, a
    decision or a lot, all of which are about the reader's own label."""

    def __init__(self, ledger: Ledger, run: Run, gate: Gate, own_labels: bool = True) -> None:
        self._ledger = ledger
        self._views = Views(ledger.database)
        self._run = run
        self._gate = gate
        self._own_labels = own_labels
        self._facts: dict[str, dict[tuple[str, str], Fact]] = {}
        self._quotes: dict[str, dict[str, str]] = {}
        self._scenarios: dict[str, Scenario | None] = {}

    def row(self, pair: Pair) -> dict[str, Any]:
        """The pair with its decision trail, as SCHEMA has it."""
        fact = self._fact(pair)
        scenario = self._scenario(pair.scenario) if pair.scenario else None
        votes = scenario.rounds[-1].votes if scenario else []
        # A held pair that a person kept can be all that there is of its culture and track.
        lot = self._gate.lots.get((pair.culture, pair.track))
        check, decision = self._gate.checks.get(pair.id), self._gate.decisions.get(pair.id)
        if not self._own_labels:
            lot = check = decision = None
        choices = check.choices if check else []
        makers = [m for m in (fact.made_by if fact else None, scenario.draft.made_by if scenario else None) if m]
        makers += [fact.checked_by] if fact and fact.checked_by else []
        makers += [vote.made_by for vote in votes]
        makers += [choice.made_by for choice in choices]
        answers = {name: _trimmed(getattr(pair, name)) for name in SINGLE}
        hashes = {*pair.prompts.values(), *(maker.prompt for maker in makers if maker.prompt)}
        # Of the interests track some pairs are about a book, and some about a category.
        column = CATEGORY if pair.dimension == CATEGORY else self._run.settings.track(pair.track).subject
        return {
            **pair.model_dump(include=_OF_THE_PAIR),
            **answers,
            **{single: answers[name][-1] for name, single in SINGLE.items()},
            **{name: pair.subject if name == column else None for name in SUBJECTS},
            "confidence": fact.confidence if fact else pair.confidence,
            "evidence": fact.evidence if fact else [],
            "quotes": self._quoted(fact) if fact else [],
            "votes": [_said(vote, "endorses") for vote in votes],
            "checks": [_said(choice, "prefers") for choice in choices],
            "decision": f"{decision.decided} by {decision.by}" if decision else None,
            "lot": lot.verdict if lot else None,
            "models": list(dict.fromkeys(maker.model for maker in makers)),
            "prompt_hashes": sorted(hashes),
        }

    def _fact(self, pair: Pair) -> Fact | None:
        if pair.fact is None:
            return None
        if pair.reader not in self._facts:
            # A page of pairs mixes readers; a bounded number of profiles is kept.
            if len(self._facts) > KEPT_PROFILES:
                self._facts.clear()
                self._quotes.clear()
            facts = self._ledger.facts(self._run.id, pair.reader)
            self._facts[pair.reader] = {(fact.kind, fact.name): fact for fact in facts}
        kind, name = pair.fact
        return self._facts[pair.reader].get((kind, name))

    def _quoted(self, fact: Fact) -> list[str]:
        """The quotes of the views that a fact rests on, each once."""
        if fact.views and fact.reader not in self._quotes:
            self._quotes[fact.reader] = {view.id: view.quote for view in self._views.of(self._run.id, fact.reader)}
        quotes = self._quotes.get(fact.reader, {})
        # Views of a reading that is to be repeated are taken out before their facts are.
        return list(dict.fromkeys(quotes[view] for view in fact.views if view in quotes))

    def _scenario(self, identity: str) -> Scenario | None:
        if identity not in self._scenarios:
            self._scenarios[identity] = self._ledger.scenario(identity)
        return self._scenarios[identity]


def _trimmed(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    # axolotl looks an answer up in what the base's template makes of it. Many templates trim it; what is not trimmed
    # here would not be found there, and the answer would be lost.
    return [{**message, "content": message["content"].strip()} for message in messages]


def _said(given: Vote | Choice, answer: str) -> dict[str, Any]:
    return {**given.model_dump(include={"judge", "order", "confidence", answer}), "prompt": given.made_by.prompt}
