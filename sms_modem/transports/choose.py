"""From the device named in the settings to a transport.

`virtual` is our own modem (the caller starts it, so that the demo's handsets share its radio), `console` prints,
anything else is the path of a serial port: /dev/ttyUSB0, /dev/serial/by-id/… (the stable one), a pseudo-terminal.
Demo numbers are refused by every transport but our own virtual modem, unless they are expressly allowed.
"""

from __future__ import annotations

from approval_core.errors import Invalid
from sms_modem.transports.base import SmsTransport
from sms_modem.transports.console import ConsoleTransport
from sms_modem.transports.gsm import GsmTransport, Patience
from sms_modem.transports.virtual_modem import VirtualModem


def is_virtual(device: str) -> bool:
    return device == "virtual" or device.startswith("virtual:")


def transport_for(
    device: str,
    *,
    name: str | None = None,
    modem: VirtualModem | None = None,
    pin: str | None = None,
    baudrate: int = 115200,
    flow_control: bool = False,
    own_number: str | None = None,
    demo_prefix: str | None = None,
    allow_demo_numbers: bool = False,
    stored_reports: bool = False,
    patience: Patience | None = None,
) -> SmsTransport:
    """`modem` is our own, started already; needed for `virtual` and for nothing else. Not opened yet."""
    if device == "console":
        return ConsoleTransport(
            name or device, demo_prefix=demo_prefix, allows_demo_numbers=allow_demo_numbers
        )
    if is_virtual(device):
        if modem is None:
            raise Invalid("virtual_modem_missing", "the virtual modem must be started before its transport")
        path = modem.port
    else:
        path = device
    return GsmTransport(
        path,
        name=name or device,
        pin=pin,
        baudrate=baudrate,
        flow_control=flow_control,
        own_number=own_number,
        demo_prefix=demo_prefix,
        allows_demo_numbers=allow_demo_numbers or is_virtual(device),
        stored_reports=stored_reports,
        patience=patience,
    )
