"""What a model's tokens cost."""

from pydantic import BaseModel, ConfigDict, Field


class Price(BaseModel):
    """What a million tokens of a model cost."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    currency: str = Field(pattern="^[A-Z]{3}$")
    """Three letters, such as EUR; prices in several currencies cannot be added."""
    input: float = Field(ge=0)
    """A million tokens in."""
    cached_input: float | None = Field(None, ge=0)
    """A million tokens in that came from the server's cache; as other input where none is given."""
    output: float = Field(ge=0)
    """A million tokens out."""
    reasoning: float | None = Field(None, ge=0)
    """A million tokens of thinking; as other output where none is given."""

    def of(self, tokens_in: int, tokens_out: int, cached: int = 0, reasoning: int = 0) -> float:
        """The cost of a call; `cached` are among the tokens in, and `reasoning` among those out."""
        cached_input = self.input if self.cached_input is None else self.cached_input
        thinking = self.output if self.reasoning is None else self.reasoning
        paid_in = (tokens_in - cached) * self.input + cached * cached_input
        return (paid_in + (tokens_out - reasoning) * self.output + reasoning * thinking) / 1e6
