"""What is given away with a record: one file that checks it alone. It imports nothing of ours and never will."""
