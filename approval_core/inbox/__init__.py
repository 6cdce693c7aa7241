"""One list of to-do items per person, from all systems."""
