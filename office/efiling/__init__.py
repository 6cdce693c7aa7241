"""E-filing batches and their approval. Never shows taxpayers in an SMS."""
