"""What is counted in texts: inventions, flattery, copying, length and language, of which the number is known."""

from dataclasses import replace

import pytest

from gravity.compare.copying import rouge_l, tokens
from gravity.compare.evidence import Rating
from gravity.compare.faults import count
from gravity.store.comparisons import Examined, Interest, Remark
from tests.audit.support import some
from tests.compare.support import BLURB, BY, ORIGINAL, PROMPTED, TUNED, cells, check, evidence, found, named, writings

TEXT = "It won a prize in 1987. You will love it. The brother returns."


def examined(*quotes: str, answered: bool = True) -> Examined:
    remarks = [Remark(fault="invention", quote=quote) for quote in quotes]
    return Examined(checker="c", remarks=remarks, made_by=BY, answered=answered)


def test_quotes_that_overlap_are_one_invention_and_one_checker_is_enough() -> None:
    said = [examined("It won a prize"), examined("won a prize in 1987.", "The brother returns.")]
    assert count(said, TEXT, "invention") == 2
    assert count([examined(), examined("The brother  returns.")], TEXT, "invention") == 1
    # Quotes side by side are two; what is not in the text is one of its own.
    assert count([examined("It won a prize", " in 1987.", "Nowhere to be found.")], TEXT, "invention") == 3
    assert count([examined(), examined(answered=False)], TEXT, "invention") == 0
    assert count([examined(answered=False)], TEXT, "invention") is None and count([], TEXT, "invention") is None
    assert count(said, TEXT, "reader") == 0


def test_inventions_are_counted_per_100_and_many_of_them_are_a_serious_finding() -> None:
    of = cells(10, 10)
    both = [Remark(fault="invention", quote="won a prize"), Remark(fault="invention", quote="The brother returns.")]
    checks = [check(cell, "tuned", *(both if number % 4 == 0 else [])) for number, cell in enumerate(of)]
    checks += [check(cell, "prompted") for cell in of]
    texts = [*writings(of, "tuned", TEXT), *writings(of, "prompted")]
    made = found(evidence([PROMPTED, TUNED], of, checks=checks, writings=texts))
    figure = named(made, "inventions per 100 texts", "tuned")
    assert (figure.value, figure.unit, figure.n) == (50.0, "per 100", 100)
    assert 20 < some(figure.low) < 50 < some(figure.high) < 110
    assert named(made, "texts that invent", "tuned").value == 0.25
    clean = named(made, "inventions per 100 texts", "prompted")
    # None of 100 is no certainty: the rule of three, and more for clusters of ten.
    assert (clean.value, clean.low) == (0, 0) and 3.7 < some(clean.high) < 15
    (finding,) = [one for one in made.findings if one.section == "faults"]
    assert finding.level == "serious" and "tuned invents: 25%" in finding.what
    assert finding.rows == [cell.id for number, cell in enumerate(of) if number % 4 == 0]


@pytest.mark.parametrize("originals", [True, False])
def test_flattery_is_found_beyond_what_the_originals_do(originals: bool) -> None:
    of = cells(10, 10)
    speaks = Remark(fault="reader", quote="You will love it.")
    checks = [check(cell, "tuned", *([speaks] if number % 3 == 0 else [])) for number, cell in enumerate(of)]
    if originals:
        checks += [check(cell, "original", *([speaks] if number % 3 == 0 else [])) for number, cell in enumerate(of)]
    texts = [*writings(of, "tuned", TEXT), *writings(of, "original", TEXT)]
    made = found(evidence([ORIGINAL, TUNED], of, checks=checks, writings=texts))
    assert named(made, "speaks to the reader", "tuned").value == pytest.approx(0.34)
    flattery = [one.what for one in made.findings if one.section == "faults"]
    if originals:
        # The books' own descriptions do it as often.
        assert named(made, "speaks to the reader, above the original", "tuned").value == 0 and not flattery
    else:
        assert ["tuned flatters: 34%" in what for what in flattery] == [True]


def test_cut_texts_other_languages_and_copies_are_found() -> None:
    of = cells(10, 10)
    odd = [number % 5 == 0 for number in range(100)]
    texts = [
        replace(one, cut=cut, language="pt" if cut else "en")
        for one, cut in zip(writings(of, "tuned", f"{BLURB} Indeed."), odd, strict=True)
    ]
    made = found(evidence([ORIGINAL, TUNED], of, writings=[*writings(of, "original", BLURB), *texts]))
    assert named(made, "cut texts", "tuned").value == 0.2
    assert named(made, "language kept", "tuned").value == 0.8
    assert named(made, "words", "tuned").value == 12 and named(made, "words", "original").value == 11
    rouge = named(made, "ROUGE-L with the original", "tuned")
    assert rouge.value == pytest.approx(22 / 23)
    assert rouge.extra["share of the text that is copied"] == pytest.approx(11 / 12)
    assert named(made, "original that is in the text", "tuned").value == 1
    whats = " ".join(one.what for one in made.findings)
    assert "end at the token limit" in whats and "leaves the language" in whats and "copies more" in whats
    # Those whose language nobody knows are in no figure.
    unknown = [replace(one, language="") for one in writings(of, "tuned")]
    assert named(found(evidence([TUNED], of, writings=unknown)), "language kept").n == 0


@pytest.mark.parametrize(
    ("text", "reference", "common", "lengths"),
    [
        # Lin (2004), section 3.1: the longest common subsequences of his examples.
        ("police kill the gunman", "police killed the gunman", 3, (4, 4)),
        ("the gunman kill police", "police killed the gunman", 2, (4, 4)),
        ("Police, killed: the GUNMAN!", "police killed the gunman", 4, (4, 4)),
        ("海の物語", "海と山の物語", 4, (4, 6)),
        ("यह एक पुरानी किताब है।", "यह एक नई किताब है", 4, (5, 5)),
        ("a b", "c d", 0, (2, 2)),
    ],
)
def test_rouge_l_of_any_script(text: str, reference: str, common: int, lengths: tuple[int, int]) -> None:
    found = rouge_l(tokens(text), tokens(reference))
    assert (found.precision, found.recall) == (common / lengths[0], common / lengths[1])
    assert found.f == pytest.approx(2 * common / sum(lengths))


def test_rouge_l_of_nothing() -> None:
    assert rouge_l([], tokens("a")).f == rouge_l(tokens("a"), tokens("... !")).f == 0


def test_interest_is_the_mean_over_judges_and_its_difference_that_of_the_same_cells() -> None:
    of = cells()

    def rated(writer: str, *scores: int | None) -> list[Rating]:
        given = [Interest(judge=f"{n}", score=score, reason="", made_by=BY) for n, score in enumerate(scores)]
        return [Rating(cell.id, writer, given) for cell in of]

    ratings = [*rated("tuned", 5, 4, None), *rated("original", 3, 2), *rated("prompted", None)]
    made = found(evidence([ORIGINAL, PROMPTED, TUNED], of, ratings=ratings))
    assert named(made, "interest", "tuned").value == 4.5 and named(made, "interest", "original").value == 2.5
    assert named(made, "interest", "prompted").n == 0
    above = named(made, "interest above the original's", "tuned against original")
    assert above.value == 2.0 and 1 < some(above.low) < 2 < some(above.high) and some(above.p) < 0.001
    assert named(made, "interest above prompt-only's", "tuned against prompted").value is None
