"""How to write with an adapter, for the model card: plain peft and transformers, since its reader has no Gravity."""

import json
import shlex

from gravity.trainer.models.bases import Base
from gravity.trainer.settings import CardIn

# An example of what the system message holds in training: the card of a reader, made up.
EXAMPLE_READER = """\
You write for one reader. This is who they are, as far as their reviews tell.

About them: location Lisbon; occupation teacher
Genres they enjoy: Historical Fiction, Sea Stories
Genres that leave them cold: Romance
Personality: high openness; low extraversion
Views they hold:
- I am most moved by people who carry a hard lot with grace and go on."""

# As `gravity write` words its request.
EXAMPLE_TASK = """\
Write the description of this book anew for this reader, in the language of the description. Of all that it states, \
ask what would make them want the book: begin with that and tell it most concretely, and let what means nothing to \
them be short or leave it out. State nothing that the description does not state, and neither address nor mention the \
reader. Three to six sentences, fewer where there are few facts.

Title: The Salt Road
Description: A village of salt makers has to choose between its road and its church. Two sisters lead the two sides."""

# What vLLM 0.33 takes for --max-lora-rank (vllm/config/lora.py), its buffers being of that size.
VLLM_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)

_SNIPPET = '''\
```python
{imports}

{base}
adapter = "."  # the folder of this file, or the adapter's id on the Hub

tokenizer = AutoTokenizer.from_pretrained(adapter)
model = AutoModelForCausalLM.from_pretrained({load}, device_map="auto")
model = PeftModel.from_pretrained(model, adapter)

reader = """{reader}"""
task = """{task}"""
messages = {messages}

inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True, return_tensors="pt")
output = model.generate(**inputs.to(model.device), max_new_tokens=200, do_sample=True, temperature=0.7, top_p=0.9)
print(tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))
```'''


_PLACE: dict[CardIn, str] = {"system": "system message is", "user": "message begins with"}
_MESSAGES: dict[CardIn, str] = {
    "system": '[{"role": "system", "content": reader}, {"role": "user", "content": task}]',
    "user": '[{"role": "user", "content": f"{reader}\\n\\n{task}"}]',
}


_FOUR_BIT = (
    'quantization = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype="bfloat16")'
)


def usage(base: Base, card_in: CardIn, rank: int, load_in_4bit: bool = False) -> str:
    """Return Markdown: a Python snippet that loads base and adapter and writes, what to change, how to serve both.

    `card_in`, `rank` and `load_in_4bit` are the training's settings: the snippet puts the card where the adapter
    expects it, on a base that is quantized as it was, and a server has to make room for the LoRA rank.
    """
    classes = ["AutoModelForCausalLM", "AutoTokenizer"]
    assignments, load = [f"base = {_quoted(base.location)}"], 'base, dtype="auto"'
    if base.gguf is not None:
        classes.append("GgufConfig")
        assignments.append(f"gguf_file = {_quoted(base.gguf)}")
        load = "base, gguf_file=gguf_file, quantization_config=GgufConfig(dequantize=True)"
    elif load_in_4bit:
        classes.append("BitsAndBytesConfig")
        assignments.append(_FOUR_BIT)
        load += ", quantization_config=quantization"
    snippet = _SNIPPET.format(
        imports=f"from peft import PeftModel\nfrom transformers import {', '.join(classes)}",
        base="\n".join(assignments),
        load=load,
        reader=EXAMPLE_READER,
        task=EXAMPLE_TASK,
        messages=_MESSAGES[card_in],
    )
    parts = (_needed(base, card_in, load_in_4bit), snippet, _to_replace(base), _served(base, rank))
    return "\n\n".join(part for part in parts if part)


def _needed(base: Base, card_in: CardIn, load_in_4bit: bool) -> str:
    packages = "peft transformers"
    if base.gguf is not None:
        packages += " gguf"
    elif load_in_4bit:
        packages += " bitsandbytes"
    return (
        f"`pip install {packages}` is all that this needs. The {_PLACE[card_in]} a card of the reader, laid out as "
        "in this example; leave out the lines that you know nothing for."
    )


def _to_replace(base: Base) -> str | None:
    if base.on_hub:
        return None
    if base.gguf is None:
        place = "`base` is a folder on the machine that trained the adapter. In its place put the base model's Hub id"
    else:
        place = (
            f"`base` is the folder of the file `{base.gguf}` on the machine that trained the adapter{_package(base)}. "
            "In its place put the folder of your copy, or the id of the Hub repository that has this file"
        )
    return (
        f"{place}. Before you upload the adapter, put the base model's Hub id into `base_model` above and into "
        "`base_model_name_or_path` in `adapter_config.json` as well."
    )


def _served(base: Base, rank: int) -> str:
    allowed = next((size for size in VLLM_RANKS if size >= rank), None)
    if allowed is None:
        return f"Its LoRA rank of {rank} is more than vLLM serves ({VLLM_RANKS[-1]}): merge the adapter into the base."
    name = shlex.quote(base.location) if base.gguf is None else "BASE"
    told = "" if base.gguf is None else ", with the model that the GGUF file was made of for `BASE`"
    command = f"vllm serve {name} --enable-lora --lora-modules reader=PATH --max-lora-rank {allowed}"
    room = f"vLLM has to make room for a rank not below the adapter's, which is {rank}; it does for 16 on its own."
    return (
        f"vLLM serves it as `reader` beside the base{told}:\n\n```sh\n{command}\n```\n\n`PATH` is this folder, or the "
        f"adapter's id on the Hub. {room}"
    )


def _package(base: Base) -> str:
    return f" (it comes with the Python package {base.package})" if base.package else ""


def _quoted(text: str) -> str:
    # JSON's strings are Python's as well, whatever is in a path.
    return json.dumps(text, ensure_ascii=False)
