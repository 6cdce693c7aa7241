"""Self-service of personnel matters. Never the master of these data: that is the personnel system."""
