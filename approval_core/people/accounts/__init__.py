"""Passwords and sessions: how a person proves who he is, and for how long that holds.

Owns credentials, counted failures and sessions. Never sees a password in the store's work: the rim hashes and compares
(slow on purpose), the work only looks whether what was compared still stands, and writes. Knows no cookie.
"""
