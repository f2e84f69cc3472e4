"""The tables, with SQLAlchemy Core, so that SQLite and PostgreSQL hold the same."""

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

reviews = Table(
    "reviews",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("reader", String, nullable=False, index=True),
    Column("book", String, nullable=False),
    Column("rating", Float, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("time", Integer),
    Column("source", String, nullable=False),
)

books = Table(
    "books",
    metadata,
    Column("id", String, primary_key=True),
    Column("title", Text, nullable=False),
    Column("author", Text),
    Column("description", Text, nullable=False),
    Column("categories", JSON, nullable=False),
)

readers = Table(
    "readers",
    metadata,
    Column("id", String, primary_key=True),
    Column("culture", String, index=True),
    Column("gender", String),
    Column("age", String),
    Column("location", String),
)

refusals = Table(
    "refusals",
    metadata,
    Column("source", String, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False),
)


runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("settings", JSON, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("run", String, primary_key=True),
    Column("reader", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("views", JSON, nullable=False),
    Column("made_by", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", String, nullable=False),
    Column("score", Float),
    Column("checked_by", JSON),
)

# One row a reader whose profile is complete in a run; written with its facts in one transaction.
profiles = Table(
    "profiles",
    metadata,
    Column("run", String, primary_key=True),
    Column("reader", String, primary_key=True),
    Column("known", Integer, nullable=False, default=0),
    Column("held_back", Integer, nullable=False, default=0),
    Column("repeats", Integer, nullable=False, default=0),
)

# One row a reader whose reviews were read for views; written with the views in one transaction.
readings = Table(
    "readings",
    metadata,
    Column("run", String, primary_key=True),
    Column("reader", String, primary_key=True),
    Column("reviews", Integer, nullable=False),
    Column("reviews_left_out", Integer, nullable=False),
    Column("calls", JSON, nullable=False),
    Column("failed", JSON, nullable=False),
)

views = Table(
    "views",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(16), nullable=False, unique=True),
    Column("run", String, nullable=False),
    Column("reader", String, nullable=False),
    Column("review", String, nullable=False),
    Column("half", Integer, nullable=False),
    Column("quote", Text, nullable=False),
    Column("statement", Text, nullable=False),
    Column("opposite", Text, nullable=False),
    Column("about", String, nullable=False),
    Column("said", String, nullable=False),
    Column("common", Float),
    Column("verdict", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("same_as", String),
    Column("made_by", JSON, nullable=False),
    Column("checked_by", JSON),
    Index("views_by_reader", "run", "reader"),
)

groups = Table(
    "groups",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("run", String, primary_key=True),
    Column("views", JSON, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("failed", Text, nullable=False),
)

reader_seeds = Table(
    "reader_seeds",
    metadata,
    Column("id", String, primary_key=True),
    Column("run", String, primary_key=True),
    Column("framework", String, nullable=False),
    Column("dimension", String, nullable=False),
    Column("pole", String, nullable=False),
    Column("statement", Text, nullable=False),
    Column("opposite", Text, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("reader", String),
    Column("cultures", JSON, nullable=False),
    Column("agree", Integer, nullable=False),
    Column("disagree", Integer, nullable=False),
    Column("views", JSON, nullable=False),
    Column("verdict", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("same_as", String),
    Column("made_by", JSON, nullable=False),
    Column("checked_by", JSON),
)

# What one half of a reader's reviews shows of a seed; both halves are asked apart, so that each tests the other.
shown = Table(
    "shown",
    metadata,
    Column("run", String, primary_key=True),
    Column("reader", String, primary_key=True),
    Column("seed", String, primary_key=True),
    Column("half", Integer, primary_key=True),
    Column("stance", String, nullable=False),
    Column("confidence", Float, nullable=False),
)

# What one half of a reader's reviews says of a facet.
facet_halves = Table(
    "facet_halves",
    metadata,
    Column("run", String, primary_key=True),
    Column("reader", String, primary_key=True),
    Column("facet", String, primary_key=True),
    Column("half", Integer, primary_key=True),
    Column("level", String, nullable=False),
    Column("score", Float),
    Column("confidence", Float, nullable=False),
)

# How far facets and traits can be relied on, by culture.
facet_reliability = Table(
    "facet_reliability",
    metadata,
    Column("run", String, primary_key=True),
    Column("of", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("culture", String, primary_key=True),
    Column("readers", Integer, nullable=False),
    Column("r", Float),
    Column("low", Float),
    Column("high", Float),
    Column("partial", Float),
    Column("both", Integer, nullable=False),
    Column("agreed", Integer, nullable=False),
    Column("halves", Integer, nullable=False),
    Column("told", Integer, nullable=False),
)

# How far stances can be relied on, by source, culture and the confidence that is asked for.
reliability = Table(
    "reliability",
    metadata,
    Column("run", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("culture", String, primary_key=True),
    Column("threshold", Float, primary_key=True),
    Column("tested", Integer, nullable=False),
    Column("contradicted", Integer, nullable=False),
    Column("stances", Integer, nullable=False),
    Column("readers", Integer, nullable=False),
    Column("expected_error", Float),
)

scenarios = Table(
    "scenarios",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("run", String, nullable=False),
    Column("seed", String, nullable=False),
    Column("culture", String, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("rounds", JSON, nullable=False),
    Column("verdict", String, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("run", "seed", "culture", "slot"),
)

pairs = Table(
    "pairs",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("run", String, nullable=False),
    Column("reader", String, nullable=False),
    Column("culture", String, nullable=False),
    Column("track", String, nullable=False),
    Column("framework", String, nullable=False),
    Column("dimension", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("takes", String),
    Column("scenario", String),
    Column("fact", JSON),
    Column("profile", JSON, nullable=False),
    Column("prompt", JSON, nullable=False),
    Column("chosen", JSON, nullable=False),
    Column("rejected", JSON, nullable=False),
    Column("basis", Text, nullable=False),
    Column("prompts", JSON, nullable=False),
    Column("verdict", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("qualified", Boolean, nullable=False),
    Column("rests_on", String),
    Column("confidence", Float),
    Column("ratings", JSON, nullable=False),
    Column("tested", String),
    Index("pairs_by_reader", "run", "reader"),
)

# What kinds of labels from ratings are worth, tried on books that their reader did rate.
rated_tests = Table(
    "rated_tests",
    metadata,
    Column("run", String, primary_key=True),
    Column("reader", String, primary_key=True),
    Column("culture", String, nullable=False),
    Column("track", String, primary_key=True),
    Column("rests_on", String, primary_key=True),
    Column("chosen", String, primary_key=True),
    Column("rejected", String, primary_key=True),
    Column("outcome", String, nullable=False),
)

# Books' descriptions that models wrote anew, by all that they were written from; `reader` is whose card was told.
writings = Table(
    "writings",
    metadata,
    Column("key", String(16), primary_key=True),
    Column("reader", String, index=True),
    Column("text", Text, nullable=False),
    Column("mark", JSON, nullable=False),
)

checks = Table(
    "checks",
    metadata,
    Column("pair", String(16), primary_key=True),
    Column("run", String, nullable=False, index=True),
    Column("choices", JSON, nullable=False),
    Column("prefers", String),
)

decisions = Table(
    "decisions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run", String, nullable=False, index=True),
    Column("pair", String(16), nullable=False, unique=True),
    Column("decided", String, nullable=False),
    Column("by", String, nullable=False),
    Column("time", String, nullable=False),
    Column("before", JSON, nullable=False),
    Column("blind", Boolean, nullable=False, default=False),
)

# What the last sweep of a stage left without an outcome, since nobody answered, and why.
pending = Table(
    "pending",
    metadata,
    Column("run", String, primary_key=True),
    Column("what", String, primary_key=True),
    Column("item", String, primary_key=True),
    Column("reason", String, nullable=False),
)

qualifications = Table(
    "qualifications",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("culture", String, primary_key=True),
    Column("task", String, nullable=False),
    Column("model", String, nullable=False),
    Column("time", String, nullable=False),
    Column("figures", JSON, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("role", String, nullable=False),
    Column("model", String, nullable=False),
    Column("prompt", String, nullable=False),
    Column("answer", Text, nullable=False),
    Column("tokens_in", Integer),
    Column("tokens_out", Integer),
    Column("seconds", Float, nullable=False),
    Column("tokens_cached", Integer, nullable=False),
    Column("tokens_reasoning", Integer, nullable=False),
    Column("usable", Boolean, nullable=False),
)

spending = Table(
    "spending",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String, nullable=False, index=True),
    Column("role", String, nullable=False),
    Column("model", String, nullable=False),
    Column("tokens_in", Integer),
    Column("tokens_out", Integer),
    Column("tokens_cached", Integer, nullable=False),
    Column("tokens_reasoning", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("currency", String),
    Column("cost", Float),
    Column("most_tokens", Integer, nullable=False),
    Column("most_cost", Float, nullable=False),
)

# One row a request that is away in a batch, by the key that its answer will be kept under.
batched = Table(
    "batched",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("file", String, nullable=False, index=True),
    Column("batch", String),
    Column("answer", JSON(none_as_null=True)),
)
