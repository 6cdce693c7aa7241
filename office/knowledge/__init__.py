"""Published knowledge and notices. Never shows what a reader may not read."""
