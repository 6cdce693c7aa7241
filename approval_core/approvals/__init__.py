"""Requests, steps, tasks and decisions: one decision, first one wins, provable afterwards.

Never talks to the world: it writes rows and events, others react.
"""
