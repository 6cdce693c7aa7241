"""What a person sends and sees: a file for each subject."""
