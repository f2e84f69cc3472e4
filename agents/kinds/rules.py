"""The rule critic as a model: it needs no settings and always sits in."""

from gravity.agents.critic import RuleCritic
from gravity.agents.kinds.kind import Model, Workbench


class RulesModel(Model):
    """Rules on words, as a critic."""

    name = RuleCritic.name

    def __init__(self) -> None:
        self.identity = {"kind": self.name}

    def critic(self, bench: Workbench) -> RuleCritic:
        """The rules over the lexicons and cues of the material."""
        return RuleCritic(bench.library.cultures, bench.library.cues)
