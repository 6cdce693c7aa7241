"""Who is to be told what. Knows paths only as opaque words; the senders of a path report back."""
