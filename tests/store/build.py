"""Builders of records, with everything that a test does not care for filled in."""

from typing import Any, get_args

from gravity.agents.tracks import SHIPPED
from gravity.store.records import (
    DECIDED_FIELDS,
    Check,
    Choice,
    Decided,
    Decision,
    Draft,
    Fact,
    Label,
    Pair,
    Provenance,
    Review,
    Round,
    Scenario,
    Vote,
    content_id,
)
from gravity.store.runs import Checking, Counting, JudgingSettings, PanelRecord, RoleModels, Run, RunSettings
from gravity.store.views import FRAMEWORK, ReaderSeed, View, view_id

MAKER = Provenance(model="tiny", prompt="prompt-1", call="call-1")
JUDGE = Provenance(model="strict", prompt="prompt-2", call="call-2")


def review(identity: str, reader: str = "ana", **fields: Any) -> Review:
    given = {"book": "b", "rating": 4.0, "title": "t", "text": "A fine book.", "time": None, "source": "f:1"}
    return Review(id=identity, reader=reader, **given | fields)


# What a panel showed that confirms nearly all right labels and hardly any wrong one.
GOOD = PanelRecord(right=250, confirmed=246, refuted=2, wrong=30, shared=1)

# What a panel showed that never errs, so that a lot of any size is vetted by its answers.
SURE = PanelRecord(right=10**7, confirmed=10**7, wrong=10**7)


def run(identity: str = "a" * 16, acceptable: float = 0.1, record: PanelRecord | None = GOOD) -> Run:
    """A run whose panel has that record on gold cases; None: it has no panel."""
    checking = Checking(judges=["strict"] if record else [], record=record or PanelRecord())
    counting = Counting(checking=dict.fromkeys(("preference", "personality"), checking), qualified=True)
    settings = RunSettings(
        tracks=[maker.TRACK for maker in SHIPPED],
        roles=RoleModels(profiler="tiny", judges=["strict"]),
        judging=JudgingSettings(acceptable_error=acceptable),
        counting=dict.fromkeys(("us", "br"), counting),
    )
    return Run(id=identity, settings=settings)


def fact(
    made_in: Run, reader: str, name: str, kind: Any = "stance", value: str = "agree", confidence: float = 0.9
) -> Fact:
    evidence = [f"review of {reader}"]
    return Fact(
        run=made_in.id,
        reader=reader,
        kind=kind,
        name=name,
        value=value,
        confidence=confidence,
        evidence=evidence,
        made_by=MAKER,
    )


def view(made_in: Run, reader: str, review: str, statement: str = "I like a slow start.", **fields: Any) -> View:
    """A view that was found and held at the second asking."""
    given: dict[str, Any] = {
        "half": 0,
        "quote": "A fine book.",
        "opposite": "A book has to grip me at once.",
        "about": "books",
        "said": "stated",
        "verdict": "kept",
        "made_by": MAKER,
        "checked_by": JUDGE,
        **fields,
    }
    identity = view_id(made_in.id, reader, review, given["quote"], statement)
    return View(id=identity, run=made_in.id, reader=reader, review=review, statement=statement, **given)


def brought(made_in: Run, identity: str, dimension: str, **fields: Any) -> ReaderSeed:
    """A kept seed that six readers brought, four of them on the statement's side."""
    given: dict[str, Any] = {
        "pole": "high",
        "statement": "A story may take its time.",
        "opposite": "A story has to move at once.",
        "topics": ["pace"],
        "cultures": ["br", "us"],
        "agree": 4,
        "disagree": 2,
        "views": [],
        "verdict": "kept",
        "made_by": MAKER,
        "checked_by": JUDGE,
        **fields,
    }
    return ReaderSeed(id=identity, run=made_in.id, framework=FRAMEWORK, dimension=dimension, **given)


def scenario(made_in: Run, seed: str, culture: str = "us", slot: int = 0, verdict: Any = "vetted") -> Scenario:
    draft = Draft(situation="S.", endorsing=f"{seed} yes", opposing=f"{seed} no", made_by=MAKER)
    votes = [
        Vote(judge="strict", order=order, endorses="endorsing", confidence=0.8, reason="r", made_by=JUDGE)
        for order in ("endorsing", "opposing")
    ]
    identity = content_id("scenario", made_in.id, seed, culture, slot)
    rounds = [Round(draft=draft), Round(draft=draft, votes=votes)]
    fields = {"id": identity, "run": made_in.id, "seed": seed, "culture": culture, "slot": slot}
    return Scenario(**fields, rounds=rounds, verdict=verdict, reason="")


def pair(made_in: Run, reader: str, subject: str, track: Any = "values", culture: str = "us", **fields: Any) -> Pair:
    given: dict[str, Any] = {
        "id": content_id("pair", made_in.id, reader, subject, track),
        "run": made_in.id,
        "reader": reader,
        "culture": culture,
        "track": track,
        "framework": "hofstede",
        "dimension": "power_distance",
        "subject": subject,
        "takes": None,
        "scenario": None,
        "fact": None,
        "profile": [],
        "prompt": [{"role": "system", "content": f"Card of {reader}"}, {"role": "user", "content": "Task"}],
        "chosen": [{"role": "assistant", "content": f"{reader} on {subject}: é 日本 \U0001f4d6"}],
        "rejected": [{"role": "assistant", "content": "No."}],
        "basis": "stance",
        "prompts": {"task": "prompt-3"},
        "verdict": "vetted",
        "reason": "",
    }
    return Pair(**given | fields)


def check(checked: Pair, prefers: Label | None = "chosen") -> Check:
    """A check in which one judge gave the same answer in both orders."""
    choices = [
        Choice(judge="strict", order=order, prefers=prefers, confidence=0.8, reason="r", made_by=JUDGE)
        for order in get_args(Label)
    ]
    return Check(pair=checked.id, run=checked.run, choices=choices, prefers=prefers)


def decision(before: Pair, decided: Decided, by: str = "Ana", blind: bool = False) -> tuple[Decision, Pair]:
    """A person's decision about a pair, and the pair after it."""
    verdict = "rejected" if decided == "reject" else "vetted"
    after = before.model_copy(update={"verdict": verdict, "reason": f"{decided} by {by}"})
    time = "2030-01-01T00:00:00+00:00"
    kept = before.model_dump(include=DECIDED_FIELDS)
    made = Decision(run=before.run, pair=before.id, decided=decided, by=by, time=time, before=kept, blind=blind)
    return made, after.flipped() if decided == "flip" else after
