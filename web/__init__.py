"""Everything HTTP that is not one module's: problems, request ids, the dependencies that routes share.

Owns the only table from errors to HTTP status. Never touches a table, never knows a route.
"""
