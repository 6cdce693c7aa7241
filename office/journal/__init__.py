"""The staff journal. Never publishes an issue by itself."""
