"""Pure functions of the SMS channel: no database, no clock, no network.

reply, words, quotes   what a text says: `parse_reply(text) -> Reply`
numbers, parts, codes  whose phone, which message, which item
situation, steps, plan what that means for this phone now: `plan(reply, situation) -> tuple[Step, ...]`
outcomes               the 28 outcomes of an inbound SMS and the limits of answering
wording, templates     what we say, in one SMS
"""
