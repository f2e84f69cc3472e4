"""How often the audit finds a planted bias, and how often it raises a false alarm on clean data.

Each repetition draws new evidence (benchmarks/audit_planted.py) and audits it at the default thresholds. For a planted
bias the sections that it cannot touch keep the figures of the clean draw, so that the correction is over all figures
and only the section at hand is measured again. A bias is found where a finding names it; a false alarm is any gate
finding on clean data, and beside it any finding at all.

    python -m benchmarks.audit_power --n 100 300 1000 --repeats 100 --gates 1000
"""

import argparse
import json
import time
from collections import Counter

from benchmarks.audit_planted import BIASES, EXPECTED, Planted
from gravity.audit.figures import Figure, correct
from gravity.audit.findings import Finding, findings
from gravity.audit.measures import SHIPPED
from gravity.audit.settings import AuditSettings
from gravity.audit.study import Study
from gravity.frameworks.loader import Library
from gravity.frameworks.statistics import wilson

# The default thresholds; fewer bootstrap draws than the default of 1,000 save time and change little.
SETTINGS = AuditSettings(repeats=300)


def found(bias: str, figures: list[Figure], told: list[Finding]) -> bool:
    """Whether a finding names the bias."""
    section, name, culture = EXPECTED[bias]
    for finding in told:
        figure = figures[finding.place]
        if (figure.section, figure.name) == (section, name) and culture in (None, figure.culture):
            return True
    return False


def measured(study: Study, section: str) -> list[Figure]:
    """The figures of one section."""
    return [figure for one in SHIPPED if one.section.name == section for figure in one.figures(study)]


def audited(figures: dict[str, list[Figure]]) -> tuple[list[Figure], list[Finding]]:
    """The figures in one list, corrected together, and what holds."""
    together = [figure for part in figures.values() for figure in part]
    for figure in together:
        figure.adjusted = None
    correct(together)
    return together, findings(together, SETTINGS.alpha)


def repeat(n: int, seed: int, library: Library) -> Counter[str]:
    """One repetition: which biases were found, and whether the clean audit raised an alarm."""

    def study(bias: str | None, section: str | None = None) -> Study:
        return Study(Planted(n, seed, bias, library).evidence(section), SETTINGS, library)

    clean = study(None)
    figures = {one.section.name: measured(clean, one.section.name) for one in SHIPPED}
    together, told = audited(figures)
    seen = Counter({"clean: any gate finding": int(any(together[f.place].family == "gates" for f in told))})
    seen["clean: any finding"] = int(bool(told))
    for bias in BIASES:
        section = EXPECTED[bias][0]
        together, told = audited({**figures, section: measured(study(bias, section), section)})
        seen[bias] = int(found(bias, together, told))
    return seen


def false_gates(n: int, seed: int, library: Library) -> int:
    """Whether a clean audit raises any gate finding; the gates are a family of their own, so they stand alone, and
    their tests use no bootstrap."""
    study = Study(
        Planted(n, seed, None, library).evidence("gates"), SETTINGS.model_copy(update={"repeats": 200}), library
    )
    _, told = audited({"gates": measured(study, "gates")})
    return int(bool(told))


def main() -> None:
    """Parses the command line, repeats, prints the table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, nargs="+", default=[100, 300, 1_000], help="scenes and pairs a culture")
    parser.add_argument("--repeats", type=int, default=100, help="full audits of each n")
    parser.add_argument("--gates", type=int, default=1_000, help="clean audits of the gates of each n")
    given = parser.parse_args()
    library, figures = Library(), []
    for n in given.n:
        begun = time.perf_counter()
        seen = Counter[str]()
        for seed in range(given.repeats):
            seen.update(repeat(n, seed, library))
        rows = {name: (seen[name], given.repeats) for name in ("clean: any finding", *BIASES)}
        rows["clean: any gate finding"] = (
            sum(false_gates(n, 10_000 + s, library) for s in range(given.gates)),
            given.gates,
        )
        for name, (hits, audits) in rows.items():
            if not audits:
                continue
            low, high = wilson(hits, audits)
            print(f"{n:6} {name:48} {hits / audits:6.1%} [{low:.1%}, {high:.1%}] of {audits}", flush=True)
            figures.append({"n": n, "what": name, "rate": hits / audits, "low": low, "high": high, "repeats": audits})
        print(f"{n:6} took {time.perf_counter() - begun:.0f} s", flush=True)
    print(json.dumps({"audit_power": figures}))


if __name__ == "__main__":
    main()
