"""How many calls a server gets at a time, and when: as many as it bears, and after a refusal fewer from everybody."""
