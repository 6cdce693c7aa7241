"""What a document may say and what follows from it; pure, without a database."""
