"""The part of the person's API that stands on more than one channel: what a matter's SMS did, what waits to go out, and
receipts under the office's key. The rest of it is `mobile_api`.
"""
