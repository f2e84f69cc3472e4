"""Questions that can wait, asked through OpenAI's Batch API at half the price."""
