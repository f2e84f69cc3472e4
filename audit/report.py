"""Writes the audit: report.html (one file, no request to a network), report.md, audit.json, a page a culture, rows."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gravity.audit.charts import chart
from gravity.audit.examine import Audit
from gravity.audit.figures import Figure
from gravity.audit.findings import Finding, number, probability
from gravity.audit.tables import codes, pick
from gravity.store.errors import StoreError
from gravity.store.records import content_id

HERE = Path(__file__).parent
SHOWN = 10
SAMPLED = 12
MOST = 2_000  # pairs of a culture, drawn at random, that samples are taken from
EXCERPT = 160

Named = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, its class and the id it links to."""

    text: str
    kind: str = ""
    link: str = ""


def write(audit: Audit, folder: Path) -> list[Path]:
    """Writes all files to `folder`, each whole or not at all, and returns the main ones.

    Raises StoreError where the folder cannot be written.
    """
    environment = _environment()
    page = _Page(audit, environment)
    try:
        (folder / "rows").mkdir(parents=True, exist_ok=True)
        for old in [*(folder / "rows").glob("F*.jsonl"), *folder.glob("culture-*.html")]:
            old.unlink()
        for found in audit.findings:
            if found.rows:
                lines = (json.dumps({"finding": found.id, "row": row}, ensure_ascii=False) for row in found.rows)
                _put(folder / "rows" / f"{found.id}.jsonl", "\n".join(lines) + "\n")
        for culture, name in page.culture_files.items():
            _put(folder / name, page.culture(culture))
        report, plain, figures = folder / "report.html", folder / "report.md", folder / "audit.json"
        _put(plain, page.markdown())
        _put(figures, json.dumps(audit.as_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        _put(report, page.report())
    except OSError as error:
        raise StoreError(f"cannot write the report to {folder}: {error.strerror or error}") from None
    return [report, plain, figures]


def _put(path: Path, text: str) -> None:
    waiting = path.with_name(f".{path.name}.writing")
    waiting.write_text(text, encoding="utf-8")
    shutil.move(waiting, path)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
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

    library = vl_convert.javascript_bundle(None)  # type: ignore[arg-type]
    own = (HERE / "templates" / "page.js").read_text(encoding="utf-8")
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


class _Page:
    """What the pages show, made from one audit."""

    def __init__(self, audit: Audit, environment: Environment) -> None:
        self.audit = audit
        self._environment = environment
        self._words: dict[str, Any] = yaml.safe_load((HERE / "words.yaml").read_text(encoding="utf-8"))
        self._anchor = {id(figure): f"figure-{place}" for place, figure in enumerate(audit.figures)}
        self._finding = {id(audit.figures[found.place]): found.id for found in audit.findings}
        self.culture_files = {name: _file(name) for name in audit.study.cultures}

    def report(self) -> str:
        """report.html."""
        pages = [(self.audit.study.called(name), file) for name, file in self.culture_files.items()]
        return self._render("report.html", **self._common, culture_pages=pages)

    def markdown(self) -> str:
        """report.md."""
        return self._render("report.md", **self._common)

    def culture(self, culture: str) -> str:
        """The page that one hands to a culture's reviewers."""
        mine = [found for found in self.audit.findings if {"", culture}.intersection(found.cultures)]
        return self._render(
            "culture.html",
            culture=self.audit.study.called(culture),
            source=self.audit.study.evidence.source,
            findings=[self._shown(found, linked=False) for found in mine],
            sections=self._sections([f for f in self.audit.figures if f.culture == culture], charts=False),
            samples=self._samples(culture),
        )

    def _render(self, template: str, **values: Any) -> str:
        html = template.endswith(".html")
        page = {
            "style": Markup((HERE / "templates" / "style.css").read_text(encoding="utf-8")),
            "scripts": [Markup(script) for script in _scripts()] if template == "report.html" else [],
            "policy": Markup(_policy()),
        }
        return self._environment.get_template(template).render(**values, **(page if html else {}))

    @cached_property
    def _common(self) -> dict[str, Any]:
        audit = self.audit
        return {
            "source": audit.study.evidence.source,
            "cultures": audit.study.cultures,
            "figures": audit.figures,
            "tested": sum(figure.p is not None for figure in audit.figures),
            "findings": [self._shown(found, linked=True) for found in audit.findings],
            "notes": audit.notes,
            "sections": self._sections(audit.figures, charts=True),
            "settings": audit.study.settings,
        }

    def _sections(self, figures: Sequence[Figure], charts: bool) -> list[Named]:
        sections = []
        for name, words in self._words.items():
            inside = [figure for figure in figures if figure.section == name]
            blocks = [
                self._block(kind, about, [f for f in inside if f.name == kind], charts)
                for kind, about in words["figures"].items()
                if any(f.name == kind for f in inside)
            ]
            slug = re.sub(r"\W+", "-", name)
            sections.append({"id": slug, "title": words["title"], "about": words["about"], "blocks": blocks})
        return sections

    def _block(self, name: str, about: str, figures: Sequence[Figure], charts: bool) -> Named:
        extras = list(dict.fromkeys(key for figure in figures for key in figure.extra if key != "national"))
        tested = any(figure.p is not None for figure in figures)
        columns = [
            "culture",
            *(["of"] if any(f.group for f in figures) else []),
            "figure",
            "95% interval",
            "n",
            "clusters",
        ]
        columns += [*(["held against", "p", "p corrected"] if tested else []), "claim", *extras]
        spec = chart(figures) if charts else None
        return {
            "name": name,
            "about": about,
            "columns": columns,
            "rows": [self._row(figure, columns, extras, tested) for figure in figures],
            # "<" is escaped, so that no text in the data can end the script element.
            "chart": Markup(json.dumps(spec, allow_nan=False).replace("<", "\\u003c")) if spec else "",
            "chart_id": f"chart-{re.sub(r'[^a-z]+', '-', name.lower())}",
        }

    def _row(self, figure: Figure, columns: Sequence[str], extras: Sequence[str], tested: bool) -> Named:
        interval = "none"
        if figure.low is not None and figure.high is not None:
            interval = f"{number(figure.low, figure.unit)} to {number(figure.high, figure.unit)}"
        elif figure.unit == "count":
            interval = "counted"
        cells = [Cell(figure.culture or "all")]
        if "of" in columns:
            cells.append(Cell(figure.group, "long" if len(figure.group) > 30 else ""))
        cells += [
            Cell(number(figure.value, figure.unit), "num"),
            Cell(interval, "num"),
            Cell(f"{figure.n:,}", "num"),
            Cell("" if figure.clusters is None else f"{figure.clusters:,}", "num"),
        ]
        if tested:
            against = "" if figure.against is None else number(figure.against, figure.unit)
            cells += [Cell(against, "num"), Cell(_p(figure.p), "num"), Cell(_p(figure.adjusted), "num")]
        cells.append(self._claim(figure))
        cells += [_extra(key, figure.extra.get(key)) for key in extras]
        return {"id": self._anchor[id(figure)], "cells": cells}

    def _claim(self, figure: Figure) -> Cell:
        found = self._finding.get(id(figure))
        if found:
            return Cell(f"finding {found}", link=found)
        if not figure.enough:
            return Cell("insufficient")
        if figure.adjusted is None:
            return Cell("described")
        # Significant and no finding: it lies on the harmless side, or another figure's finding tells of it.
        return Cell("significant" if figure.adjusted <= self.audit.study.settings.alpha else "nothing found")

    def _shown(self, found: Finding, linked: bool) -> Named:
        return {
            "found": found,
            "link": self._anchor[id(self.audit.figures[found.place])] if linked else "",
            "rows": [{"id": row, "text": self._texts.get(row, "")} for row in found.rows[:SHOWN]],
            "show": found.rows_are.startswith("pairs") and self.audit.study.evidence.source.startswith("run"),
        }

    @cached_property
    def _texts(self) -> dict[str, str]:
        """The beginnings of the texts of all rows that findings show."""
        rows = [row for found in self.audit.findings for row in found.rows[:SHOWN]]
        evidence = self.audit.study.evidence
        return {**self._excerpts(evidence.scenes, "text", rows), **self._excerpts(evidence.pairs, "chosen", rows)}

    @staticmethod
    def _excerpts(table: Any, column: str, ids: Sequence[str]) -> dict[str, str]:
        wanted = pc.is_in(table["id"].cast("string"), value_set=_strings(ids))
        found = table.filter(wanted).select(["id", column]).to_pylist()
        return {row["id"]: (row[column] or "")[:EXCERPT] for row in found}

    def _samples(self, culture: str) -> list[Named]:
        study = self.audit.study
        mine = np.flatnonzero(study.culture_codes(study.evidence.pairs) == study.cultures.index(culture))
        order = np.random.default_rng(0).permutation(mine)[:MOST]
        tracks = codes(study.evidence.pairs, "track")[0][order]
        # Each track in turn, so that a small one is seen as well.
        turn = np.array([np.count_nonzero(tracks[:place] == track) for place, track in enumerate(tracks)])
        mine = order[np.argsort(turn, kind="stable")][:SAMPLED] if len(mine) else mine
        names = ("id", "track", "dimension", "task", "chosen", "rejected")
        columns = {name: pick(study.evidence.pairs, name, mine) for name in names}
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        evidence = study.evidence.trails([row["id"] for row in rows])
        return [{**row, "evidence": evidence.get(row["id"], [])} for row in rows]


def _strings(ids: Iterable[str]) -> Any:
    import pyarrow as pa

    return pa.array(list(ids), pa.string())


def _file(culture: str) -> str:
    """A file name for a culture's page: its letters and digits, told apart by a hash where others are lost."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", culture)
    mark = "" if plain == culture else f"-{content_id(culture)[:6]}"
    return f"culture-{plain}{mark}.html"


def _p(p: float | None) -> str:
    return probability(p).removeprefix("= ")


def _extra(key: str, value: Any) -> Cell:
    if key.startswith("p "):
        return Cell(_p(value), "num")
    if isinstance(value, float):
        return Cell(f"{value:.3f}", "num")
    if isinstance(value, list):
        return Cell(" … ".join(map(str, value)), "long")
    return Cell("" if value is None else str(value), "long" if len(str(value)) > 30 else "")
