"""What a chat template makes of messages, and whether it leaves something out."""

from collections.abc import Mapping, Sequence
from typing import Any

from gravity.trainer.errors import ModelError, brief
from gravity.trainer.placing import Messages, placed

_SHOWN = 40
_USER_INSTEAD = "train with --card-in user, which puts the card before the user's message"


def rendered(tokenizer: Any, conversations: Sequence[Messages], **options: bool) -> list[str]:
    """Return the text that the tokenizer's chat template makes of each conversation.

    Raises ModelError where the template refuses one.
    """
    try:
        return list(tokenizer.apply_chat_template(conversations, tokenize=False, **options))
    except Exception as error:  # a template is a program: besides its own refusals it fails like any other
        _look_closer(tokenizer, conversations, options)
        raise ModelError(f"the base's chat template refuses the messages ({brief(error)}): use another base") from error


def lost(text: str, messages: Sequence[Mapping[str, str]]) -> Mapping[str, str] | None:
    """Return the first message whose content is not in a rendered text, None where all are.

    Space counts for nothing, since templates trim it and put it elsewhere. A content that other messages hold as
    well has to be there as often as all of them have it.
    """
    contents = [message["content"].strip() for message in messages]
    for message, content in zip(messages, contents, strict=True):
        if text.count(content) < sum(other.count(content) for other in contents):
            bare = _bare(content)
            if _bare(text).count(bare) < sum(_bare(other).count(bare) for other in contents):
                return message
    return None


def left_out(message: Mapping[str, str]) -> str:
    """Say in one line that a template leaves out a message, and what to do."""
    content = " ".join(message["content"].split())
    shown = content if len(content) <= _SHOWN else f"{content[:_SHOWN]}..."
    remedy = f"{_USER_INSTEAD}, or use another base" if message["role"] == "system" else "use another base"
    return f"the base's chat template leaves out or changes the {message['role']} message ('{shown}'): {remedy}"


def _look_closer(tokenizer: Any, conversations: Sequence[Messages], options: Mapping[str, bool]) -> None:
    """Raise ModelError where it is the system message that the template refuses."""
    for messages in conversations:
        try:
            tokenizer.apply_chat_template(messages, tokenize=False, **options)
        except Exception as error:
            try:
                tokenizer.apply_chat_template(placed(messages, "user"), tokenize=False, **options)
            except Exception:
                return
            raise ModelError(
                f"the base's chat template refuses a system message ({brief(error)}): {_USER_INSTEAD}, "
                "or use another base"
            ) from error


def _bare(text: str) -> str:
    return "".join(text.split())
