"""When somebody is reminded, and when the office is told: pure."""
