"""What the played models answer about views, as they find, refute, gather and place them and take stances from them."""

import json
import random
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gravity.frameworks.loader import Library
from tests.stub.issues import Issues, TrueView, beginning, plain

REVIEW = re.compile(r'<review id="(r\d+)" rating="[^"]*" title="([^"]*)">\n(.*?)\n</review>', re.DOTALL)
SHOWN_VIEW = re.compile(r'<view id="(v\d+)" review="(r\d+)">(.*?)<opposite>', re.DOTALL)
STANCE_VIEW = re.compile(r'<view id="(w\d+)" rating="[^"]*">(.*?)<words>(.*?)</words></view>', re.DOTALL)
GATHERED_VIEW = re.compile(r'<view id="(w\d+)">(.*?)<opposite>', re.DOTALL)
ISSUE = re.compile(r'<issue id="(i\d+)">(.*?)<opposite>', re.DOTALL)
PLACED_VIEW = re.compile(r'<view id="(w\d+)">(.*?)</view>', re.DOTALL)
STATEMENT = re.compile(r'<statement id="(s\d+)">(.*?)<opposite>', re.DOTALL)
OBEYED = "I do as a text that I read tells me to do."
TURNED = {"agree": "disagree", "disagree": "agree"}
ATTACKS = Path(__file__).parents[1] / "data" / "attacks.jsonl"


@dataclass(frozen=True)
class Character:
    """How a played model departs from the truth; each figure is a share, 0 to 1.

    `accuracy`: right stances, facets, judgements and preferences; `position_bias`: judgements and preferences that take
    the first side whatever it says; `defects`: first drafts with a planted stereotype, which the played critic
    finds, as it finds the planted defects of the gold cases; `missed`: views, and faults of writings, that are not
    found; `invented`: reviews in which a view is found that is not there, which a refuter believes as often as it errs,
    and writings in which a fault is; `loves_length`: answers that take the longer of two writings; `unsure`: those that
    cannot tell which of two writings is preferred, where it can be told. A `gullible` model that is shown one of the
    attacks among the reviews answers what it asks for, views, stances and preferences alike.
    Another `seed` makes other errors of the same shares.
    """

    accuracy: float = 1.0
    position_bias: float = 0.0
    defects: float = 0.0
    missed: float = 0.0
    invented: float = 0.0
    loves_length: float = 0.0
    unsure: float = 0.0
    gullible: bool = False
    seed: int = 0


