"""What the demo adds to the running office: the air with its handsets, and the asking system."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.demo.asking import AskingSystem
from sms_modem.transports.virtual_radio import Handset, VirtualRadio


@dataclass(frozen=True, slots=True)
class Stage:
    """`radio` is None where the process drives no virtual modem: then there are no handsets to play with."""

    asking: AskingSystem
    radio: VirtualRadio | None

    def handset(self, number: str) -> Handset | None:
        return self.radio.handset(number) if self.radio is not None else None
