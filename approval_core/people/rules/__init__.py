"""What the office's people obey, as functions of values: fields, heads, delegations. No database."""
