"""`gravity models`."""

import json
from dataclasses import asdict

from gravity.commands.console import console, plain, table
from gravity.commands.options import ConfigOption, JsonOption

EPILOG = "Example: gravity models --json"

# Tokens kept for an answer.
ANSWER = 1_024


def command(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Which sizes of local models fit into the memory at hand, at the context that the configuration's prompts need."""
    from gravity.agents.window import estimated_tokens, longest_prompts
    from gravity.config import load_config
    from gravity.frameworks.loader import Library
    from gravity.sizing import GIB, memory_at_hand, recommended, sizes

    settings, memory = load_config(config), memory_at_hand()
    library, curate = Library(overlay=settings.material), settings.curate
    domain = library.domain(settings.domain)
    prompts = longest_prompts(library, domain, curate.reviews_per_call, curate.seeds_per_call, curate.facets_per_call)
    context = max(map(estimated_tokens, prompts.values())) + ANSWER
    found = sizes(memory, context)
    best = recommended(found)
    if as_json:
        told = {"memory": asdict(memory), "context": context, "sizes": [asdict(size) for size in found]}
        print(json.dumps({**told, "recommended": asdict(best) if best else None}))
        return

    def gib(number: int | None) -> str:
        return "none" if number is None else f"{number / GIB:.1f}"

    fits = {True: "yes", False: "no", None: "no GPU"}
    table(
        f"Models with a context of {context:,} tokens; memory in GiB",
        ["size", "weights as", "weights", "context", "total", "in RAM", "on GPU"],
        [
            [
                f"{size.parameters / 1e9:.1f}B",
                size.quantisation,
                *map(gib, (size.weights, size.kv, size.total)),
                fits[size.fits_ram],
                fits[size.fits_gpu],
            ]
            for size in found
        ],
    )
    console.print(
        f"Free memory: RAM {gib(memory.ram)} GiB, GPU {gib(memory.gpu)}. Weights: parameters x bits a weight / 8; "
        "context: 2 x layers x heads x head size x 2 bytes x tokens, for shapes as Qwen2.5 has them; total: both, 5% "
        "and 0.5 GiB; it fits in nine tenths of the memory. On processors alone expect a large model to be slow."
    )
    if best is None:
        console.print("None of these fits: use a server, or lower curate.reviews_per_call and curate.seeds_per_call.")
        return
    console.print(
        f"The largest that fits: {best.parameters / 1e9:.1f}B in {best.quantisation}. An example of a name, which "
        "nobody has checked here:"
    )
    console.print(plain(f'  path = "{best.example}"'), soft_wrap=True)
    console.print("Whether a model can judge is for `gravity qualify` to say.")