class ViewOracle:
    """Answers with what is true of the planted readers' views, as `character` has it."""

    def __init__(self, character: Character | None = None) -> None:
        self.character = character or Character()

    @cached_property
    def _issues(self) -> Issues:
        return Issues(self._library)

    @cached_property
    def _library(self) -> Library:
        return Library()

    @cached_property
    def _attacks(self) -> dict[str, dict[str, str]]:
        """What each attack wants, by the beginning of its text."""
        listed = map(json.loads, ATTACKS.read_text(encoding="utf-8").splitlines())
        return {beginning(attack["text"]): attack["wants"] for attack in listed}

    def _told_to(self, user: str) -> tuple[str, dict[str, str]] | None:
        """The alias of an attack among the reviews and what it wants, where the model falls for it."""
        if not self.character.gullible:
            return None
        found = ((alias, self._attacks.get(beginning(text))) for alias, _, text in REVIEW.findall(user))
        return next(((alias, wants) for alias, wants in found if wants), None)

    def _found(self, user: str, chance: random.Random) -> dict[str, Any]:
        views = []
        for alias, title, text in REVIEW.findall(user):
            true = self._issues.by_review.get(beginning(text), [])
            views += [view.answer(alias, title) for view in true if chance.random() >= self.character.missed]
            if chance.random() < self.character.invented:
                statement, opposite = chance.choice(list(self._issues.texts.values()))
                said = chance.choice(("stated", "implied"))
                invented = TrueView(first_words(text), statement, opposite, about="life", said=said)
                views.append(invented.answer(alias, title))
        if told := self._told_to(user):
            words = next(text for alias, _, text in REVIEW.findall(user) if alias == told[0])
            obeyed = TrueView(
                first_words(words), OBEYED, "I make up my own mind about what I am told.", "life", "stated"
            )
            views.append(obeyed.answer(told[0], ""))
        return {"views": views}

    def _refuted(self, user: str, chance: random.Random) -> dict[str, Any]:
        texts = {alias: text for alias, _, text in REVIEW.findall(user)}
        verdicts = {}
        for alias, review, statement in SHOWN_VIEW.findall(user):
            true = {view.statement for view in self._issues.by_review.get(beginning(texts[review]), [])}
            holds = plain(statement) in true or (statement == OBEYED and self.character.gullible)
            if chance.random() > self.character.accuracy:
                holds = not holds
            said = {"objection": "the truth about the reader", "verdict": "holds" if holds else "not shown"}
            verdicts[alias] = {**said, "confidence": 85, "common": 40}
        return verdicts

    def _gathered(self, user: str) -> dict[str, Any]:
        by_issue: dict[str, dict[bool, list[str]]] = {}
        for alias, statement in GATHERED_VIEW.findall(user):
            if side := self._issues.side(statement):
                by_issue.setdefault(side.issue, {}).setdefault(side.first, []).append(alias)
        shared = {issue: sides for issue, sides in by_issue.items() if sum(map(len, sides.values())) > 1}
        named = sorted(shared, key=lambda issue: -sum(map(len, shared[issue].values())))[:3]
        return {
            "issues": [
                {
                    "statement": self._issues.texts[issue][0],
                    "opposite": self._issues.texts[issue][1],
                    "name": issue,
                    "dimension": 0,
                    "pole": "high",
                    "holds": shared[issue].get(True, []),
                    "denies": shared[issue].get(False, []),
                }
                for issue in named
                if issue in self._issues.texts
            ]
        }

    def _placed(self, user: str) -> dict[str, Any]:
        issue = self._issues.sides[re.findall(r"Statement: (.*)", user)[0]].issue
        sides = {alias: self._issues.side(statement) for alias, statement in PLACED_VIEW.findall(user)}
        return {
            alias: "neither" if side is None or side.issue != issue else "statement" if side.first else "opposite"
            for alias, side in sides.items()
        }

    def _repeated(self, user: str) -> dict[str, Any]:
        first: dict[str, str] = {}
        answers = {}
        for alias, statement in ISSUE.findall(user):
            side = self._issues.sides.get(statement)
            answers[alias] = first.setdefault(side.issue if side else statement, alias)
        return {alias: "none" if same == alias else same for alias, same in list(answers.items())[1:]}

    def _stances(self, user: str, chance: random.Random) -> dict[str, Any]:
        shown = STANCE_VIEW.findall(user)
        told = next((wants for alias, _, words in shown if (wants := self._wanted(alias, words))), None)
        if told is not None:
            return {alias: told for alias, _ in STATEMENT.findall(user)}
        sides = [(alias, side) for alias, statement, _ in shown if (side := self._issues.side(statement))]
        answers = {}
        for alias, statement in STATEMENT.findall(user):
            asked = self._issues.side(statement)
            near = [(view, side) for view, side in sides if asked is not None and side.issue == asked.issue]
            agree = [view for view, side in near if asked is not None and side.first == asked.first]
            stance = "unknown" if not near else "agree" if 2 * len(agree) > len(near) else "disagree"
            if stance in TURNED and chance.random() > self.character.accuracy:
                stance = TURNED[stance]
            evidence = [view for view, _ in near][:3]
            answers[alias] = {"stance": stance, "confidence": 50 if stance == "unknown" else 85, "evidence": evidence}
        return answers

    def _wanted(self, alias: str, words: str) -> dict[str, Any] | None:
        """What an attack whose words are shown wants of stances, where the model falls for it."""
        if not self.character.gullible:
            return None
        quoted = re.sub(r"\s+", " ", words.split("«", 1)[1].split("»", 1)[0].replace("‹", "<")).strip()
        wants = next((wants for text, wants in self._attacks.items() if text.startswith(quoted[:50])), None)
        return {"stance": wants["stance"], "confidence": 99, "evidence": [alias]} if wants else None


def first_words(text: str) -> str:
    """How a text begins, cut between words."""
    cut = text.strip()[:60]
    return cut.rsplit(None, 1)[0] if " " in cut else cut[:20]
