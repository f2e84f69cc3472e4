"""What extensions are made of: distributions with modules and entry points, and material folders."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import yaml

from tests.gravity.support import ROOT


def distribution(folder: Path, name: str, modules: Mapping[str, str], entry_points: Mapping[str, str]) -> Path:
    """A folder as pip leaves it: `modules` by name with their code, `entry_points` as "group name" to "module:object".

    A process finds what is in it when the folder is on its path.
    """
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    lines = []
    for key, value in entry_points.items():
        group, entry = key.split()
        lines.append(f"[{group}]\n{entry} = {value}\n")
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    for module, code in modules.items():
        (folder / f"{module}.py").write_text(dedent(code), encoding="utf-8")
    return folder


def from_recipe(folder: Path, heading: str) -> Path:
    """The distribution that a recipe of CONTRIBUTING.md describes: its one module and its one entry point."""
    ((group, entries),) = tomllib.loads(recipe(heading, "toml"))["project"]["entry-points"].items()
    ((name, value),) = entries.items()
    module = value.partition(":")[0]
    return distribution(folder, module, {module: recipe(heading, "python")}, {f"{group} {name}": value})


def on_path(folder: Path) -> dict[str, str]:
    """The change of a process's environment that puts a folder on its path, beside this checkout."""
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}


def write_rows(path: Path, *rows: Mapping[str, Any]) -> Path:
    """A JSON lines file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path


def write_yaml(path: Path, content: Mapping[str, Any]) -> Path:
    """A YAML file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def recipe(heading: str, language: str) -> str:
    """The code block in `language` under "### heading" of CONTRIBUTING.md, so that tests do what readers are told."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split(f"\n### {heading}\n")[1].split("\n### ")[0]
    blocks = re.findall(rf"^ *```{language}\n(.*?)^ *```$", section, flags=re.MULTILINE | re.DOTALL)
    return dedent(blocks[0])
