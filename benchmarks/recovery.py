"""What is true of planted people, and how much of it a run's views, stances, seeds and labels say."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import sqrt
from statistics import mean, stdev
from typing import Any

from gravity.agents.gathering.gatherer import ONE_SIDED
from gravity.agents.interests import split
from gravity.agents.stances import TURNED
from gravity.frameworks.records import Seed
from gravity.frameworks.statistics import Z, wilson
from gravity.project import Project
from gravity.store.records import Pair
from gravity.store.views import ReaderSeed
from tests.stub.issues import Issues
from tests.support import QUIET, People, places, rows, truth

SAID = ("agree", "disagree", "unknown", "failed")
KINDS = ("shipped seeds", "readers' seeds", "own seeds")
Cell = tuple[str, str]


@dataclass(frozen=True)
class Person:
    """What is true of one reader: the views, as (review, statement), that the reviews show which a profile may see; by
    issue the side that is `shown` there, and that is `held` and not shown there, True for the statement's; levels of
    facets."""

    views: frozenset[Cell]
    shown: Mapping[str, bool]
    held: Mapping[str, bool]
    facets: Mapping[str, str]


@dataclass
class Told:
    """What runs made of what is true, added up. `labels` are wrong, right and made-up ones by culture and track,
    and `confirmed` those of them that a panel confirmed."""

    views: Counter[str] = field(default_factory=Counter)
    stances: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    constructs: Counter[str] = field(default_factory=Counter)
    seeds: Counter[str] = field(default_factory=Counter)
    labels: Counter[tuple[Cell, str]] = field(default_factory=Counter)
    confirmed: Counter[tuple[Cell, str]] = field(default_factory=Counter)
    pairs: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, other: "Told") -> None:
        """Adds what another run made."""
        for name in ("views", "stances", "constructs", "seeds", "labels", "confirmed"):
            getattr(self, name).update(getattr(other, name))
        for reader, made in other.pairs.items():
            self.pairs[reader] += made


def told(made: Project, run: str, people: People) -> Told:
    """What one finished run made of these people."""
    issues, known = Issues(made.library), dict(_persons(made, people))
    brought = [seed for seed in made.stores.views.seeds(run) if seed.verdict == "kept"]
    seeds: dict[str, Seed] = {**made.library.seeds, **{seed.id: seed for seed in brought}}
    found = Told()
    found.seeds.update(_kind(seed) for seed in brought)
    for reader, person in known.items():
        found.views += _views(made, run, reader, person)
        for fact in made.stores.ledger.facts(run, reader):
            if fact.kind == "stance":
                seed = seeds[fact.name]
                found.stances[_kind(seed), _true(person, seed, issues), fact.value] += 1
        found.pairs[reader].append(0)
    checks = made.stores.ledger.checks(run)
    for pair in made.stores.ledger.pairs(run, "vetted"):
        found.pairs[pair.reader][-1] += pair.track == "values"
        if pair.fact is not None:
            of = (pair.culture, pair.track), _label(pair, known[pair.reader], seeds, issues)
            found.labels[of] += 1
            if pair.id in checks and checks[pair.id].prefers == "chosen":
                found.confirmed[of] += 1
    if people is QUIET:
        found.constructs = _constructs(issues, known, brought, made.config.curate.readers_per_seed)
    return found


def _persons(made: Project, people: People) -> Iterator[tuple[str, Person]]:
    """Those of the people who were taken in."""
    issues, reviews, library = Issues(made.library), places(people), made.library
    for reader, row in truth(people).items():
        given = made.stores.corpus.reviews_of(reader)
        if not given:
            continue
        books = made.stores.corpus.books([review.book for review in given])
        seen = {review.id for review in split(given, books, made.config.curate.held_back).known}
        if "views" in row:
            views = [(view["review"], view["statement"]) for view in row["views"]]
            held = {issue: side == "statement" for issue, side in row["holds"]["constructs"].items()}
            held |= {seed: stance == "agree" for seed, stance in row["holds"]["seeds"].items()}
        else:
            held = {seed: stance == "agree" for seed, stance in row["stances"].items() if stance in TURNED}
            views = [
                (place, library.seeds[seed].statement if held[seed] else library.seeds[seed].opposite)
                for seed, where in row["evidence"].items()
                if seed in held
                for place in where
            ]
        by_review = {(reviews[reader][place], statement) for place, statement in views}
        shown = frozenset((review, statement) for review, statement in by_review if review in seen)
        sides = {side.issue: side.first for _, statement in shown if (side := issues.sides[statement])}
        held |= {side.issue: side.first for _, statement in by_review if (side := issues.sides[statement])}
        yield (
            reader,
            Person(shown, sides, {i: first for i, first in held.items() if i not in sides}, row.get("facets", {})),
        )


def _views(made: Project, run: str, reader: str, person: Person) -> Counter[str]:
    """How many views there are, how many of them were kept, and how many were dropped; and of what is no view of the
    reader how much was found and how much of it kept."""
    views = made.stores.views.of(run, reader)
    kept = {(view.review, view.statement) for view in views if view.verdict == "kept"}
    dropped = {(view.review, view.statement) for view in views} - kept
    return Counter(
        there=len(person.views),
        kept=len(kept & person.views),
        dropped=len(dropped & person.views),
        invented=len((kept | dropped) - person.views),
        let_through=len(kept - person.views),
    )


def _kind(seed: Seed) -> str:
    if not isinstance(seed, ReaderSeed):
        return KINDS[0]
    return KINDS[1] if seed.reader is None else KINDS[2]


def _true(person: Person, seed: Seed, issues: Issues) -> str:
    """Where a person stands toward a seed, and whether they show it: "shown agree", "held disagree", "neither"."""
    asked = issues.sides[seed.statement]
    for how, sides in (("shown", person.shown), ("held", person.held)):
        if asked.issue in sides:
            return f"{how} {'agree' if sides[asked.issue] == asked.first else 'disagree'}"
    return "neither"


def _label(pair: Pair, person: Person, seeds: Mapping[str, Seed], issues: Issues) -> str:
    """Whether a pair's label is right, wrong, or made up."""
    kind, name = pair.fact or ("", "")
    true = person.facets.get(name, "") if kind == "facet" else _true(person, seeds[name], issues).split()[-1]
    if true not in ("agree", "disagree", "high", "low"):
        return "made up"
    return "right" if pair.takes == true else "wrong"


