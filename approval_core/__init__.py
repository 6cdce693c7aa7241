"""The store of the office: people, approvals, inbox, events and the proof of them.

Owns every table that says who decided what. Knows no channel (SMS, phone, web) and no HTTP.
"""
