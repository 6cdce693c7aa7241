"""The SMS channel: prompts out, replies in, and the one question that matters: what does this reply decide?

Owns the inbound and outbound messages, the prompts with their codes and the modem daemon. Never decides an
approval itself: it hands verdict and evidence to the core, and never lets an unclear reply become a verdict.
"""
