"""Filed matters, their borrowing and disposal. Never disposes without three decisions."""
