"""Plays the office on a clock of its own: people file, decide, are away, change posts and leave, hour by hour.

It drives the real services, timers and reactions over a store made for it, and judges what came of it. It sends nothing
and never touches an office that has people already.
"""

from gateway.simulation.judging import Figures
from gateway.simulation.year import Plan, simulate

__all__ = ["Figures", "Plan", "simulate"]
