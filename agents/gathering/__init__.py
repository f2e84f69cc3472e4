"""Seeds that readers bring: views gathered by nearness, named, criticised, placed, and kept where they divide."""
