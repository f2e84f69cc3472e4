"""Descriptions for the rows of a file of JSON lines, one line of output a row, taken up where it was stopped."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from gravity.errors import ConfigError
from gravity.progress import Progress
from gravity.store.generated import Generated
from gravity.store.importers import rows as importing
from gravity.store.importers.fields import RefusedError
from gravity.trainer.models.writer import Outcome, Text, Writer
from gravity.writing import Commission, Commissions, mark

# Rows that a writer is given at a time: enough to batch and to fill a server, few enough for memory.
WINDOW = 256
# What an output's lines add to a row's own fields.
ADDED = ("row", "written", "generated", "error")


@dataclass
class Wrote:
    """What became of the rows of a file.

    Of `rows`, `kept` had been written before, `written` were written now, and `bad` have a line that says why there is
    no text. Those that nobody answered are `pending`, by reason: they have no line, and the next start asks for them.
    """

    rows: int = 0
    kept: int = 0
    written: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    pending: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """The counts."""
        return {"rows": self.rows, "kept": self.kept, "written": self.written, "bad": dict(self.bad)} | {
            "pending": dict(self.pending)
        }


@dataclass(frozen=True)
class _Row:
    """A row by its line in the input: its fields, and what is to be written for it or why nothing can be."""

    number: int
    fields: dict[str, Any]
    commission: Commission | None
    problem: str = ""


def write_file(
    commissions: Commissions, writer: Writer, source: Path, output: Path, seed: int, report: Progress
) -> Wrote:
    """Writes a description for each row of `source`, {reader, title, description, ...}, plain or gzipped.

    A line of `output` has the row's fields, `row` (its line in the input), and `written` with its mark `generated`, or
    `error`. Lines are there as soon as they are done, in whatever order that is. What an earlier start wrote is kept,
    and rows that it called bad are tried again.

    Raises InputError where the input cannot be read; ConfigError where the output cannot be written, is none of this
    command's, or holds what was written with something else or from another input.
    """
    if output.exists() and output.samefile(source):
        raise ConfigError(f"--output {output} is the input: give another file")
    total = sum(1 for _ in importing.read(source))
    marks = _kept(output, mark(writer, seed))
    wrote = Wrote()
    try:
        with output.open("a", encoding="utf-8", newline="\n") as file:
            for rows in _windows(commissions, source, seed):
                _write(rows, writer, marks, file, output, wrote, lambda: report("write", _done(wrote), total))
    except OSError as error:
        raise ConfigError(f"cannot write {output}: {error.strerror}") from None
    if stray := sorted(marks):
        raise ConfigError(f"{output} has row {stray[0]}, which {source} does not: give another --output, or remove it")
    return wrote


def _done(wrote: Wrote) -> int:
    return wrote.kept + wrote.written + wrote.bad.total() + wrote.pending.total()


def _write(
    rows: list[_Row],
    writer: Writer,
    marks: dict[int, Generated],
    file: TextIO,
    output: Path,
    wrote: Wrote,
    report: Any,
) -> None:
    """Writes what is to be written of some rows."""
    wrote.rows += len(rows)

    def line(row: _Row, **added: Any) -> None:
        file.write(json.dumps({"row": row.number, **row.fields, **added}, ensure_ascii=False, allow_nan=False) + "\n")
        file.flush()

    def bad(row: _Row, problem: str) -> None:
        line(row, error=problem)
        wrote.bad[problem.partition(":")[0]] += 1

    waiting: list[tuple[_Row, Commission]] = []
    for row in rows:
        before = marks.pop(row.number, None)
        if row.commission is None:
            if before is not None:
                raise ConfigError(_mixed(output, row.number, "what can be read no more: " + row.problem))
            bad(row, row.problem)
        elif before is None:
            waiting.append((row, row.commission))
        elif unlike := row.commission.mark(writer).unlike(before):
            raise ConfigError(_mixed(output, row.number, unlike))
        else:
            wrote.kept += 1
    report()

    def heard(place: int, outcome: Outcome) -> None:
        row, commission = waiting[place]
        if isinstance(outcome, Text):
            made = commission.mark(writer, outcome.cut)
            line(row, written=outcome.text, generated=made.model_dump(mode="json"))
            wrote.written += 1
        elif outcome.pending:
            wrote.pending[outcome.reason] += 1
        else:
            bad(row, outcome.reason)
        report()

    if waiting:
        writer.write([commission.request for _, commission in waiting], heard)


def _mixed(output: Path, row: int, unlike: str) -> str:
    return f"{output} has row {row} from {unlike}: give another --output, or remove that file"


def _windows(commissions: Commissions, source: Path, seed: int) -> Iterator[list[_Row]]:
    window: list[_Row] = []
    for number, fields in importing.read(source):
        window.append(_row(commissions, number, fields, seed))
        if len(window) == WINDOW:
            yield window
            window = []
    yield window


def _row(commissions: Commissions, number: int, found: dict[str, Any] | RefusedError, seed: int) -> _Row:
    if isinstance(found, RefusedError):
        return _Row(number, {}, None, f"{found.reason}: {found.detail}")
    try:
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        return _Row(number, {}, None, f"not to be kept as JSON: {error}")
    if taken := [name for name in ADDED if name in found]:
        kept = {name: value for name, value in found.items() if name not in ADDED}
        return _Row(number, kept, None, f"it has a field that the output adds: {', '.join(taken)}")
    for name in ("reader", "title", "description"):
        if not isinstance(found.get(name), str) or not found[name].strip():
            return _Row(number, found, None, f"{name} is not a text: {str(found.get(name))[:40]!r}")
    try:
        return _Row(number, found, commissions.make(found["reader"], found["title"], found["description"], seed))
    except ConfigError as error:
        return _Row(number, found, None, f"no profile: {error}")


def _kept(output: Path, expected: Generated) -> dict[int, Generated]:
    """The marks of what stands in the output, by row. Lines without a text, and one that was cut off, are taken out.

    Raises ConfigError, and leaves it as it is, where it holds anything else, or what is not by the writer, the wording
    and the seed of `expected`.
    """
    if not output.exists():
        return {}
    marks: dict[int, Generated] = {}
    growing = output.with_name(f".{output.name}.kept")
    try:
        with output.open("rb") as file, growing.open("wb") as kept:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                if (found := _read(output, number, line)) is None:
                    continue
                row, before = found
                if row in marks:
                    raise ConfigError(f"{output}:{number} has row {row} once more: remove one of the two lines")
                if unlike := expected.model_copy(update={"card": before.card, "book": before.book}).unlike(before):
                    raise ConfigError(_mixed(output, row, unlike))
                marks[row] = before
                kept.write(line)
        growing.replace(output)
    except OSError as error:
        raise ConfigError(f"cannot write {output}: {error.strerror}") from None
    finally:
        growing.unlink(missing_ok=True)
    return marks


def _read(output: Path, number: int, line: bytes) -> tuple[int, Generated] | None:
    """The row of a line and its text's mark; None for one without a text."""
    try:
        found = json.loads(line)
        if "error" in found and "written" not in found:
            return None
        return int(found["row"]), Generated.model_validate(found["generated"])
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{output}:{number} is no line that `gravity write` wrote: give another --output, or remove that file"
        ) from None
