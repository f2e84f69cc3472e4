"""Loading a base model, with an adapter on top when asked."""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any, Literal

from gravity.trainer.errors import ModelError, brief
from gravity.trainer.kinds import ADAPTER, kind
from gravity.trainer.models import quantized
from gravity.trainer.models.bases import Base, resolve_base
from gravity.trainer.models.decoders import check_kind, check_whole
from gravity.trainer.models.gguf_base import completed
from gravity.trainer.models.memory import check_memory, local_weights
from gravity.trainer.models.outline import configuration, gguf_option
from gravity.trainer.quiet import silenced
from gravity.trainer.settings import CardIn

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
REPORT_FILE = "training.json"
FINGERPRINT_ROWS = 256

Place = Literal["device", "cpu", "empty"]

_PROBE_SECONDS = 10


def load(
    base: str | Base | None,
    adapter: Path | None = None,
    *,
    load_in_4bit: bool = False,
    dequantized: bool = False,
    place: Place = "device",
) -> tuple[Any, Any]:
    """Load a causal language model and its tokenizer: in bfloat16 on CUDA, in float32 on the CPU.

    `base` None takes the base that the adapter was trained on. With an adapter the model is a PeftModel,
    whose `disable_adapter()` gives the base back. Only safetensors and GGUF weights are read, and no code
    that comes with a model is run. `place` "cpu" leaves the model in the memory of the CPU, "empty" gives one without
    weights, for a process that is handed its part of them.

    With `load_in_4bit`, or an adapter that was trained so, the base is quantized (`gravity.trainer.models.quantized`).
    `dequantized` then unpacks it, rounded as it is.

    Raises ModelError when either cannot be loaded, or the tokenizer has no chat template.
    """
    if adapter is not None:
        check_adapter(adapter)
    found = found_base(base, adapter)
    four_bit = load_in_4bit or (adapter is not None and trained_in_4bit(adapter))
    if four_bit and found.gguf is not None:
        raise ModelError(f"base {found.name} is a GGUF, which cannot be loaded in 4 bits: give safetensors")
    if _in_full(place, four_bit):
        check_memory(found, local_weights(found))
    with silenced():
        model, tokenizer = _load_base(found, adapter, place, four_bit)
        if four_bit and dequantized:
            model = model.dequantize()
        _checked(tokenizer, found)
        if adapter is not None:
            model = _with_adapter(model, adapter, found)
        return model.eval(), tokenizer


def found_base(base: str | Base | None, adapter: Path | None) -> Base:
    """Return a base as `resolve_base` finds it; None takes the adapter's own. Raises ModelError."""
    if base is None:
        if adapter is None:
            raise ModelError("neither a base nor an adapter was given: give at least one")
        base = _recorded_base(adapter)
    return base if isinstance(base, Base) else resolve_base(base)


def load_tokenizer(base: Base, adapter: Path | None = None, local_files_only: bool = True) -> Any:
    """Load the tokenizer of a base, or the adapter's copy of it, without the model.

    With `local_files_only` a base that is not on this machine has none. Raises ModelError where there is none, or it
    has no chat template.
    """
    try:
        with silenced():
            tokenizer = _tokenizer(base, adapter, {"local_files_only": local_files_only} | gguf_option(base))
    except ModuleNotFoundError:
        raise
    except Exception as error:  # a damaged file can fail anywhere in transformers, gguf or tokenizers
        raise ModelError(f"the tokenizer of base {base.name} cannot be loaded: {brief(error)}") from error
    return _checked(tokenizer, base)


def check_trained_on(adapter: Path, base: Base, base_fingerprint: str) -> None:
    """Raise ModelError where training.json says that the adapter was trained on a base of another fingerprint."""
    trained_on = training_report(adapter)
    if trained_on.get("base_fingerprint") not in (None, base_fingerprint):
        raise ModelError(
            f"adapter {adapter} was trained on another base ({trained_on.get('base')}), whose weights are not those "
            f"of {base.name}: give that base"
        )


