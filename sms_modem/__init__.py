"""Y/N by SMS: what came in, what it meant, what was answered, and the modems that carry it.

Owns prompts and their codes, inbound and outbound SMS, and where a phone stands. Decides nothing itself:
a reply becomes a decision only through `approval_core.approvals.service`.
"""
