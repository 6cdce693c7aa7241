"""Two codecs written apart check each other, and both are held against PDUs from the literature."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_modem.transports import virtual_pdu
from sms_modem.transports.base import Concat, Inbound, StatusReport, joined
from sms_modem.transports.listing import read_fill, read_listing, read_memories, read_numbers
from sms_modem.transports.pdu import read_pdu
from sms_modem.transports.submit import Unsendable, concat_reference, submit_pdus

LEADER = "+8613912345678"
GSM7 = "".join(c for c in virtual_pdu.BASIC if c != "\x1b") + "^{}\\[~]|€"
HALVES = "".join(map(chr, range(0x10F000, 0x10F800)))  # private use, and taken: they stand for half an emoji
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=HALVES), max_size=300)
WHEN = datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=8)))


def _on_air(text: str, **options: int) -> list[virtual_pdu.Submit]:
    pdus = submit_pdus(LEADER, text, reference=200, report=True, valid_minutes=60, **options)
    assert all(len(pdu.hex) == 2 * pdu.tpdu_length + 2 for pdu in pdus)
    return [virtual_pdu.read_submit(bytes.fromhex(pdu.hex)[1:]) for pdu in pdus]


@given(st.one_of(ANY_TEXT, st.text(GSM7, max_size=600)))
def test_whatever_we_write_the_network_reads(text: str) -> None:
    parts = _on_air(text)
    assert virtual_pdu.whole("".join(part.units for part in parts)) == text
    assert {part.to for part in parts} == {LEADER}
    assert all(part.report and part.validity == 11 for part in parts)
    if len(parts) > 1:
        assert [part.piece for part in parts] == [
            virtual_pdu.Piece(200, len(parts), number) for number in range(1, len(parts) + 1)
        ]


@given(st.one_of(ANY_TEXT, st.text(GSM7, max_size=600)), st.sampled_from([8, 16]))
def test_whatever_the_network_writes_we_read(text: str, bits: int) -> None:
    gsm7, pieces = virtual_pdu.split(text)
    texts = []
    for number, units in enumerate(pieces, 1):
        piece = virtual_pdu.Piece(7, len(pieces), number, bits) if len(pieces) > 1 else None
        read = read_pdu(virtual_pdu.deliver(LEADER, units, WHEN, gsm7=gsm7, piece=piece), "SM", number)
        assert isinstance(read, Inbound)
        assert (read.sender, read.smsc_time, read.undecodable) == (LEADER, WHEN.astimezone(UTC), None)
        assert read.concat == (Concat(7, len(pieces), number, bits) if piece else None)  # type: ignore[arg-type]  # 8 or 16
        (read.text or "").encode()
        texts.append(read.text or "")
    assert joined(texts) == text


@pytest.mark.parametrize(
    "text", ["`", "ÿ", "§", "\f", "\x1b", "@", "@@@@@@@@", "1234567@", "a" * 159 + "€", "[" * 160]
)
def test_characters_that_the_library_mistakes_go_both_ways(text: str) -> None:
    assert virtual_pdu.whole("".join(part.units for part in _on_air(text))) == text
    gsm7, pieces = virtual_pdu.split(text)
    reads = [read_pdu(virtual_pdu.deliver(LEADER, units, WHEN, gsm7=gsm7)) for units in pieces]
    assert joined(read.text or "" for read in reads if isinstance(read, Inbound)) == text


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    read = read_pdu(data.hex())
    assert (
        read is None
        or isinstance(read, StatusReport)
        or (read.text is None) == (read.undecodable is not None)
    )


@given(st.text(max_size=50))
def test_no_line_makes_the_reader_raise(line: str) -> None:
    read_pdu(line)
    read_listing([line, "+CMGL: 1,0,,24", line, line])


@pytest.mark.parametrize(
    ("pdu", "sender", "text"),
    [
        (
            "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07",
            "+31641600986",
            "How are you?",
        ),
        (
            "0791448720003023240DD0E474D81C0EBB010000111011315214000BE474D81C0EBB5DE3771B",
            "diafaan",
            "diafaan.com",
        ),
    ],
)
def test_messages_from_the_literature_are_read(pdu: str, sender: str, text: str) -> None:
    read = read_pdu(pdu)
    assert isinstance(read, Inbound)
    assert (read.sender, read.text) == (sender, text)


def test_a_submit_from_the_literature_is_written() -> None:
    (pdu,) = submit_pdus("+46708251358", "hellohello", reference=0, report=False, valid_minutes=5760)
    assert pdu.hex == "0011000B916407281553F80000AA0AE8329BFD4697D9EC37"


@pytest.mark.parametrize(
    ("status", "state"),
    [(0, "delivered"), (2, "delivered"), (0x30, "pending"), (0x46, "failed"), (0x60, "failed")],
)
def test_a_status_report_says_which_message_and_how_it_stands(status: int, state: str) -> None:
    read = read_pdu(virtual_pdu.status_report(77, LEADER, WHEN, WHEN + timedelta(minutes=1), status))
    assert isinstance(read, StatusReport)
    assert (read.reference, read.recipient, read.state) == (77, LEADER, state)
    assert read.at == WHEN + timedelta(minutes=1)


@pytest.mark.parametrize("zone", [-12, -3.5, 0, 5.75, 8, 13])
def test_a_time_stamp_keeps_its_zone(zone: float) -> None:
    local = datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=zone)))
    read = read_pdu(virtual_pdu.deliver(LEADER, "Y", local, gsm7=True))
    assert isinstance(read, Inbound)
    assert read.smsc_time == local


def test_what_is_no_number_is_unsendable() -> None:
    for number in ("", "+", "abc", "13912345678x", "+86 139"):
        with pytest.raises(Unsendable, match="bad_number"):
            submit_pdus(number, "Y", reference=0, report=True, valid_minutes=None)


def test_the_concatenation_reference_is_the_same_at_every_attempt() -> None:
    assert concat_reference(12, LEADER) == concat_reference(12, LEADER)
    assert len({concat_reference(n, LEADER) for n in range(256)}) == 256


def test_a_listing_is_read_by_its_header_lines() -> None:
    deliver = virtual_pdu.deliver(LEADER, "Y", WHEN, gsm7=True)
    size = virtual_pdu.tpdu_length(deliver)
    lines = [
        f"+CMGL: 3,0,,{size}",
        deliver,
        f'+CMGL: 5,1,"Bob, 12",{size}',
        "noise",
        deliver,
        f"+CMGL:6,0,{size}",
        "12Z4",
        f"+CMGL: 8,0,,{size}",
    ]
    assert [(e.index, e.pdu, e.whole) for e in read_listing(lines)] == [
        (3, deliver, True),
        (5, deliver, True),
        (6, "12Z4", False),
    ]


def test_answers_about_the_memories_are_read_in_every_dress() -> None:
    assert read_memories(['+CPMS: ("SM","BM","SR"),("SM")']) == ["SM", "BM", "SR"]
    assert read_memories(['+CPMS: (("ME","MT","SM"),("ME"))']) == ["ME", "MT", "SM"]
    assert read_memories(['+CPMS: "SM"']) == ["SM"]
    assert read_memories(["+CPMS: (),(),()"]) == []
    assert read_fill(["+CPMS: 3,50,3,50,0,255"]) == (3, 50)
    assert read_fill(['+CPMS: "SM",7,20,"SM",7,20']) == (7, 20)
    assert read_fill([]) is None
    assert read_numbers(["+CSQ: 17, 99"]) == [17, 99]
