"""What calls came to, in words."""

from collections.abc import Iterable, Sequence

from gravity.store.spending import Spent


def figures(row: Spent) -> list[object]:
    """The tokens and the cost of a row, with what is not known said so."""
    none = row.uncounted == row.calls
    least = "at least " if row.uncounted else ""
    names = ("tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning")
    tokens = ["not counted" if none else f"{least}{getattr(row, name):,}" for name in names]
    return [*tokens, amount(None if none else row.cost, row.currency, least)]


def amount(cost: float | None, currency: str | None, least: str = "") -> str:
    """Money, such as 0.42 EUR."""
    if currency is None:
        return "not priced"
    return "not measured" if cost is None else f"{least}{cost:,.4f} {currency}"


def summed(rows: Sequence[Spent]) -> str:
    """All rows in one line."""
    calls, uncounted = sum(row.calls for row in rows), sum(row.uncounted for row in rows)
    tokens_in, tokens_out = sum(row.tokens_in for row in rows), sum(row.tokens_out for row in rows)
    cached, reasoning = sum(row.tokens_cached for row in rows), sum(row.tokens_reasoning for row in rows)
    costs: dict[str, float] = {}
    for row in rows:
        if row.currency is not None:
            costs[row.currency] = costs.get(row.currency, 0.0) + row.cost
    least = "at least " if uncounted else ""
    said = [
        f"{calls:,} calls",
        f"{least}{tokens_in:,} tokens in ({cached:,} cached)",
        f"{least}{tokens_out:,} out ({reasoning:,} reasoning)",
        *(f"{least}{amount(cost, currency)}" for currency, cost in sorted(costs.items())),
    ]
    if uncounted:
        said.append(f"tokens of {uncounted:,} calls not counted ({_models(row for row in rows if row.uncounted)})")
    unpriced = [row for row in rows if row.currency is None]
    if unpriced:
        said.append(f"{sum(row.calls for row in unpriced):,} calls not priced ({_models(unpriced)})")
    return ", ".join(said)


def _models(rows: Iterable[Spent]) -> str:
    return ", ".join(sorted({row.model for row in rows}))
