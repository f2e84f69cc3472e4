"""Who judges and checks writings: which of two a reader would rather have, how interesting one is, what it invents."""
