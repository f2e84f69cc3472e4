"""Records of calls to models: what was answered, and what a run paid for it."""

from gravity.store.records import Row


class Call(Row):
    """A model's kept answer and what it cost; tokens are None where the server did not count them. `seconds` is wall
    time. An answer that failed its check is not `usable`: it serves the trail, and another process asks anew."""

    key: str
    role: str
    model: str
    prompt: str
    answer: str
    tokens_in: int | None
    tokens_out: int | None
    seconds: float
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    usable: bool = True


class Spending(Row):
    """A call that a run made of a model. `cost` is in `currency`; both are None without a price. Where the server did
    not count, tokens and cost are None. `most_tokens` and `most_cost` are what a budget counts: the same, or the most
    that it can have been."""

    run: str
    role: str
    model: str
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    seconds: float
    currency: str | None
    cost: float | None
    most_tokens: int
    most_cost: float
