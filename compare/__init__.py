"""What readers would rather have: figures of writings set side by side, from records alone, and their report."""
