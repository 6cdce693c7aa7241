"""How long decisions take, where they wait, what comes back: figures over what is on record, read only.

It owns no table and keeps no figure; every number can be counted again. It measures matters, never how often somebody
looks at a screen.
"""
