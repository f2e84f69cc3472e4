"""Log-probabilities of answers with what their prompts share computed once: tokens, packs, masks, attention."""
