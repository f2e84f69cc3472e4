"""What a chat template leaves out is found on the real rows, before anything is trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.errors import ModelError
from gravity.trainer.models.loading import load
from gravity.trainer.sharing.tokens import tokenize
from tests.trainer.conftest import planted_rows

Rows = list[dict[str, Any]]

_OPEN = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
_TURN = "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
# Early Phi-3's: roles that it does not know leave no trace.
SILENT = f"{{% for message in messages if message['role'] != 'system' %}}{_TURN}{{% endfor %}}{_OPEN}"
# Trims, indents, and puts the system message behind the user's.
ELSEWHERE = (
    "{% for message in messages if message['role'] != 'system' %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] | trim | indent(2) }}{% if loop.first and messages[0]['role'] == 'system' %}\n"
    "{{ messages[0]['content'] | trim }}{% endif %}<|im_end|>\n{% endfor %}" + _OPEN
)
# Qwen3's way with thinking, in earlier turns of the assistant.
FORGETS_THOUGHTS = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['role'] == 'assistant' and not loop.last %}{{ message['content'].split('</think>')[-1] }}"
    "{% else %}{{ message['content'] }}{% endif %}<|im_end|>\n{% endfor %}" + _OPEN
)
# DeepSeek-R1's, in all of them.
HIDES_THOUGHTS = FORGETS_THOUGHTS.replace(" and not loop.last", "")
ALTERNATES = "{% if messages[0]['role'] != 'user' %}{{ raise_exception('Only user first!') }}{% endif %}" + SILENT
# Leaves the system message out as soon as an answer follows.
LATE = (
    "{% for message in messages if add_generation_prompt or message['role'] != 'system' %}"
    + _TURN
    + "{% endfor %}"
    + _OPEN
)


@pytest.fixture(scope="module")
def with_template(base: Path) -> Callable[[str], Any]:
    _, tokenizer = load(str(base))

    def given(template: str) -> Any:
        tokenizer.chat_template = template
        return tokenizer

    return given


def _thoughtful(rows: Rows) -> None:
    for row in rows:
        asked = row["prompt"][-1]
        row["prompt"][-1:] = [asked, {"role": "assistant", "content": "<think>Hm.</think>Why?"}, asked]


def _thinking_aloud(rows: Rows) -> None:
    rows[20]["rejected"] = [{"role": "assistant", "content": "<think>Hm.</think>No."}]


def _spaced(rows: Rows) -> None:
    for row in rows:
        row["prompt"][0]["content"] += "\n- One view.\n\n  - Another.\n"


def _bare(rows: Rows) -> None:
    for row in rows:
        del row["prompt"][0]


def _repeated(rows: Rows) -> None:
    """The user says what the card says, so that a card that is gone is still there to the letter."""
    for row in rows:
        row["prompt"][1]["content"] = f"{row['prompt'][0]['content']} {row['prompt'][1]['content']}"


def _one_without(rows: Rows) -> None:
    for row in rows[:30]:
        del row["prompt"][0]


@pytest.mark.parametrize(
    ("template", "change", "words"),
    [
        (SILENT, None, ["row 1: ", "leaves out or changes the system message ('Reader 0. This", "--card-in user"]),
        (SILENT, _repeated, ["row 1: ", "the system message"]),
        (SILENT, _one_without, ["row 31: ", "the system message"]),
        (LATE, None, ["row 1: ", "the system message", "--card-in user"]),
        (HIDES_THOUGHTS, _thinking_aloud, ["row 21: ", "the assistant message ('<think>Hm.</think>No.')", "another"]),
        (ALTERNATES, None, ["refuses a system message", "Only user first!", "--card-in user"]),
        ("{{ messages[0].nothing.at_all }}", None, ["refuses the messages", "another base"]),
    ],
)
def test_what_is_left_out_is_refused(
    template: str, change: Callable[[Rows], None] | None, words: list[str], with_template: Callable[[str], Any]
) -> None:
    rows = planted_rows()
    if change is not None:
        change(rows)
    with pytest.raises(ModelError) as refused:
        list(tokenize(with_template(template), rows, source="train.parquet"))
    (line,) = str(refused.value).splitlines()
    assert all(word in line for word in words), line


@pytest.mark.parametrize(
    ("template", "change"),
    [
        (ELSEWHERE, _spaced),
        (FORGETS_THOUGHTS, _thoughtful),
        (HIDES_THOUGHTS, _thoughtful),
        (SILENT, _bare),
    ],
)
def test_what_a_template_may_do_is_accepted(
    template: str, change: Callable[[Rows], None], with_template: Callable[[str], Any]
) -> None:
    rows = planted_rows()
    change(rows)
    tokenizer = with_template(template)
    pairs = list(tokenize(tokenizer, rows))
    assert len(pairs) == 32
    for pair, row in zip(pairs, rows, strict=True):
        expected = tokenizer.apply_chat_template(row["prompt"] + row["chosen"])["input_ids"]
        assert pair.sequences()[0].tolist() == expected


def test_the_command_says_it_in_one_line(
    base: Path, dataset: Path, tmp_path: Path, command: Callable[..., Any]
) -> None:
    import shutil

    folder = tmp_path / "silent"
    shutil.copytree(base, folder)
    (folder / "chat_template.jinja").write_text(SILENT, encoding="utf-8")
    result = command(dataset, "--base", folder, "--output", tmp_path / "out")
    assert result.exit_code == 4
    assert "train.parquet row 1: the base's chat template leaves out" in result.stderr
    assert not (tmp_path / "out").exists()
    options = ("--card-in", "user", "--max-steps", "1", "--batch-size", "2")
    assert command(dataset, "--base", folder, "--output", tmp_path / "out", *options).exit_code == 0
