"""Makes the twin of a text: the same words with the markers of one culture put in place of another's."""

from gravity.frameworks.records import Culture, Lexicon
from gravity.frameworks.words import any_of


class Swapper:
    """Swaps the markers of the culture `home` for those of `away`.

    An entry becomes the one at the same place of the same list, over again from the start where that list is
    shorter: the lists of names run from women's to men's to families', so a woman mostly stays one. The culture's
    own name and adjective are swapped too. The same marker always becomes the same one.
    """

    def __init__(self, home: Culture, away: Culture) -> None:
        self.away = away
        self._twins = {home.name: away.name, home.adjective: away.adjective}
        for kind in Lexicon.model_fields:
            ours, theirs = getattr(home.lexicon, kind), getattr(away.lexicon, kind)
            self._twins |= {entry: theirs[place % len(theirs)] for place, entry in enumerate(ours)}
        self._pattern = any_of(self._twins)

    def swap(self, text: str) -> tuple[str, int]:
        """The twin of a text, and how many markers were swapped."""
        return self._pattern.subn(lambda found: self._twins[found[0]], text)
