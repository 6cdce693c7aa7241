"""The ways an SMS goes out and comes in: a GSM modem, its virtual twin, the console.

Owns the talk with the device and nothing else: it never touches the database, never decides what a text
means, and deletes a message from a SIM only when told that it has been committed.
"""
