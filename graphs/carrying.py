"""Between profiles and pairs: what readers show is carried over to seeds that they do not speak to. No model is
asked."""

from gravity.agents.carrying import Carrier, Degree, degrees, reliability
from gravity.agents.degrees import CarryingOver, axes, calibrated, calibrations, split_halves, taken
from gravity.graphs.crew import Crew
from gravity.store.records import Fact

LEAST_SURE = 0.5  # below it the other side would be likelier


def carry_over(crew: Crew) -> None:
    """Makes unknown stances of the run known where those that the reader shows make them sure enough, and keeps how
    far that can be relied on. What was carried over before stays, since pairs may rest on it."""
    ledger, where = crew.ledger, axes(crew.seeds)
    profiled = ledger.profiled(crew.run)
    cultures = {reader.id: reader.culture or "" for reader in crew.corpus.readers() if reader.id in profiled}
    shown = ledger.shown(crew.run)
    tests = split_halves(shown, where)
    maps = calibrations(tests)
    carrier = Carrier(CarryingOver(taken(shown, where), where), maps, where)
    least = max(LEAST_SURE, crew.composer.min_confidence)
    sure: list[Fact] = []
    held: list[Degree] = []
    for reader in sorted(cultures):
        facts = ledger.facts(crew.run, reader)
        carried = carrier.carried(reader, facts)
        held += degrees([*(fact for fact in facts if fact.source == "shown"), *carried])
        sure += [fact for fact in carried if fact.confidence >= least]
    ledger.carry_over(crew.run, sure, reliability(crew.run, calibrated(tests, maps), held, cultures))
