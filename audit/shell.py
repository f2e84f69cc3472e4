"""What the pages of all reports share: templates and style, scripts, and a policy under which nothing else runs.

A page is one file that opens offline. Texts are escaped, charts are drawn without `eval`, and the content policy lets
nothing be fetched and no script run but the page's own, which it names by their hashes.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

SHARED = Path(__file__).parent / "templates"


class Shell:
    """Renders templates. Those in the folder `own` are found before the shared ones, and the scripts and styles there
    follow the shared ones on every page."""

    def __init__(self, own: Path | None = None) -> None:
        self._folders = [SHARED, *([own] if own else [])]
        self._environment = Environment(
            loader=FileSystemLoader(self._folders[::-1]), undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True, autoescape=lambda name: bool(name and name.endswith(".html")),
        )  # fmt: skip
        self._environment.filters["md"] = markdown_text

    def page(self, template: str, scripts: bool, **values: Any) -> str:
        """A page of HTML, with the scripts or without."""
        return self._environment.get_template(template).render(
            **values,
            style=Markup(self._style),
            scripts=[Markup(script) for script in self._scripts] if scripts else [],
            policy=Markup(self._policy),
        )

    def text(self, template: str, **values: Any) -> str:
        """Markdown; it is not escaped but by the filter `md`."""
        return self._environment.get_template(template).render(**values)

    def _read(self, ending: str) -> list[str]:
        return [path.read_text(encoding="utf-8") for each in self._folders for path in sorted(each.glob(f"*.{ending}"))]

    @cached_property
    def _style(self) -> str:
        return "".join(self._read("css"))

    @cached_property
    def _scripts(self) -> Sequence[str]:
        # "</script" inside a script would end it.
        return [re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE) for text in (_charts(), *self._read("js"))]

    @cached_property
    def _policy(self) -> str:
        hashes = " ".join(
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in self._scripts
        )
        rest = "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
        return f"default-src 'none'; script-src {hashes}; {rest}"


def markdown_text(text: object) -> str:
    """Text that neither breaks a Markdown table nor brings markup of its own."""
    plain = re.sub(r"([\\|`*_\[\]#])", r"\\\1", " ".join(str(text).split()))
    return plain.replace("&", "&amp;").replace("<", "&lt;")


@cache
def _charts() -> str:
    """The library that draws charts."""
    import vl_convert

    return vl_convert.javascript_bundle(None)  # type: ignore[arg-type]  # its stub wants text, its manual says None