def fingerprint(model: Any) -> str:
    """Return a checksum that tells a base model from another: SHA-256 over rows of its embeddings and its head.

    The same for float32 and bfloat16, and with an adapter on top.
    """
    import torch

    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    digest = hashlib.sha256()
    for weight in (inner.get_input_embeddings().weight[:FINGERPRINT_ROWS], inner.get_output_embeddings().weight[-1]):
        digest.update(weight.detach().to("cpu", torch.bfloat16).contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def context(model: Any) -> int | None:
    """Return how many tokens a model attends to, None where its configuration sets no bound."""
    found: int | None = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return found


def check_adapter(adapter: Path) -> None:
    """Raise ModelError where a folder lacks one of ADAPTER_FILES."""
    missing = [name for name in ADAPTER_FILES if not (adapter / name).is_file()]
    if missing:
        there = kind(adapter)
        wrong = f"has no {' and no '.join(missing)}" if there in (None, ADAPTER) else f"is {there}"
        raise ModelError(f"adapter {adapter} {wrong}: give the folder of an adapter that gravity-trainer wrote")


def training_report(adapter: Path) -> dict[str, Any]:
    """Return what training.json says of an adapter, nothing where another trainer made it and there is none."""
    try:
        return dict(json.loads((adapter / REPORT_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def trained_settings(adapter: Path) -> dict[str, Any]:
    """Return the settings that an adapter was trained with, nothing where training.json does not say."""
    settings = training_report(adapter).get("settings")
    return settings if isinstance(settings, dict) else {}


def trained_card_in(adapter: Path) -> CardIn:
    """Return where training put the reader's card for an adapter, "system" where training.json does not say."""
    return "user" if trained_settings(adapter).get("card_in") == "user" else "system"


def trained_in_4bit(adapter: Path) -> bool:
    """Say whether training had the base quantized, False where training.json does not say."""
    return trained_settings(adapter).get("load_in_4bit") is True


def on_cuda() -> bool:
    """Say whether an NVIDIA device is there to train and generate on."""
    import torch

    return torch.cuda.is_available()


def _in_full(place: Place, four_bit: bool) -> bool:
    """Say whether all weights will be in the memory of the CPU to be computed with, in float32."""
    return not on_cuda() and place != "empty" and not four_bit


def _load_base(base: Base, adapter: Path | None, place: Place, four_bit: bool) -> tuple[Any, Any]:
    try:
        if not base.on_hub:
            return _open(base, adapter, place, four_bit, local_files_only=True)
        try:
            # The local cache first: with it a run needs no network and no waiting for one.
            return _open(base, adapter, place, four_bit, local_files_only=True)
        except OSError:
            weights = _probe_hub(base.name)
            if _in_full(place, four_bit):
                check_memory(base, weights)
            return _open(base, adapter, place, four_bit, local_files_only=False)
    except (ModelError, ModuleNotFoundError):
        raise
    except Exception as error:  # a damaged file can fail anywhere in transformers, gguf or safetensors
        raise ModelError(f"base {base.name} cannot be loaded: {brief(error)}") from error


def _open(base: Base, adapter: Path | None, place: Place, four_bit: bool, local_files_only: bool) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig
    from transformers.utils.peft_utils import find_adapter_config_file

    common: dict[str, Any] = {"trust_remote_code": False, "local_files_only": local_files_only} | gguf_option(base)
    tokenizer = _tokenizer(base, adapter, common)
    cuda = on_cuda()
    dtype = torch.bfloat16 if cuda else torch.float32
    if base.gguf is not None:
        # Unless unpacked on loading, transformers takes a GGUF for quantized and refuses to train it.
        common["quantization_config"] = GgufConfig(dequantize=True)
        config = completed(Path(base.location) / base.gguf)
        if config is not None:
            common["config"] = config
    else:
        # transformers would load the base that an adapter names, with the adapter on it.
        if find_adapter_config_file(base.location, local_files_only=local_files_only) is not None:
            raise ModelError(f"base {base.name} is an adapter: give the model that it was trained on")
        check_kind(base, configuration(base, local_files_only=local_files_only))
        common["use_safetensors"] = True
    if four_bit:
        common |= quantized.options(dtype)
    if place == "empty":
        config = common.get("config") or configuration(base, local_files_only=local_files_only)
        return _without_weights(config, dtype), tokenizer
    found: Any = AutoModelForCausalLM.from_pretrained(base.location, dtype=dtype, output_loading_info=True, **common)
    model, loaded = found
    check_whole(base, sorted(loaded["missing_keys"]))
    if four_bit:  # which is on its device already
        return quantized.keep_differentiable(model), tokenizer
    return model.to("cuda") if place == "device" and cuda else model, tokenizer


def _without_weights(config: Any, dtype: Any) -> Any:
    from accelerate import init_empty_weights
    from transformers import AutoModelForCausalLM

    decoders: Any = AutoModelForCausalLM  # which is not typed
    # Buffers are made as usual: they follow from the configuration and are not handed on.
    with init_empty_weights(include_buffers=False):
        model = decoders.from_config(config, dtype=dtype)
    model.tie_weights()
    return model


def _tokenizer(base: Base, adapter: Path | None, options: dict[str, Any]) -> Any:
    from transformers import AutoTokenizer

    if adapter is not None and (adapter / "tokenizer.json").is_file():
        # The same tokenizer, in a tenth of the time that reading it out of a GGUF takes.
        return AutoTokenizer.from_pretrained(adapter, trust_remote_code=False, local_files_only=True)
    return AutoTokenizer.from_pretrained(base.location, **options)


def _checked(tokenizer: Any, base: Base) -> Any:
    if tokenizer.chat_template is None:
        raise ModelError(f"base {base.name} has no chat template: choose an instruction-tuned model")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _probe_hub(name: str) -> int | None:
    """Return how many weights a model on the Hub has, None where it does not say."""
    # transformers would try for most of a minute before it says that there is no network.
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        told = HfApi().model_info(name, timeout=_PROBE_SECONDS).safetensors
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"base {name} is not a local path, and the Hub shows no such model (a gated one needs HF_TOKEN)"
        ) from error
    except Exception as error:  # the Hub client's transport errors change with its releases
        raise ModelError(
            f"base {name} is not a local path, and the Hub cannot be reached to fetch it ({brief(error)}): "
            "give a local folder, a .gguf file or package:NAME"
        ) from error
    return told.total if told else None


def _recorded_base(adapter: Path) -> str:
    config = adapter / ADAPTER_FILES[0]
    try:
        name = json.loads(config.read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{config} does not say which base the adapter is for: name the base") from error
    return str(name)


def _with_adapter(model: Any, adapter: Path, base: Base) -> Any:
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import safe_open

    check_trained_on(adapter, base, fingerprint(model))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what PEFT decides by itself
            adapted = PeftModel.from_pretrained(model, str(adapter))
        # PEFT only warns of layers that the file lacks, and would leave them as they were.
        with safe_open(adapter / ADAPTER_FILES[1], framework="pt") as file:
            differing = len(set(file.keys()) ^ set(get_peft_model_state_dict(adapted, save_embedding_layers=False)))
    except Exception as error:  # sizes that do not match, an unknown method, a damaged file
        raise ModelError(f"adapter {adapter} does not fit the base {base.name}: {brief(error)}") from error
    if differing:
        raise ModelError(
            f"adapter {adapter} does not fit the base {base.name}: {differing} of their layers' weights have no "
            "counterpart, so it was trained on another base"
        )
    return adapted
