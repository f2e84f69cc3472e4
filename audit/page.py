"""The pages of the report, made from one audit by the templates: the whole report, and one for each culture."""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gravity.audit.blocks import Blocks
from gravity.audit.examine import Audit
from gravity.audit.excerpts import Excerpts
from gravity.audit.findings import Finding

TEMPLATES = Path(__file__).parent / "templates"
EXAMPLES = 10  # rows of a finding that the page lists


class Pages:
    """What the pages hold. `culture_files` names the file of each culture's page."""

    def __init__(self, audit: Audit, culture_files: Mapping[str, str]) -> None:
        self.culture_files = culture_files
        self._audit = audit
        self._blocks = Blocks(audit)
        self._excerpts = Excerpts(audit.study)
        self._environment = _environment()

    def report(self) -> str:
        """report.html."""
        names = [(self._audit.study.called(name), file) for name, file in self.culture_files.items()]
        return self._render("report.html", **self._common, culture_pages=names)

    def markdown(self) -> str:
        """report.md."""
        return self._render("report.md", **self._common)

    def culture(self, culture: str) -> str:
        """The page that one hands to a culture's reviewers."""
        mine = [found for found in self._audit.findings if {"", culture}.intersection(found.cultures)]
        return self._render(
            "culture.html",
            culture=self._audit.study.called(culture),
            source=self._audit.study.evidence.source,
            findings=[self._finding(found, linked=False) for found in mine],
            sections=self._blocks.sections([f for f in self._audit.figures if f.culture == culture], charts=False),
            samples=self._excerpts.samples(culture),
        )

    def _render(self, template: str, **values: Any) -> str:
        html = template.endswith(".html")
        page = {
            "style": Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
            "scripts": [Markup(script) for script in _scripts()] if template == "report.html" else [],
            "policy": Markup(_policy()),
        }
        return self._environment.get_template(template).render(**values, **(page if html else {}))

    @cached_property
    def _common(self) -> dict[str, Any]:
        audit = self._audit
        return {
            "source": audit.study.evidence.source,
            "cultures": audit.study.cultures,
            "figures": audit.figures,
            "tested": sum(figure.p is not None for figure in audit.figures),
            "findings": [self._finding(found, linked=True) for found in audit.findings],
            "notes": audit.notes,
            "sections": self._blocks.sections(audit.figures, charts=True),
            "settings": audit.study.settings,
        }

    def _finding(self, found: Finding, linked: bool) -> dict[str, Any]:
        return {
            "found": found,
            "link": self._blocks.anchor(self._audit.figures[found.place]) if linked else "",
            "rows": [{"id": row, "text": self._texts.get(row, "")} for row in found.rows[:EXAMPLES]],
            "show": found.rows_are.startswith("pairs") and self._audit.study.evidence.source.startswith("run"),
        }

    @cached_property
    def _texts(self) -> dict[str, str]:
        """The beginnings of the texts of all rows that the pages list."""
        return self._excerpts.beginnings([row for found in self._audit.findings for row in found.rows[:EXAMPLES]])


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=lambda name: bool(name and name.endswith(".html")),
    )  # fmt: skip
    environment.filters["md"] = markdown_text
    return environment


def markdown_text(text: object) -> str:
    """Text that neither breaks a Markdown table nor brings markup of its own."""
    plain = re.sub(r"([\\|`*_\[\]#])", r"\\\1", " ".join(str(text).split()))
    return plain.replace("&", "&amp;").replace("<", "&lt;")


@cache
def _scripts() -> tuple[str, ...]:
    import vl_convert

    library = vl_convert.javascript_bundle(None)  # type: ignore[arg-type]  # its stub wants text, its manual says None
    own = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    # "</script" inside a script would end it.
    return tuple(re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE) for text in (library, own))


@cache
def _policy() -> str:
    """A content policy under which nothing is fetched and no script runs but the page's own."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in _scripts()
    )
    rest = "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {hashes}; {rest}"
