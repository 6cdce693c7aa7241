"""What an error of the modem means for a message (3GPP TS 24.011, 23.040 and 27.005).

Three readings: permanent (this text to this number will never go), temporary, and of the line (nothing can go
over this modem now). Every one of them means "certainly not sent", but 332: the network's answer was lost.
"""

from __future__ import annotations

from sms_modem.transports.base import Failed, PartSent

ANSWER_LOST = 332

_PERMANENT = {
    1: "unknown_number",
    8: "barred",
    10: "barred",
    21: "rejected",
    28: "unknown_number",
    29: "rejected",
    30: "unknown_number",
    50: "barred",
    69: "rejected",
    95: "rejected",
    96: "rejected",
    97: "rejected",
    98: "rejected",
    99: "rejected",
    128: "rejected",
    144: "rejected",
    145: "rejected",
    160: "rejected",
    161: "rejected",
    175: "rejected",
    176: "rejected",
    193: "barred",
    195: "bad_number",
    196: "barred",
    197: "duplicate",
    303: "rejected",
    304: "rejected",
}
_LINE = {
    38: "network_lost",
    194: "network_lost",
    300: "modem_error",
    301: "modem_error",
    310: "sim_missing",
    311: "sim_locked",
    312: "sim_locked",
    313: "sim_missing",
    314: "sim_busy",
    315: "sim_missing",
    316: "sim_locked",
    317: "sim_locked",
    318: "sim_locked",
    330: "no_service_centre",
    331: "network_lost",
    512: "sim_busy",
    515: "sim_busy",
}
_TEMPORARY = {
    22: "temporary",
    27: "temporary",
    41: "temporary",
    42: "congestion",
    47: "congestion",
    192: "congestion",
}
_TEMPORARY |= {208: "sim_full", 322: "sim_full", 500: "modem_error"}
_CME_LINE = {
    10: "sim_missing",
    11: "sim_locked",
    12: "sim_locked",
    13: "sim_missing",
    14: "sim_busy",
    15: "sim_missing",
}
_CME_LINE |= {16: "sim_locked", 30: "network_lost", 31: "network_lost", 32: "network_lost", 515: "sim_busy"}


def failure(kind: str, code: int | None, parts: tuple[PartSent, ...]) -> Failed:
    """`kind` is "CMS", "CME" or "" for a bare ERROR; a code nobody knows is temporary."""
    if code is None or not kind:
        return Failed(False, "modem_error", parts)
    if kind == "CME":
        reason = _CME_LINE.get(code)
        return Failed(False, reason or "modem_error", parts, code, line=reason is not None)
    if code in _PERMANENT:
        return Failed(True, _PERMANENT[code], parts, code)
    if code in _LINE:
        return Failed(False, _LINE[code], parts, code, line=True)
    return Failed(False, _TEMPORARY.get(code, "temporary" if code < 300 else "modem_error"), parts, code)
