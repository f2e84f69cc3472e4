"""What one agent does: prompt in, checked answer out."""
