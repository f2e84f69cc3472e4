"""The commands, a module each. They parse, call the library, and print what it returned."""
