"""Evidence made by hand for the report: four writers, four cultures, judges who answer in both orders."""

from collections.abc import Callable, Sequence
from itertools import combinations
from random import Random

from gravity.compare.evidence import (
    ORIGINAL,
    Cell,
    Check,
    Comparison,
    Evidence,
    PanelOnGold,
    Rating,
    WriterInfo,
    Writing,
)  # fmt: skip
from gravity.compare.examine import Compared, examine
from gravity.compare.settings import CompareSettings
from gravity.store.comparisons import Examined, Interest, Place, Preferred, Remark
from gravity.store.records import Provenance

MADE = Provenance(model="stub", prompt="abc")
LINE_UP = (
    WriterInfo(ORIGINAL, "none"),
    WriterInfo("prompt-only", "own", {"model": "base-7b"}, prompt_only=True),
    WriterInfo("tuned", "own", {"model": "base-7b", "adapter": "tuned@a1b2"}, twin="tuned, another's card"),
    WriterInfo("tuned, another's card", "other", {"model": "base-7b", "adapter": "tuned@a1b2"}),
)
# What a writer that is better is likelier to win by.
STRENGTH = (0.0, 0.8, 1.8, 0.9)
BOOKS = 12
CULTURES = {"us": "en", "br": "pt", "jp": "ja", "in": "en"}
GENRES = (("Fiction", "Fantasy"), ("Fiction", "Mystery"), ("Non-fiction", "History"))
PLAIN = {
    "en": "A lighthouse keeper's daughter finds a ledger of ships that never came home, and must decide whom to tell.",
    "pt": "A filha do faroleiro encontra um registro de navios que nunca voltaram e precisa decidir a quem contar.",
    "ja": "灯台守の娘は、二度と戻らなかった船の名簿を見つけ、誰に話すべきかを決めなければならない。",
}
WRITTEN = {
    "en": (
        "On a cold coast a lighthouse keeper's daughter opens a ledger of ships that never came home. Whom she tells "
        "will change the village for good.",
        "Bells, fog and a pier where nobody waits: the keeper's daughter knows the name of every ship that was lost. A "
        "slow story of a place and of what its people will not say.",
        "A plot that never rests: ships vanish, a ledger turns up, and the keeper's daughter has one night to choose "
        "whom she tells.",
    ),
    "pt": (
        "Numa costa fria, a filha do faroleiro abre um registro de navios que nunca voltaram. A quem ela contar mudará "
        "a vila para sempre.",
        "Sinos, neblina e um cais onde ninguém espera: a filha do faroleiro sabe o nome de cada navio perdido. Uma "
        "história lenta sobre um lugar e o que a sua gente não diz.",
        "Uma trama sem descanso: navios somem, surge um registro, e a filha do faroleiro tem uma noite para escolher a "
        "quem contar.",
    ),
    "ja": (
        "寒い海辺で、灯台守の娘は二度と戻らなかった船の名簿を開く。誰に話すかが村を永遠に変える。",
        "鐘と霧、誰も待たない桟橋。灯台守の娘は失われた船の名をすべて知っている。土地と人々が語らぬものを描く静かな物語。",
        "息もつかせぬ展開。船が消え、名簿が見つかり、灯台守の娘は一夜のうちに誰に話すかを選ばなければならない。",
    ),
}
TAIL = {
    "en": ("It won the Harbour Prize in 1994.", "You will love it, thoughtful reader."),
    "pt": ("Ganhou o Prêmio do Porto em 1994.", "Você vai adorar, leitor atento."),
    "ja": ("1994年に港賞を受賞した。", "思慮深いあなたはきっと気に入る。"),
}

Say = Callable[[str], str]


def planted(readers: int = 24, books: int = 2, seed: int = 0, say: Say = lambda text: text) -> Evidence:
    """Evidence of that many readers, who are dealt out to the cultures; `say` changes every text from outside."""
    random = Random(seed)
    line_up = [
        WriterInfo(say(w.name) if w.name != ORIGINAL else w.name, w.card, w.by, w.prompt_only, w.twin and say(w.twin))
        for w in LINE_UP
    ]
    cells: list[Cell] = []
    writings: list[Writing] = []
    comparisons: list[Comparison] = []
    ratings: list[Rating] = []
    checks: list[Check] = []
    for number in range(readers):
        culture = list(CULTURES)[number % len(CULTURES)]
        for turn in range(books):
            language = CULTURES[culture]
            kind, family = GENRES[(number + turn) % len(GENRES)]
            book = (number + turn) % BOOKS
            cell = Cell(
                say(f"r{number}:b{turn}"), say(f"r{number}"), say(culture), say(f"b{book}"), say(f"The Ledger, {book}"),
                say(PLAIN[language]), say(language), say(kind), say(family), say("30-39"), say("female"),
                reviews=[say(f"I read for the places ({n}).") for n in range(3)],
            )  # fmt: skip
            cells.append(cell)
            for place, writer in enumerate(line_up):
                fault = random.choice((None, None, None, None, 0, 1)) if place else None
                tail = "" if fault is None else TAIL[language][fault]
                text = f"{WRITTEN[language][place - 1]} {tail}".strip() if place else PLAIN[language]
                writings.append(
                    Writing(cell.id, writer.name, say(text), say(language), mark=dict(writer.by) if place else None)
                )
                remarks = []
                if fault is not None:
                    remarks.append(Remark(fault="reader" if fault else "invention", quote=say(tail)))
                if place:
                    checks.append(Check(cell.id, writer.name, [Examined(checker="c1", remarks=remarks, made_by=MADE)]))
                why = say("It names places.")
                given = [
                    Interest(judge=say(judge), score=random.choice((2, 3, 4, 5)), reason=why, made_by=MADE)
                    for judge in ("j1", "j2")
                ]
                ratings.append(Rating(cell.id, writer.name, given))
            for first, second in combinations(range(len(line_up)), 2):
                names = (line_up[first].name, line_up[second].name)
                comparisons.append(_judged(cell.id, names, STRENGTH[second] - STRENGTH[first], random, say))
    return Evidence(
        say("run 2a77"), line_up, cells, writings, comparisons, ratings, checks,
        judges={say(name): [say("j1"), say("j2")] for name in CULTURES},
        checkers={say(name): ["c1"] for name in CULTURES},
        panel={say(name): PanelOnGold(40, 34, 3, 10, 2) for name in CULTURES},
        missing={say("comparisons not answered: timeout"): 3}, notes=[say("2 readers have one held-back review")],
    )  # fmt: skip


def _judged(cell: str, names: Sequence[str], ahead: float, random: Random, say: Say) -> Comparison:
    places: tuple[Place, Place] = ("first", "second")
    choices: list[Preferred] = []
    leaning = random.gauss(ahead, 1.2)
    for judge in ("j1", "j2"):
        for order in places:
            felt = random.gauss(leaning, 0.6)
            prefers: Place | None = None if abs(felt) < 0.3 else places[felt > 0]
            choices.append(
                Preferred(
                    judge=say(judge), order=order, prefers=prefers, confidence=0.7,
                    reason=say("The reader praises places and dislikes boasts."), made_by=MADE,
                )
            )  # fmt: skip
    votes = [sum(c.prefers == place for c in choices) for place in places]
    prefers_name = names[votes[1] > votes[0]] if abs(votes[0] - votes[1]) > 1 else None
    return Comparison(cell, names[0], names[1], choices, prefers_name)


def examined(evidence: Evidence) -> Compared:
    """What is found in some evidence."""
    return examine(evidence, CompareSettings())
