"""What each call reads of a reader's reviews."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.agents.views.chunks import CHUNK_CHARS, OVERLAP, Chunk, Cutting
from gravity.store.records import Review
from tests.support import review

SENTENCE = {
    "en": "The {n} chapter kept me awake, and I would do it again.",
    "pt": "O capítulo {n} me tirou o sono, e eu faria tudo de novo!",
    "ja": "第{n}章は眠れないほど面白かった。",
    "hi": "अध्याय {n} ने मुझे सोने नहीं दिया।",
}
SMALL = Cutting(chars=1_200, reviews=3, most=4)


def long_text(language: str, chars: int) -> tuple[str, list[str]]:
    """A text of at least so many characters, and its sentences."""
    join = "" if language == "ja" else " "
    sentences: list[str] = []
    while sum(map(len, sentences)) < chars:
        sentences.append(SENTENCE[language].format(n=len(sentences)))
    return join.join(sentences), sentences


def parts_of(chunks: list[Chunk], identity: str) -> list[str]:
    return [passage.text for chunk in chunks for passage in chunk.passages if passage.review.id == identity]


def by_date(count: int, length: int = 100) -> list[Review]:
    return [review(f"review-{n}", text=f"{n} ".ljust(length, "x"), time=n) for n in range(count)]


@given(st.lists(st.integers(0, 4_000), max_size=30), st.integers(1, 5), st.integers(1, 4))
def test_halves_never_mix_and_every_review_is_read_or_counted(lengths: list[int], per_call: int, most: int) -> None:
    reviews = [review(f"review-{n}", text="word " * (length // 5), time=n) for n, length in enumerate(lengths)]
    chunks, left_out = Cutting(chars=1_200, reviews=per_call, most=most).chunks(reviews)
    place = {one.id: n for n, one in enumerate(reviews)}
    read = {passage.review.id for chunk in chunks for passage in chunk.passages}
    for chunk in chunks:
        assert {place[passage.review.id] % 2 for passage in chunk.passages} == {chunk.half}
        assert 0 < len(chunk.passages) <= per_call
        assert len(chunk.passages) == 1 or sum(len(p.text) + len(p.review.title) for p in chunk.passages) <= 1_200
    assert max((sum(chunk.half == half for chunk in chunks) for half in (0, 1)), default=0) <= most
    assert read | {one.id for one in left_out} == set(place)
    # Of one that is longer than all calls of its half the beginning may be read, and it is not counted as read.
    endless = {one.id for one in reviews if len(one.text) > 1_200}
    assert read.isdisjoint({one.id for one in left_out} - endless)


@pytest.mark.parametrize("language", SENTENCE)
@pytest.mark.parametrize("chars", [1_200, CHUNK_CHARS])
def test_every_sentence_of_a_long_review_stands_whole_in_some_part(language: str, chars: int) -> None:
    text, sentences = long_text(language, 5 * chars)
    chunks, left_out = Cutting(chars=chars).chunks([review("long", text=text)])
    parts = parts_of(chunks, "long")
    assert left_out == [] and len(parts) > 5
    assert all(len(part) <= chars for part in parts)
    for sentence in sentences:
        assert any(sentence in part for part in parts)


@given(st.lists(st.integers(1, 850), min_size=1, max_size=40), st.sampled_from([". ", "! ", "。", "।", "\n"]))
def test_no_sentence_is_cut_however_long_the_others_are(lengths: list[int], end: str) -> None:
    """As long as it fits into a call beside the overlap."""
    sentences = [f"{n}{'w' * length}{end}".strip() for n, length in enumerate(lengths)]
    text = "".join(f"{n}{'w' * length}{end}" for n, length in enumerate(lengths))
    parts = parts_of(Cutting(chars=1_200, most=1_000).chunks([review("long", text=text)])[0], "long")
    assert all(any(sentence in part for part in parts) for sentence in sentences)


@given(st.text(alphabet="ab .!\n。", max_size=6_000))
def test_parts_put_together_are_the_text(text: str) -> None:
    parts = parts_of(Cutting(chars=1_200, most=1_000).chunks([review("long", text=text)])[0], "long")
    end = 0
    for part in parts:
        # Each begins where the one before it ends, or up to the overlap earlier.
        start = next(s for s in range(end, max(-1, end - OVERLAP - 1), -1) if text.startswith(part, s))
        assert start + len(part) > end or not text
        end = start + len(part)
    assert end == len(text)


def test_a_number_with_a_point_ends_no_sentence() -> None:
    sentence = f"I would give it 4.5 stars since {'it moved me and ' * 40}I will read it again."
    text = f"{'x' * 500}. {sentence} {'y' * 900}."
    parts = parts_of(Cutting(chars=1_200).chunks([review("long", text=text)])[0], "long")
    assert any(sentence in part for part in parts)


def test_a_text_without_any_sentence_is_read_to_its_end() -> None:
    text = " ".join(str(n) for n in range(1_500))
    parts = parts_of(Cutting(chars=1_200).chunks([review("long", text=text)])[0], "long")
    assert text.startswith(parts[0]) and text.endswith(parts[-1])
    assert all(any(f" {n} " in part for part in parts) for n in range(1, 1_499))


def test_reviews_come_in_their_order_and_at_most_so_many_a_call() -> None:
    chunks, left_out = SMALL.chunks(by_date(12))
    assert left_out == []
    assert [[p.review.time for p in chunk.passages] for chunk in chunks] == [
        [0, 2, 4],
        [6, 8, 10],
        [1, 3, 5],
        [7, 9, 11],
    ]
    assert [chunk.half for chunk in chunks] == [0, 0, 1, 1]


def test_two_thousand_reviews_take_a_bounded_number_of_calls_newest_and_longest_first() -> None:
    reviews = by_date(2_000)
    long = {n: review(f"review-{n}", text="L" * 3_000, time=n) for n in range(0, 400, 40)}
    reviews = [long.get(n, one) for n, one in enumerate(reviews)]
    cutting = Cutting()
    chunks, left_out = cutting.chunks(reviews)
    assert [chunk.half for chunk in chunks] == [0] * cutting.most + [1] * cutting.most
    read = {passage.review.id for chunk in chunks for passage in chunk.passages}
    assert len(read) + len(left_out) == 2_000 and read.isdisjoint(one.id for one in left_out)
    # The newest of each half, and the long ones though they are old; those that are read come in their order.
    assert {f"review-{n}" for n in range(1_980, 2_000)} <= read
    assert {one.id for one in long.values()} <= read
    times = [passage.review.time or 0 for chunk in chunks if chunk.half == 1 for passage in chunk.passages]
    assert times == sorted(times)
    # There is room for as many as this in so many calls, and it is used.
    assert len(read) > 0.9 * 2 * cutting.most * cutting.reviews - 2 * 10


def test_one_endless_review_does_not_keep_the_others_from_being_read() -> None:
    endless = review("review-0", text="An endless one. " * 1_000, time=0)
    chunks, left_out = SMALL.chunks([endless, *by_date(30)[1:]])
    read = {passage.review.id for chunk in chunks for passage in chunk.passages}
    assert "review-0" in {one.id for one in left_out}
    assert sum(int(identity.split("-")[1]) % 2 == 0 for identity in read) == SMALL.most * SMALL.reviews


def test_of_endless_reviews_alone_the_newest_is_read_as_far_as_it_goes_and_none_counts_as_read() -> None:
    endless = [review(f"review-{n}", text="An endless one. " * 1_000, time=n) for n in range(4)]
    chunks, left_out = SMALL.chunks(endless)
    assert [chunk.passages[0].review.id for chunk in chunks] == ["review-2"] * SMALL.most + ["review-3"] * SMALL.most
    assert {one.id for one in left_out} == {one.id for one in endless}


def test_a_passage_is_shown_with_all_of_its_title_and_text() -> None:
    text = "y" * 5_000
    (chunk,), _ = Cutting().chunks([review("1", rating=4.0, title='A "title" ' * 50, text=text)])
    assert chunk.shown == [{"alias": "r1", "rating": "4", "title": "A 'title' " * 50, "text": text}]


def test_no_reviews_are_no_chunks() -> None:
    assert Cutting().chunks([]) == ([], [])
