"""Other systems that call us: their keys, scopes, callback prefixes and signing secrets."""
