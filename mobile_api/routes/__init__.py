"""The routes, a file for each subject. A new one: a function here, a line in the gateway's permission table.

Every router bears the whole prefix `/api/v1` itself and is included flat: the permission table is looked up by it.
"""

from fastapi import APIRouter

from mobile_api.routes import inbox, me, requests, signing_in

ROUTERS: tuple[APIRouter, ...] = (signing_in.router, me.router, inbox.router, requests.router)
