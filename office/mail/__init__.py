"""Official mail inside the house. Never mixes with mail of the internet."""
