"""`gravity config`."""

import json
from dataclasses import asdict

from gravity.commands.console import console, plain, table
from gravity.commands.options import ConfigOption, JsonOption

EPILOG = "Example: gravity config --json"


def command(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """The whole configuration in force: each setting with its value, where that came from, and what it is for."""
    from gravity.config import load_config, read_content
    from gravity.describing import settings

    found = settings(load_config(config), read_content(config))
    if as_json:
        print(json.dumps([asdict(setting) for setting in found], ensure_ascii=False))
        return
    sections: dict[str, list[list[object]]] = {}
    for setting in found:
        section, _, name = setting.name.rpartition(".")
        value = "none" if setting.value is None else json.dumps(setting.value, ensure_ascii=False)
        sections.setdefault(section or "top level", []).append([name, value, setting.source, setting.description])
    for section, rows in sections.items():
        table(section, ["setting", "value", "from", "what it is for"], rows)
    console.print(plain("Set one in gravity.toml, or in an environment variable such as GRAVITY_CURATE__SEEDS=30."))
