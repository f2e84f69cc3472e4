"""Who judges and checks the writings of a line-up, culture by culture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gravity.agents.kinds import Workbench
from gravity.agents.qualification import INVENTION, WRITING
from gravity.compare.evidence import PanelOnGold
from gravity.comparing.asking import Panel
from gravity.comparing.line_up import Entry
from gravity.errors import ConfigError
from gravity.run import RunSetup


@dataclass(frozen=True)
class Chosen:
    """The panels by culture, what their judges showed together on gold cases, whether all of them have qualified, and
    what a reader of the figures has to know of it."""

    panels: Mapping[str, Panel] = field(default_factory=dict)
    gold: Mapping[str, PanelOnGold] = field(default_factory=dict)
    qualified: bool = True
    notes: Sequence[str] = ()


def chosen(setup: RunSetup, bench: Workbench, entries: Sequence[Entry], cultures: Sequence[str]) -> Chosen:
    """Judges that have qualified in a culture and have not inferred the profiles, as for pairs; of these such as do not
    write themselves where enough are left.

    Where too few have qualified, all are asked if the setup takes unqualified ones. Raises ConfigError where nobody can
    judge: figures that need a judge would be missing without a word.
    """
    if not _chat(setup, setup.config.roles.judges):
        raise ConfigError("no model of roles.judges can read reviews: name a chat model that is to judge the writings")
    panels, gold, qualified, notes = {}, {}, True, dict[str, None]()
    for culture in cultures:
        judges, checkers = _judges(setup, entries, culture), _checkers(setup, culture)
        qualified &= set(judges) <= set(setup.standing.able(WRITING, culture))
        qualified &= set(checkers) <= set(setup.standing.able(INVENTION, culture))
        for name in judges:
            if _writes(setup, name, entries):
                notes[f"{setup.models[name].name} judges writings and writes some of them"] = None
        if not checkers:
            notes[f"{culture}: no checker of inventions has qualified, so inventions are not measured"] = None
        panels[culture] = Panel(
            judges=[setup.models[name].writing_judge(bench) for name in judges],
            checkers=[setup.models[name].writing_checker(bench) for name in checkers],
            quorum=min(setup.config.judging.quorum, len(judges)),
        )
        put = [c for c in setup.standing.candidates if c.task is WRITING and c.name in judges]
        gold[culture] = setup.standing.on_gold(put, culture)
    return Chosen(panels, gold, qualified, list(notes))


def _judges(setup: RunSetup, entries: Sequence[Entry], culture: str) -> list[str]:
    quorum, able = setup.config.judging.quorum, [c.name for c in setup.standing.voters(WRITING, culture)]
    if not able:
        if not setup.unqualified:
            raise ConfigError(
                f"fewer than {quorum} judges of writings count in {culture}, who inferred the profiles not among them: "
                "run `gravity qualify`, name another judge, or give --unqualified"
            )
        able = _chat(setup, setup.config.roles.judges)
    apart = [name for name in able if not _writes(setup, name, entries)]
    return apart if len(apart) >= quorum else able


def _checkers(setup: RunSetup, culture: str) -> list[str]:
    able = setup.standing.able(INVENTION, culture)
    return able or (_chat(setup, setup.config.roles.critics) if setup.unqualified else [])


def _chat(setup: RunSetup, names: Sequence[str]) -> list[str]:
    return [name for name in names if setup.models[name].judges_pairs]


def _writes(setup: RunSetup, judge: str, entries: Sequence[Entry]) -> bool:
    """Whether the model of a judge writes in the line-up as well."""
    settings = [entry.settings for entry in entries if entry.settings is not None and entry.settings.model]
    named = {getattr(setup.config.models[s.model], "model", s.model) for s in settings if s.model}
    return setup.models[judge].identity.get("model") in named
