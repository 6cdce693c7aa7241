"""The handset page: pick a leader's phone, play another system, see the SMS, answer it, read the proof.

Owns no table and decides nothing: it submits through the systems API with a key of its own, and answers through the
virtual modem like any phone. Absent outside the demo.
"""
