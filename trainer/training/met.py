"""What an adapter has met: digits of the readers and answers of its training rows, so that whoever measures what it
writes can keep to readers and books that it has not met, without the dataset and without anybody's name."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gravity.trainer.dataset.splits import Split
from gravity.trainer.errors import ModelError, brief

MET_FILE = "met.json"

_READER, _ANSWERS = "reader", ("chosen", "rejected")
_DIGITS = 16


@dataclass(frozen=True)
class Met:
    """The readers and the answers that training saw, by `digits_of`; `readers` is None where a row does not say whose
    it is, so that nobody can be ruled out."""

    readers: frozenset[str] | None
    answers: frozenset[str]

    def knows_reader(self, reader: str) -> bool:
        """Say whether the reader was met, or may have been, where rows do not say whose they are."""
        return self.readers is None or digits_of(_READER, reader) in self.readers

    def knows_text(self, text: str) -> bool:
        """Say whether the text was an answer, chosen or rejected; white space around it does not matter."""
        return digits_of("answer", text.strip()) in self.answers


def digits_of(kind: str, text: str) -> str:
    """Return the 16 digits by which a text is known: of SHA-256, with a word of its own for each kind."""
    return hashlib.sha256(f"met {kind}\x1f{text}".encode()).hexdigest()[:_DIGITS]


def met(source: Split) -> Met:
    """Return what is met by training on a split: all of it, whether or not steps or lengths leave rows of it out."""
    named = _READER in source.names()
    readers: set[str | None] = set()
    answers: set[str] = set()
    for batch in source.batches([*([_READER] if named else []), *_ANSWERS]):
        for row in batch.to_pylist():
            readers.add(None if row.get(_READER) is None else digits_of(_READER, str(row[_READER])))
            answers.update(_digits(row[name] for name in _ANSWERS))
    known = frozenset(reader for reader in readers if reader is not None)
    return Met(None if None in readers else known, frozenset(answers))


def _digits(answers: Iterable[list[dict[str, str]]]) -> set[str]:
    return {digits_of("answer", message["content"].strip()) for answer in answers for message in answer}


def write(seen: Met, adapter: Path) -> None:
    """Write what an adapter has met into its folder."""
    told = {
        "readers": None if seen.readers is None else sorted(seen.readers),
        "answers": sorted(seen.answers),
    }
    (adapter / MET_FILE).write_text(json.dumps(told), encoding="utf-8")


def read(adapter: Path) -> Met | None:
    """Return what an adapter has met, None where its folder does not tell: training did not always leave it.

    Raises ModelError where the file is there and cannot be read.
    """
    file = adapter / MET_FILE
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        readers, answers = told["readers"], told["answers"]
        return Met(None if readers is None else _checked(readers), _checked(answers))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{file} cannot be read ({brief(error)}): copy the adapter anew, or train it again, since without that "
            "file nobody knows what it has met"
        ) from error


def _checked(listed: Any) -> frozenset[str]:
    """Return what a list holds. Raises TypeError where it is not one of digits, which would be met by nobody."""
    if not isinstance(listed, list) or not all(isinstance(one, str) and len(one) == _DIGITS for one in listed):
        raise TypeError(f"what should be a list of {_DIGITS} digits each is not")
    return frozenset(listed)
