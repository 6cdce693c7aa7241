"""Classes and enrolments. Never keeps a place without an answer."""
