"""The doors for other systems, the `pishi` command, and the one place that knows everybody.

Owns settings, wiring, the process (web, worker, modem daemon) and the systems API. Decides nothing itself:
rules live in `approval_core`, the talk with phones in `sms_modem`.
"""
