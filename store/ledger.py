"""The records of runs: facts about readers, scenarios, pairs; written whole, never twice."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, literal, select, update

from gravity.store import tables
from gravity.store.database import Database, insert_new, values
from gravity.store.facets import FacetHalf
from gravity.store.records import DECIDED_FIELDS, Check, Decision, Fact, Pair, RatedTest, Scenario, Shown, Unanswered
from gravity.store.reliability import Reliability
from gravity.store.runs import Run

RatedCounts = Counter[tuple[str, str, str, str, str | None]]

PAGE = 500
SWEPT = ("reading", "view group", "scenario", "profile", "check")  # what a run asks for, in its order


class Ledger:
    """The output side of the store. Every write is one transaction; what agents add is added where it is not there
    yet, verdicts change by people's decisions and for near-duplicates alone, and only what failed is taken out."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def open_run(self, run: Run) -> None:
        """Makes the run known; one that is already known stays."""
        with self.database.begin() as connection:
            insert_new(connection, tables.runs, [run])

    def latest_run(self) -> Run | None:
        """The run opened last, or None."""
        rows = self._all(select(tables.runs).order_by(tables.runs.c.number.desc()).limit(1))
        return Run.model_validate(rows[0]) if rows else None

    def run(self, identity: str) -> Run | None:
        """The run whose id begins with `identity`, or None where no single one does."""
        rows = self._all(select(tables.runs).where(tables.runs.c.id.startswith(identity, autoescape=True)))
        return Run.model_validate(rows[0]) if len(rows) == 1 else None

    def add_profile(
        self,
        run: str,
        reader: str,
        facts: Sequence[Fact],
        shown: Sequence[Shown] = (),
        halves: Sequence[FacetHalf] = (),
        reviews: Mapping[str, int] | None = None,
    ) -> None:
        """Keeps a reader's whole profile, what each half of the reviews shows of seeds and of facets, and how many
        `reviews` were `known` to it, `held_back`, and `repeats` of what the reader reviewed before."""
        profile = {"run": run, "reader": reader, **(reviews or {})}
        with self.database.begin() as connection:
            if insert_new(connection, tables.profiles, [profile]):
                for table, rows in ((tables.facts, facts), (tables.shown, shown), (tables.facet_halves, halves)):
                    if rows:
                        connection.execute(insert(table), values(rows))

    def add_stances(self, run: str, reader: str, facts: Sequence[Fact], shown: Sequence[Shown]) -> None:
        """Adds stances toward seeds that were brought after the reader's profile was made."""
        with self.database.begin() as connection:
            insert_new(connection, tables.facts, facts)
            insert_new(connection, tables.shown, shown)

    def stances_asked(self, run: str) -> dict[str, int]:
        """How many seeds each reader has a fact about."""
        table = tables.facts
        counts = self._count(select(table.c.reader).where(table.c.run == run, table.c.kind == "stance"))
        return {reader: n for (reader,), n in counts.items()}

    def shown(self, run: str) -> list[Shown]:
        """What the halves of the readers' reviews show, by reader and seed."""
        table = tables.shown
        query = select(table).where(table.c.run == run).order_by(table.c.reader, table.c.seed, table.c.half)
        return [Shown.model_validate(row) for row in self._all(query)]

    def carry_over(self, run: str, stances: Sequence[Fact], reliability: Sequence[Reliability]) -> None:
        """Puts stances in the place of unknown ones, and the figures in the place of those of before; a stance that is
        known by now stays."""
        table, figures = tables.facts, tables.reliability
        key: dict[str, Any] = {name: bindparam(f"of_{name}") for name in ("reader", "kind", "name")}
        changed = ("value", "confidence", "evidence", "made_by", "reason", "source")
        of = [table.c[name] == value for name, value in key.items()]
        statement = update(table).where(table.c.run == run, *of, table.c.value == "unknown")
        with self.database.begin() as connection:
            connection.execute(delete(figures).where(figures.c.run == run))
            if reliability:
                connection.execute(insert(figures), values(reliability))
            if stances:
                connection.execute(
                    statement.values({name: bindparam(name, type_=table.c[name].type) for name in changed}),
                    [
                        {**fact.model_dump(include={*changed}), **{f"of_{name}": getattr(fact, name) for name in key}}
                        for fact in stances
                    ],
                )

    def reliability(self, run: str) -> list[Reliability]:
        """How far the stances can be relied on, by source, culture and threshold; empty before any were."""
        table = tables.reliability
        query = select(table).where(table.c.run == run).order_by(table.c.source, table.c.culture, table.c.threshold)
        return [Reliability.model_validate(row) for row in self._all(query)]

    def profiled(self, run: str) -> set[str]:
        """Readers whose profile is complete."""
        return {row["reader"] for row in self._all(select(tables.profiles).where(tables.profiles.c.run == run))}

    def profiled_reviews(self, run: str) -> dict[str, int]:
        """How many reviews of the profiled readers profiles know of, were held back, and repeat others."""
        table, names = tables.profiles, ("known", "held_back", "repeats")
        sums = [func.coalesce(func.sum(table.c[name]), 0).label(name) for name in names]
        (row,) = self._all(select(*sums).where(table.c.run == run))
        return row

    def held_back(self, run: str) -> dict[str, int]:
        """How many reviews were held back from the profile of each reader."""
        table = tables.profiles
        rows = self._all(select(table.c.reader, table.c.held_back).where(table.c.run == run))
        return {row["reader"]: row["held_back"] for row in rows}

    def is_profiled(self, run: str, reader: str) -> bool:
        """Whether the reader's profile is complete."""
        table = tables.profiles
        return bool(self._all(select(table).where(table.c.run == run, table.c.reader == reader)))

    def facts(self, run: str, reader: str) -> list[Fact]:
        """A reader's facts in a stable order."""
        table = tables.facts
        query = select(table).where(table.c.run == run, table.c.reader == reader)
        return [Fact.model_validate(row) for row in self._all(query.order_by(table.c.kind, table.c.name))]

    def add_scenario(self, scenario: Scenario) -> None:
        """Keeps a scenario with its rounds and its verdict."""
        with self.database.begin() as connection:
            insert_new(connection, tables.scenarios, [scenario])

    def scenario(self, identity: str) -> Scenario | None:
        """The scenario of that id, or None."""
        rows = self._all(select(tables.scenarios).where(tables.scenarios.c.id == identity))
        return Scenario.model_validate(rows[0]) if rows else None

    def settled_scenarios(self, run: str) -> set[str]:
        """Ids of the scenarios that have a verdict."""
        with self.database.begin() as connection:
            query = select(tables.scenarios.c.id).where(tables.scenarios.c.run == run)
            return set(connection.execute(query).scalars())

    def vetted_scenarios(self, run: str, culture: str) -> list[Scenario]:
        """The scenarios of a culture that passed, by seed and slot."""
        table = tables.scenarios
        query = select(table).where(table.c.run == run, table.c.culture == culture, table.c.verdict == "vetted")
        return [Scenario.model_validate(row) for row in self._all(query.order_by(table.c.seed, table.c.slot))]

    def written_seeds(self, run: str) -> set[str]:
        """Ids of the seeds that scenarios were written of, or were to be."""
        table = tables.scenarios
        with self.database.begin() as connection:
            return set(connection.execute(select(table.c.seed).distinct().where(table.c.run == run)).scalars())

    def used_scenarios(self, run: str) -> set[str]:
        """Ids of the scenarios that pairs rest on."""
        table = tables.pairs
        with self.database.begin() as connection:
            query = select(table.c.scenario).distinct().where(table.c.run == run, table.c.scenario.is_not(None))
            return set(connection.execute(query).scalars())

    def reject_scenario(self, identity: str, reason: str) -> None:
        """Takes a verdict back that a comparison with other scenarios has overtaken."""
        table = tables.scenarios
        with self.database.begin() as connection:
            connection.execute(update(table).where(table.c.id == identity).values(verdict="rejected", reason=reason))

    def add_pairs(self, pairs: Sequence[Pair]) -> int:
        """Keeps the pairs that are not there yet, and returns how many those were."""
        with self.database.begin() as connection:
            return insert_new(connection, tables.pairs, pairs)

    def put_rated_tests(self, run: str, readers: Collection[str], tests: Sequence[RatedTest]) -> None:
        """Puts the tests of labels on these readers' ratings in the place of those of before."""
        table = tables.rated_tests
        with self.database.begin() as connection:
            connection.execute(delete(table).where(table.c.run == run, table.c.reader.in_(readers)))
            if tests:
                connection.execute(insert(table), values(tests))

    def rated_tests(self, run: str) -> RatedCounts:
        """The tests of labels on ratings by culture, track, what a label rests on, reader and outcome."""
        c = tables.rated_tests.c
        return self._count(select(c.culture, c.track, c.rests_on, c.reader, c.outcome).where(c.run == run))

    def rated_pairs(self, run: str) -> RatedCounts:
        """The vetted pairs whose labels rest on ratings, in the same order; the outcome is None where later ratings say
        nothing of them. What people decided changes nothing of it: they saw what the label said."""
        c, d = tables.pairs.c, tables.decisions.c
        decided = select(d.pair).where(d.run == run)
        before = {pair for pair, one in self.decisions(run).items() if one.before["verdict"] == "vetted"}
        columns = (c.culture, c.track, c.rests_on, c.reader, c.tested)
        rated = c.run == run, c.rests_on.is_not(None)
        counts = self._count(select(*columns).where(*rated, c.verdict == "vetted", c.id.not_in(decided)))
        for row in self._all(select(*columns, c.id).where(*rated, c.id.in_(decided))):
            if row.pop("id") in before:
                counts[tuple(row.values())] += 1
        return counts

    def pair(self, identity: str) -> Pair | None:
        """The pair whose id begins with `identity`, or None where no single one does."""
        # Ids are hexadecimal, so "g" ends the range; a LIKE would read the whole table.
        query = select(tables.pairs).where(tables.pairs.c.id.between(identity, f"{identity}g")).limit(2)
        rows = self._all(query)
        return Pair.model_validate(rows[0]) if len(rows) == 1 else None

    def pairs(self, run: str, verdict: str | None = None) -> Iterator[Pair]:
        """A run's pairs by id, a page at a time, so that memory stays flat."""
        table, last = tables.pairs, ""
        while True:
            query = select(table).where(table.c.run == run, table.c.id > last)
            if verdict is not None:
                query = query.where(table.c.verdict == verdict)
            page = self._all(query.order_by(table.c.id).limit(PAGE))
            yield from (Pair.model_validate(row) for row in page)
            if len(page) < PAGE:
                return
            last = page[-1]["id"]

    def preferences(self, run: str) -> Iterator[tuple[str, str, str, tuple[str, str], bool]]:
        """Of each vetted pair its culture, track and subject, its two answers in an order of their own, and whether the
        first of these is the chosen one; read as it goes."""
        table = tables.pairs
        query = select(table.c.culture, table.c.track, table.c.subject, table.c.chosen, table.c.rejected)
        query = query.where(table.c.run == run, table.c.verdict == "vetted")
        with self.database.begin() as connection:
            for culture, track, subject, *sides in connection.execution_options(yield_per=PAGE).execute(query):
                chosen, rejected = (side[0]["content"] for side in sides)
                answers = (chosen, rejected) if chosen <= rejected else (rejected, chosen)
                yield culture, track, subject, answers, answers[0] == chosen

    def lot_members(self, run: str) -> Iterator[tuple[str, str, str]]:
        """Id, culture and track of each pair that was vetted before people decided on any, read as it goes."""
        table, before = tables.pairs, {pair: d.before["verdict"] for pair, d in self.decisions(run).items()}
        query = select(table.c.id, table.c.culture, table.c.track, table.c.verdict).where(table.c.run == run)
        with self.database.begin() as connection:
            for identity, culture, track, verdict in connection.execution_options(yield_per=PAGE).execute(query):
                if before.get(identity, verdict) == "vetted":
                    yield identity, culture, track

    def add_check(self, check: Check) -> None:
        """Keeps what a panel said of a sampled pair."""
        with self.database.begin() as connection:
            insert_new(connection, tables.checks, [check])

    def check(self, pair: str) -> Check | None:
        """What a panel said of the pair, or None."""
        rows = self._all(select(tables.checks).where(tables.checks.c.pair == pair))
        return Check.model_validate(rows[0]) if rows else None

    def checks(self, run: str) -> dict[str, Check]:
        """The checks of a run by pair."""
        rows = self._all(select(tables.checks).where(tables.checks.c.run == run))
        return {row["pair"]: Check.model_validate(row) for row in rows}

    def leave_pending(self, run: str, what: str, reasons: Mapping[str, str]) -> None:
        """Notes why a sweep left items pending, in place of what an earlier sweep of the same kind had left."""
        table = tables.pending
        rows = [{"run": run, "what": what, "item": item, "reason": reason} for item, reason in reasons.items()]
        with self.database.begin() as connection:
            connection.execute(delete(table).where(table.c.run == run, table.c.what == what))
            if rows:
                connection.execute(insert(table), rows)

    def unanswered(self, run: str) -> list[Unanswered]:
        """What the last sweeps left pending, by kind and reason."""
        table = tables.pending
        counts = self._count(select(table.c.what, table.c.reason).where(table.c.run == run))
        rows = [Unanswered(what=what, reason=reason, items=n) for (what, reason), n in sorted(counts.items())]
        return sorted(rows, key=lambda row: SWEPT.index(row.what))

    def take_out_failed(self, run: str, readers: Collection[str], cultures: Collection[str]) -> None:
        """Makes pending again what failed for want of a usable answer: readings of `readers` with a failed chunk,
        profiles with a failed fact or of such readings, groups of views, scenarios of `cultures`, and checks in which a
        judge gave none.

        The pairs of such readers go with their checks, and are composed anew; one that a person decided on stays.
        """
        facts, profiles, scenarios = tables.facts, tables.profiles, tables.scenarios
        pairs, checks, decisions = tables.pairs, tables.checks, tables.decisions
        failed = select(facts.c.reader).where(facts.c.run == run, facts.c.value == "failed").distinct()
        decided = select(decisions.c.pair).where(decisions.c.run == run)
        wanted = set(readers)
        unread = {reader for reader, reasons in self._failed_readings(run) if reasons and reader in wanted}
        silent = [pair for pair, check in self.checks(run).items() if not all(c.answered for c in check.choices)]
        with self.database.begin() as connection:
            for reader in unread.union(wanted.intersection(connection.execute(failed).scalars())):
                theirs = pairs.c.run == run, pairs.c.reader == reader, pairs.c.id.not_in(decided)
                connection.execute(delete(checks).where(checks.c.pair.in_(select(pairs.c.id).where(*theirs))))
                connection.execute(delete(pairs).where(*theirs))
                for table in (facts, profiles, tables.shown, tables.facet_halves):
                    connection.execute(delete(table).where(table.c.run == run, table.c.reader == reader))
            for reader in unread:
                for table in (tables.views, tables.readings):
                    connection.execute(delete(table).where(table.c.run == run, table.c.reader == reader))
            for pair in silent:
                connection.execute(delete(checks).where(checks.c.pair == pair))
            unnamed = tables.groups.c.run == run, tables.groups.c.failed != ""
            connection.execute(update(tables.groups).where(*unnamed).values(settled=False, failed=""))
            unwritten = scenarios.c.verdict == "failed", scenarios.c.culture.in_(cultures)
            connection.execute(delete(scenarios).where(scenarios.c.run == run, *unwritten))

    def decide(self, decision: Decision, pair: Pair) -> None:
        """Keeps a person's decision, and the pair as it is after it."""
        after = pair.model_dump(include=DECIDED_FIELDS)
        with self.database.begin() as connection:
            connection.execute(insert(tables.decisions), values([decision]))
            connection.execute(update(tables.pairs).where(tables.pairs.c.id == pair.id).values(after))

    def undo(self, pair: str) -> Decision:
        """Takes the decision about a pair back and returns it. Raises KeyError where there is none."""
        table, decision = tables.decisions, self.decision(pair)
        if decision is None:
            raise KeyError(pair)
        with self.database.begin() as connection:
            connection.execute(delete(table).where(table.c.pair == pair))
            connection.execute(update(tables.pairs).where(tables.pairs.c.id == pair).values(decision.before))
        return decision

    def decision(self, pair: str) -> Decision | None:
        """What a person decided about the pair, or None."""
        rows = self._all(select(tables.decisions).where(tables.decisions.c.pair == pair))
        return Decision.model_validate(rows[0]) if rows else None

    def decisions(self, run: str) -> dict[str, Decision]:
        """The decisions of people by pair."""
        table = tables.decisions
        rows = self._all(select(table).where(table.c.run == run).order_by(table.c.number))
        return {row["pair"]: Decision.model_validate(row) for row in rows}

    def scenario_counts(self, run: str) -> Counter[tuple[str, str]]:
        """Scenarios by culture and verdict."""
        table = tables.scenarios
        return self._count(select(table.c.culture, table.c.verdict).where(table.c.run == run))

    def scenarios_of(self, run: str, seeds: Collection[str]) -> Counter[str]:
        """The scenarios of some seeds that have a verdict, by culture."""
        table = tables.scenarios
        rows = self._count(select(table.c.culture).where(table.c.run == run, table.c.seed.in_(seeds)))
        return Counter({culture: n for (culture,), n in rows.items()})

    def fact_counts(self, run: str) -> Counter[tuple[str, str, str]]:
        """Facts by the reader's culture, kind and value."""
        table, readers = tables.facts, tables.readers
        query = select(readers.c.culture, table.c.kind, table.c.value)
        return self._count(query.join(readers, readers.c.id == table.c.reader).where(table.c.run == run))

    def source_counts(self, run: str) -> Counter[tuple[str, str, str]]:
        """Stances that are taken, by the reader's culture, source and value."""
        table, readers = tables.facts, tables.readers
        query = select(readers.c.culture, table.c.source, table.c.value)
        taken = table.c.run == run, table.c.kind == "stance", table.c.value.in_(("agree", "disagree"))
        return self._count(query.join(readers, readers.c.id == table.c.reader).where(*taken))

    def failures(self, run: str) -> Counter[tuple[str, str]]:
        """What got no usable answer from a model, by what it is (a chunk of reviews, a group of views, a scenario, or a
        kind of fact) and reason."""
        scenarios, facts, groups = tables.scenarios, tables.facts, tables.groups
        unread = Counter(("review chunk", reason) for _, reasons in self._failed_readings(run) for reason in reasons)
        fruitless = groups.c.run == run, groups.c.failed != ""
        unnamed = self._count(select(literal("view group"), groups.c.failed).where(*fruitless))
        unwritten = scenarios.c.run == run, scenarios.c.verdict == "failed"
        written = self._count(select(literal("scenario"), scenarios.c.reason).where(*unwritten))
        unknown = facts.c.run == run, facts.c.value == "failed"
        return unread + unnamed + written + self._count(select(facts.c.kind, facts.c.reason).where(*unknown))

    def pair_counts(self, run: str) -> Counter[tuple[str, str, str]]:
        """Pairs by culture, track and verdict."""
        table = tables.pairs
        return self._count(select(table.c.culture, table.c.track, table.c.verdict).where(table.c.run == run))

    def _failed_readings(self, run: str) -> list[tuple[str, list[str]]]:
        table = tables.readings
        query = select(table.c.reader, table.c.failed).where(table.c.run == run).order_by(table.c.reader)
        return [(row["reader"], row["failed"]) for row in self._all(query)]

    def _count(self, query: Select[Any]) -> Counter[Any]:
        grouped = query.add_columns(func.count()).group_by(*query.selected_columns)
        with self.database.begin() as connection:
            return Counter({tuple(row[:-1]): row[-1] for row in connection.execute(grouped)})

    def _all(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self.database.begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
