"""Org units, posts, persons, delegations, absences and bound phones; who may decide.

Never decides anything itself and never sends anything.
"""
