"""The routes, a file for each subject. A new one: a function here, a line in the gateway's permission table.

Every router bears the whole prefix `/api/v1` itself and is included flat: the permission table is looked up by it.
"""

from fastapi import APIRouter

from mobile_api.routes import (
    auditing,
    design,
    drafts,
    filing,
    flows,
    inbox,
    me,
    papers,
    requests,
    signing_in,
    standins,
    tasks,
    types,
    watching,
)

ROUTERS: tuple[APIRouter, ...] = tuple(
    one.router
    for one in (
        signing_in, me, inbox, types, filing, drafts, requests, papers, tasks, standins, flows, watching, design,
        auditing,
    )
)  # fmt: skip
