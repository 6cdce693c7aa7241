"""To-dos of other systems. Never decides for their source."""
