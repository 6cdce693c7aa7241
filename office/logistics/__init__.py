"""Vehicles, rooms, supplies and repairs. Never books twice."""
