"""Pure rules: which types, which names, what a file must look like inside. No database, no disk, no network."""