def _constructs(issues: Issues, known: Mapping[str, Person], brought: list[ReaderSeed], least: int) -> Counter[str]:
    """Of the constructs to which enough readers speak on both sides, how many came back as seeds of several readers."""
    came = {issues.sides[seed.statement].issue for seed in brought if seed.reader is None}
    found = Counter[str]()
    for row in rows(QUIET.folder / "constructs.jsonl"):
        sides = [person.shown[row["id"]] for person in known.values() if row["id"] in person.shown]
        larger = max(sides.count(True), sides.count(False))
        if len(sides) >= least and larger <= ONE_SIDED * len(sides):
            found["there"] += 1
            found["came back"] += row["id"] in came
    return found


def figures(found: Told) -> dict[str, dict[str, float]]:
    """Each figure with its n and interval, by what it says."""
    views, stances = found.views, found.stances
    kept = views["kept"] + views["let_through"]
    said = {
        "views: found and kept, of those there are": share(views["kept"], views["there"]),
        "views: found and dropped, of those there are": share(views["dropped"], views["there"]),
        "views: true, of those kept": share(views["kept"], kept),
        "views: let through, of those invented": share(views["let_through"], views["invented"]),
    }
    for kind in KINDS:
        cells = {(true, value): n for (of, true, value), n in stances.items() if of == kind}
        shown, held = _taken(cells, "shown"), _taken(cells, "held")
        said |= {
            f"{kind}: right, of stances taken that are shown": share(shown["right"], shown["taken"]),
            f"{kind}: taken, of stances shown": share(shown["taken"], shown["all"]),
            f"{kind}: taken, of stances held and not shown": share(held["taken"], held["all"]),
            f"{kind}: right, of those (lucky guesses)": share(held["right"], held["taken"]),
            f"{kind}: made up, of stances neither shown nor held": share(
                sum(n for (true, value), n in cells.items() if true == "neither" and value in TURNED),
                sum(n for (true, _), n in cells.items() if true == "neither"),
            ),
        }
    said["constructs: came back as readers' seeds"] = share(found.constructs["came back"], found.constructs["there"])
    for what in ("wrong", "made up"):
        values = {
            label: sum(n for ((_, t), of), n in found.labels.items() if t == "values" and of == label)
            for label in ("right", "wrong", "made up")
        }
        said[f"labels of values pairs: {what}"] = share(values[what], sum(values.values()))
    said["values pairs a reader"] = average([mean(made) for made in found.pairs.values()])
    return {name: figure for name, figure in said.items() if figure["n"]}


def _taken(cells: Mapping[Cell, int], how: str) -> Counter[str]:
    found = Counter[str]()
    for (true, value), n in cells.items():
        if true.startswith(how):
            found["all"] += n
            found["taken"] += n * (value in TURNED)
            found["right"] += n * (true == f"{how} {value}")
    return found


def share(some: int, n: int) -> dict[str, float]:
    """A share with its 95% Wilson interval."""
    low, high = wilson(some, n)
    return {"figure": some / max(n, 1), "low": low, "high": high, "n": n}


def average(values: list[float]) -> dict[str, float]:
    """A mean over readers with its 95% interval."""
    middle, half = mean(values), Z * stdev(values) / sqrt(len(values))
    return {"figure": middle, "low": middle - half, "high": middle + half, "n": len(values)}


def wrong_labels(labels: Counter[tuple[Cell, str]]) -> dict[Cell, tuple[int, int]]:
    """By culture and track how many labels contradict the truth or are made up, and of how many."""
    found = {}
    for lot in sorted({lot for lot, _ in labels}):
        wrong = labels[lot, "wrong"] + labels[lot, "made up"]
        found[lot] = wrong, wrong + labels[lot, "right"]
    return {lot: (wrong, n) for lot, (wrong, n) in found.items() if n}


def table(found: Told) -> Iterator[str]:
    """How often what is true of a stance (first) came out as which (second), by kind of seed."""
    yield f"{'':>15} {'in truth':>15} " + " ".join(f"{said:>9}" for said in SAID)
    for kind in KINDS:
        for true in ("shown agree", "shown disagree", "held agree", "held disagree", "neither"):
            counts = [found.stances[kind, true, said] for said in SAID]
            if any(counts):
                yield f"{kind:>15} {true:>15} " + " ".join(f"{n:9,}" for n in counts)


def line(name: str, figure: Mapping[str, Any]) -> str:
    """A figure in words: a mean as a number, a share in percent."""
    form = "{:.1f}" if name.endswith("a reader") else "{:.1%}"
    middle, low, high = (form.format(figure[part]) for part in ("figure", "low", "high"))
    return f"{name:62} {middle:>7} ({low} to {high}, n={figure['n']:,})"
