"""Enquiries of taxpayers and their published answers. Never publishes without a decision."""
