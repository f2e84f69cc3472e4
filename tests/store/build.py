"""Builders of records, with everything that a test does not care for filled in."""

from typing import Any

from store.records import Draft, Fact, Pair, Provenance, Review, Round, Run, Scenario, Vote, content_id

MAKER = Provenance(model="tiny", prompt="prompt-1", call="call-1")
JUDGE = Provenance(model="strict", prompt="prompt-2", call="call-2")


def review(identity: str, reader: str = "ana", **fields: Any) -> Review:
    given = {"book": "b", "rating": 4.0, "title": "t", "text": "A fine book.", "time": None, "source": "f:1"}
    return Review(id=identity, reader=reader, **given | fields)


def run(identity: str = "a" * 16) -> Run:
    return Run(id=identity, settings={"roles": {"profiler": "tiny", "judges": ["strict"], "critics": []}})


def fact(of: Run, reader: str, name: str, kind: Any = "stance", value: str = "agree", confidence: float = 0.9) -> Fact:
    evidence = [f"review of {reader}"]
    return Fact(
        run=of.id,
        reader=reader,
        kind=kind,
        name=name,
        value=value,
        confidence=confidence,
        evidence=evidence,
        made_by=MAKER,
    )


def scenario(of: Run, seed: str, culture: str = "us", slot: int = 0, verdict: Any = "vetted") -> Scenario:
    draft = Draft(situation="S.", endorsing=f"{seed} yes", opposing=f"{seed} no", made_by=MAKER)
    votes = [
        Vote(judge="strict", order=order, endorses="endorsing", confidence=0.8, reason="r", made_by=JUDGE)
        for order in ("endorsing", "opposing")
    ]
    identity = content_id("scenario", of.id, seed, culture, slot)
    rounds = [Round(draft=draft), Round(draft=draft, votes=votes)]
    fields = {"id": identity, "run": of.id, "seed": seed, "culture": culture, "slot": slot}
    return Scenario(**fields, rounds=rounds, verdict=verdict, reason="")


def pair(of: Run, reader: str, subject: str, track: Any = "values", culture: str = "us", **fields: Any) -> Pair:
    given: dict[str, Any] = {
        "id": content_id("pair", of.id, reader, subject, track),
        "run": of.id,
        "reader": reader,
        "culture": culture,
        "track": track,
        "framework": "hofstede",
        "dimension": "power_distance",
        "subject": subject,
        "scenario": None,
        "fact": None,
        "prompt": [{"role": "system", "content": f"Card of {reader}"}, {"role": "user", "content": "Task"}],
        "chosen": [{"role": "assistant", "content": f"{reader} on {subject}: é 日本 \U0001f4d6"}],
        "rejected": [{"role": "assistant", "content": "No."}],
        "basis": "stance",
        "prompts": {"task": "prompt-3"},
        "verdict": "vetted",
        "reason": "",
    }
    return Pair(**given | fields)
