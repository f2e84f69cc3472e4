"""Which writer a configuration and a command's options come to, and its opening."""

import logging
from pathlib import Path

from pydantic import ValidationError

from gravity.agents.errors import ModelError
from gravity.agents.kinds.openai import OpenAISettings
from gravity.config import Config, WriterSettings
from gravity.errors import ConfigError
from gravity.trainer.models.writer import TEMPERATURE, Writer

_log = logging.getLogger("gravity")


def open_writer(
    config: Config, adapter: Path | None = None, address: str | None = None, model: str | None = None
) -> Writer:
    """The writer: `model` at an address, or of the configuration; else the adapter on its own base; else what the
    configuration's [write] names.

    Raises ConfigError for a combination that makes no sense, ModelError and the trainer's errors for what cannot be
    loaded.
    """
    settings = config.write
    if address is not None and model is None:
        raise ConfigError("--address needs --model: the name that the server there knows the adapter by")
    if address is None and model is None and adapter is None:
        model = settings.model
    if model is None:
        return _local(None if adapter else settings.base, adapter, settings.max_tokens)
    served = _served(address, model) if address is not None else _configured(config, model)
    return _addressed(config, served, adapter, settings.max_tokens)


def open_configured(config: Config, settings: WriterSettings) -> Writer:
    """The writer of a section [writers.NAME]. Raises ConfigError, ModelError and the trainer's errors."""
    if settings.model is not None:
        return _addressed(config, _configured(config, settings.model), settings.adapter, settings.max_tokens)
    return _local(settings.base, settings.adapter, settings.max_tokens)


def _addressed(config: Config, served: OpenAISettings, adapter: Path | None, max_tokens: int) -> Writer:
    from gravity.address import AddressWriter

    return AddressWriter(served, max_tokens, config.limits.refusals_in_a_row, adapter)


def _served(address: str, model: str) -> OpenAISettings:
    try:
        return OpenAISettings(kind="openai", model=model, base_url=address, temperature=TEMPERATURE)
    except ValidationError as error:
        raise ConfigError(f"--address {address} cannot be used: {error.errors()[0]['msg']}") from None


def _configured(config: Config, name: str) -> OpenAISettings:
    found = config.models.get(name)
    if found is None:
        raise ConfigError(
            f"[models] has no '{name}' to write with ({', '.join(config.models)}): name one, or --address"
        )
    if not isinstance(found, OpenAISettings):
        raise ConfigError(
            f"the model '{name}' is of kind {found.kind}, which writes no descriptions: name one of openai"
        )
    return found


def _local(base: str | None, adapter: Path | None, max_tokens: int) -> Writer:
    """A GGUF base in llama.cpp, where the adapter can be put on it there; every other one in transformers."""
    from gravity.trainer.errors import ModelError as TrainerModelError
    from gravity.trainer.models.llama_cpp import LlamaCppWriter, is_installed
    from gravity.trainer.models.loading import check_adapter, found_base
    from gravity.trainer.models.transformers import TransformersWriter

    if adapter is not None:
        check_adapter(adapter)
    found = found_base(base, adapter)
    if adapter is not None and found.gguf is not None and (own := found_base(None, adapter)) != found:
        # transformers tells by their weights whether two bases are one; llama.cpp would write with any that fits.
        raise ConfigError(
            f"adapter {adapter} was trained on another base ({own.name}) and not on {found.name}: leave `base` out"
        )
    if found.gguf is None:
        return TransformersWriter(found, adapter, max_tokens)
    if not is_installed():
        raise ModelError(
            f"the base {found.name} is a GGUF, which llama-cpp-python writes with, and that is not installed: "
            "pip install 'gravity-preferences[embedded]'"
        )
    if adapter is None:
        return LlamaCppWriter(found, max_tokens=max_tokens)
    from gravity.trainer.export.beside import lora_beside

    try:
        lora = lora_beside(adapter)
    except TrainerModelError as error:
        _log.warning("%s; written with transformers instead, which takes several times the time and memory", error)
        return TransformersWriter(found, adapter, max_tokens)
    return LlamaCppWriter(found, adapter, lora, max_tokens)
