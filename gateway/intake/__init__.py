"""The systems API: other systems ask for approvals here and are called back.

Owns the system key's door, the idempotency rows and the callbacks. Never decides; never shows one system
what another one asked.
"""
