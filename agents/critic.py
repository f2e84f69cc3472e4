"""Critics: a chat model that looks for cultural bias, and rules that need no model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import Field

from gravity.agents.asking import Answer, Asked, Asker
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.frameworks.records import Cues, Culture, Seed
from gravity.frameworks.words import any_of
from gravity.store.records import Draft, Finding, Provenance

Kind = Literal[
    "stereotype",
    "exoticism",
    "foreign default",
    "wrong fact",
    "spoken for",
    "value judged",
    "states the view",
    "not parallel",
]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
SAID_SHARE = 0.6
ALIKE_SHARE = 0.9
LENGTH_RATIO = 1.6
TONE_GAP = 2


class Remark(Answer):
    """One remark as a model answers it."""

    kind: Kind
    quote: str = Field(max_length=300)
    severity: Literal["minor", "severe"]
    repair: str = Field(max_length=300)


class Remarks(Answer):
    """What a model critic answers."""

    findings: list[Remark] = Field(max_length=4)


class Critic(Protocol):
    """Looks for faults in a draft."""

    async def findings(self, seed: Seed, culture: Culture, draft: Draft) -> list[Finding]:
        """The faults found. Raises AskError where a model gave no usable answer, NotAnsweredError where nobody did:
        neither is to have found nothing."""
        ...


@dataclass(frozen=True)
class ModelCritic:
    """A chat model as a critic."""

    asker: Asker

    async def remarks(self, seed: Seed, culture: Culture, draft: Draft) -> Asked[Remarks]:
        """The model's answer as it stands. Raises AskError where it gave no usable one."""
        return await self.asker.ask("critic", Remarks, seed=seed, culture=culture, draft=draft)

    async def findings(self, seed: Seed, culture: Culture, draft: Draft) -> list[Finding]:
        """The model's remarks; one whose quote is not in the draft is no evidence and becomes minor."""
        asked = await self.remarks(seed, culture, draft)
        text = f"{draft.situation} {draft.endorsing} {draft.opposing}".casefold()

        def in_draft(quote: str) -> bool:
            words = quote.strip(" .\"'").casefold()
            return bool(words) and words in text

        return [
            Finding(
                critic=self.asker.model.name,
                kind=remark.kind,
                quote=remark.quote,
                severity=remark.severity if in_draft(remark.quote) else "minor",
                repair=remark.repair,
                made_by=asked.made_by,
            )
            for remark in asked.answer.findings
        ]


@dataclass(frozen=True)
class Advisory:
    """A critic that has not shown that it can tell a defect: its findings are kept and block nothing, nor does it that
    it gave none. `name` is the model's."""

    critic: Critic
    name: str

    async def findings(self, seed: Seed, culture: Culture, draft: Draft) -> list[Finding]:
        """The critic's findings, all of them minor. Raises NotAnsweredError where nobody answered."""
        try:
            found = await self.critic.findings(seed, culture, draft)
        except NotAnsweredError:
            raise
        except AskError as error:
            made_by, said = Provenance(model=self.name), str(error)
            none = Finding(critic=self.name, kind="no answer", quote="", severity="minor", repair=said, made_by=made_by)
            return [none]
        return [finding.model_copy(update={"severity": "minor"}) for finding in found]


class RuleCritic:
    """Rules on words alone: the lexicons of the cultures, remarks about groups of people, the seed said aloud, ways
    that are alike or of unlike length or tone."""

    name = "rules"

    def __init__(self, cultures: Mapping[str, Culture], cues: Cues) -> None:
        self._belongs = {identity: any_of(culture.lexicon.terms()) for identity, culture in cultures.items()}
        group = rf"(?:[\w'’-]+ ){{0,2}}(?:{'|'.join(map(re.escape, sorted(cues.groups, key=len, reverse=True)))})"
        remarks = "|".join(pattern.replace("{group}", group) for pattern in cues.generalisations)
        self._remark = re.compile(rf"\b(?:{remarks})\b", re.IGNORECASE)
        self._tone = dict.fromkeys(cues.warm, 1) | dict.fromkeys(cues.cold, -1)

    async def findings(self, seed: Seed, culture: Culture, draft: Draft) -> list[Finding]:
        """The faults that rules can see."""
        return [
            *self._foreign(culture, draft),
            *self._generalised(draft),
            *self._said(seed, draft),
            *self._parallel(draft),
            *self._toned(draft),
        ]

    def _foreign(self, culture: Culture, draft: Draft) -> list[Finding]:
        text = f"{draft.situation}\n{draft.endorsing}\n{draft.opposing}"
        return [
            self._finding("foreign default", term, "minor", f"belongs to another culture ({other})")
            for other, pattern in self._belongs.items()
            if other != culture.id
            for term in dict.fromkeys(pattern.findall(text))
        ]

    def _generalised(self, draft: Draft) -> list[Finding]:
        text = f"{draft.situation}\n{draft.endorsing}\n{draft.opposing}"
        return [
            self._finding("stereotype", remark, "severe", "say what this person does, and nothing of a whole group")
            for remark in dict.fromkeys(self._remark.findall(text))
        ]

    def _said(self, seed: Seed, draft: Draft) -> list[Finding]:
        findings = []
        for view in (seed.statement, seed.opposite):
            words = set(_words(view))
            for way in (draft.endorsing, draft.opposing):
                if len(words & set(_words(way))) >= SAID_SHARE * len(words):
                    findings.append(
                        self._finding("states the view", way[:120], "severe", "show it in an act, in other words")
                    )
        return findings

    def _parallel(self, draft: Draft) -> list[Finding]:
        endorsing, opposing = _words(draft.endorsing), _words(draft.opposing)
        shared = len(set(endorsing) & set(opposing)) / max(1, min(len(set(endorsing)), len(set(opposing))))
        findings = []
        if shared >= ALIKE_SHARE:
            quote = draft.opposing[:120]
            findings.append(self._finding("not parallel", quote, "severe", "the two ways say the same"))
        short, long = sorted((len(endorsing), len(opposing)))
        if long > LENGTH_RATIO * max(1, short):
            repair = f"one way has {long} words and the other {short}: make them equal"
            findings.append(self._finding("not parallel", draft.opposing[:120], "severe", repair))
        return findings

    def _toned(self, draft: Draft) -> list[Finding]:
        warmth = [sum(self._tone.get(word, 0) for word in _words(way)) for way in (draft.endorsing, draft.opposing)]
        if abs(warmth[0] - warmth[1]) < TONE_GAP:
            return []
        colder = draft.endorsing if warmth[0] < warmth[1] else draft.opposing
        return [self._finding("value judged", colder[:120], "minor", "tell both ways in the same tone")]

    def _finding(self, kind: Kind, quote: str, severity: Literal["minor", "severe"], repair: str) -> Finding:
        made_by = Provenance(model=self.name)
        return Finding(critic=self.name, kind=kind, quote=quote, severity=severity, repair=repair, made_by=made_by)


def blocking(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that keep a draft from being used."""
    return [finding for finding in findings if finding.severity == "severe"]


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]
