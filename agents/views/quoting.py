"""Whether a quote stands in a text word for word."""

import unicodedata

_ALIKE = str.maketrans(
    {**dict.fromkeys("‘’‚‛′", "'"), **dict.fromkeys("“”„‟″", '"'), **dict.fromkeys("‐‑‒–—―−", "-"), "‹": "<"}
)
_WITHOUT_SPACES = 0x2E80  # from here on come the scripts of Chinese and Japanese
_AROUND = " .\"'…«»「」"


def located(quote: str, text: str) -> str | None:
    """The words of `text` that `quote` copies; None where they do not stand there in one piece.

    Case, white space, invisible characters, how accents are encoded, and the forms of quotation marks and dashes do not
    matter: models change them as they copy.
    """
    wanted, _ = _bare(quote.strip(_AROUND))
    bare, places = _bare(text)
    start = bare.find(wanted) if wanted else -1
    while start >= 0:
        first, last = places[start], places[start + len(wanted) - 1]
        if not (_within_a_word(text, first) or _within_a_word(text, last + 1)):
            return text[first : last + 1]
        start = bare.find(wanted, start + 1)
    return None


def _within_a_word(text: str, place: int) -> bool:
    """Whether a cut before a place would go through a word; scripts without spaces have none that could be told."""
    around = text[max(0, place - 1) : place + 1]
    return len(around) == 2 and all(char.isalnum() and ord(char) < _WITHOUT_SPACES for char in around)


def _bare(text: str) -> tuple[str, list[int]]:
    """The characters that matter, and where each stands in the text."""
    kept: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for bare in unicodedata.normalize("NFKD", char.translate(_ALIKE)).casefold():
            # Cf: joiners, soft hyphens, marks of direction.
            if not bare.isspace() and unicodedata.category(bare) != "Cf":
                kept.append(bare)
                places.append(place)
    return "".join(kept), places
