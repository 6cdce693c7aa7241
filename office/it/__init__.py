"""Accounts, devices and changes of systems. Never grants a right by itself."""
