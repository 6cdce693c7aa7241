"""The person's door, phone and PC alike: routes of `/api/v1`, what they take and what they show.

Decides nothing itself: every change is one call of a service of the core. Who may come in at all stands in the
permission table of the gateway; whom a request concerns is one function, `queries.sight_of`.
"""
