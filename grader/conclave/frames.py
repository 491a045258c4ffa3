"""The bytes between nodes, written from docs/protocol.md and from nothing else.

Frames are read here to be judged, and made here by tests that play a peer.

    frame = Frame.decode(data)          # data holds whole frames
    frame.msg["term"]                   # fields of a known method
    encode_request(Method.ECHO, body=b"hi", budget_ms=100)
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

MAGIC = 0xC5
HEAD_BYTES = 16                # length, magic, type, method, call id
MIN_LENGTH = 12                # the smallest legal length field
MAX_LENGTH = 1_048_576 + 12    # the largest
PREFACE = struct.Struct("<8sQIIQ")
PREFACE_MAGIC = b"CNCLAVE1"
_HEAD = struct.Struct("<IBBHQ")

TYPES = {1: "REQUEST", 2: "REPLY", 3: "CANCEL", 4: "PING", 5: "PONG"}
TYPE_NUMBERS = {name: number for number, name in TYPES.items()}


class Method(enum.IntEnum):
    """Method numbers."""

    REQUEST_VOTE = 1
    APPEND_ENTRIES = 2
    INSTALL_SNAPSHOT = 3
    HEALTH = 16
    ECHO = 32
    ADD = 33
    SLEEP = 34
    FAIL = 35
    HOLD = 36


METHOD_NAMES = {
    1: "RequestVote", 2: "AppendEntries", 3: "InstallSnapshot", 16: "health",
    32: "echo", 33: "add", 34: "sleep", 35: "fail", 36: "hold",
}

OUTCOMES = {
    0: "OK", -1: "RPC_TIMEOUT", -2: "RPC_UNREACHABLE", -3: "RPC_CANCELLED",
    -4: "RPC_NO_METHOD", -5: "RPC_REFUSED", -6: "RPC_FAILED",
}

# Fields of each body: u8, u32, u64, bool, "rest" (all that follows), "span"
# (u32 length, then bytes), "entries" (u32 count, then term u64 and span each).
Fields = Sequence[Tuple[str, str]]
REQUEST_FIELDS: Dict[int, Fields] = {
    1: [("term", "u64"), ("candidate", "u32"), ("last_log_index", "u64"),
        ("last_log_term", "u64")],
    2: [("term", "u64"), ("leader", "u32"), ("prev_log_index", "u64"),
        ("prev_log_term", "u64"), ("leader_commit", "u64"),
        ("entries", "entries")],
    3: [("term", "u64"), ("leader", "u32"), ("last_included_index", "u64"),
        ("last_included_term", "u64"), ("offset", "u64"), ("done", "bool"),
        ("data", "span")],
    16: [],
    32: [("body", "rest")],
    33: [("amount", "u64")],
    34: [("delay_ms", "u32")],
    35: [("body", "rest")],
    36: [("delay_ms", "u32")],
}
REPLY_FIELDS: Dict[int, Fields] = {
    1: [("term", "u64"), ("granted", "bool")],
    2: [("term", "u64"), ("success", "bool"), ("match_index", "u64"),
        ("conflict_index", "u64"), ("conflict_term", "u64")],
    3: [("term", "u64"), ("next_offset", "u64")],
    16: [("status", "u8")],
    32: [("body", "rest")],
    33: [("previous", "u64")],
    34: [("elapsed_ms", "u32")],
    35: [("body", "rest")],
    36: [("elapsed_ms", "u32")],
}
_OTHER: Fields = [("body", "rest")]  # of a method we do not know
_NUMBERS = {"u8": struct.Struct("<B"), "bool": struct.Struct("<B"),
            "u32": struct.Struct("<I"), "u64": struct.Struct("<Q"),
            "i32": struct.Struct("<i")}
_REQUEST_HEAD: Fields = [("budget_ms", "u32"), ("client", "u64"),
                         ("sequence", "u64")]


class BadBytes(ValueError):
    """Bytes that are not what the protocol says."""


class _Reader:
    """Takes fields off the front of some bytes."""

    def __init__(self, data: bytes):
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise BadBytes("the message ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, kind: str) -> int:
        codec = _NUMBERS[kind]
        value = codec.unpack(self.take(codec.size))[0]
        if kind == "bool" and value > 1:
            raise BadBytes(f"a boolean is {value}")
        return value

    def value(self, kind: str) -> Any:
        if kind == "rest":
            return self.take(len(self.data) - self.at)
        if kind == "span":
            return self.take(self.number("u32"))
        if kind == "entries":
            count = self.number("u32")
            if count > (len(self.data) - self.at) // 12:
                raise BadBytes("more entries are announced than can follow")
            return [(self.number("u64"), self.value("span"))
                    for _ in range(count)]
        number = self.number(kind)
        return bool(number) if kind == "bool" else number

    def fields(self, fields: Fields) -> Dict[str, Any]:
        return {name: self.value(kind) for name, kind in fields}


def _put(kind: str, value: Any) -> bytes:
    """One field's bytes."""
    if kind == "rest":
        return bytes(value)
    if kind == "span":
        return _put("u32", len(value)) + bytes(value)
    if kind == "entries":
        parts = [_put("u32", len(value))]
        for term, data in value:
            parts += [_put("u64", term), _put("span", data)]
        return b"".join(parts)
    return _NUMBERS[kind].pack(int(value))


def _put_fields(fields: Fields, values: Dict[str, Any]) -> bytes:
    """All fields of a body; those not given are 0 or empty."""
    unknown = set(values) - {name for name, _ in fields}
    if unknown:
        raise TypeError(f"no such field: {', '.join(sorted(unknown))}")
    empty = {"rest": b"", "span": b"", "entries": []}
    return b"".join(_put(kind, values.get(name, empty.get(kind, 0)))
                    for name, kind in fields)


def encode_request(method: int, budget_ms: int = 5000, client: int = 0,
                   sequence: int = 0, **fields: Any) -> bytes:
    """The payload of a REQUEST: encode_request(Method.ECHO, body=b"hi")."""
    head = {"budget_ms": budget_ms, "client": client, "sequence": sequence}
    return (_put_fields(_REQUEST_HEAD, head)
            + _put_fields(REQUEST_FIELDS.get(method, _OTHER), fields))


def encode_reply(method: int, outcome: int = 0, text: str = "",
                 **fields: Any) -> bytes:
    """The payload of a REPLY; text is for outcomes other than 0."""
    head = _put("i32", outcome)
    if outcome != 0:
        return head + text.encode()
    return head + _put_fields(REPLY_FIELDS.get(method, _OTHER), fields)


def encode_frame(kind: Union[str, int], method: int = 0, call_id: int = 0,
                 payload: bytes = b"") -> bytes:
    """A whole frame; kind is a name ("REQUEST") or a number, legal or not."""
    number = TYPE_NUMBERS[kind] if isinstance(kind, str) else kind
    return _HEAD.pack(len(payload) + MIN_LENGTH, MAGIC, number, method,
                      call_id) + payload


def encode_preface(cluster: int, frm: int, to: int, incarnation: int) -> bytes:
    """What the dialler sends first."""
    return PREFACE.pack(PREFACE_MAGIC, cluster, frm, to, incarnation)


def decode_preface(data: bytes) -> Tuple[int, int, int, int]:
    """(cluster, from, to, incarnation) of 32 bytes."""
    magic, cluster, frm, to, incarnation = PREFACE.unpack(data)
    if magic != PREFACE_MAGIC:
        raise BadBytes("a stream begins without Conclave's preface")
    return cluster, frm, to, incarnation


@dataclass
class Frame:
    """One frame, and what became of it on its way."""

    type: str                     # "REQUEST", "REPLY", "CANCEL", "PING", "PONG"
    method: int                   # see Method
    call_id: int                  # chosen by the caller
    payload: bytes                # all after the head
    n: int = 0                    # its number in the record
    time_us: int = 0              # when the proxy read it
    frm: int = -1                 # who sent it
    to: int = -1                  # to whom
    stream: int = 0               # the proxy's number of the stream
    dialler: int = -1             # who dialled the stream
    size: int = 0                 # bytes of the payload, recorded or not
    delivered_us: List[int] = field(default_factory=list)  # each delivery
    lost: Optional[str] = None    # why it was lost, if it was
    _msg: Any = field(default=None, repr=False, compare=False)

    @property
    def msg(self) -> Optional[Dict[str, Any]]:
        """The decoded payload of a REQUEST or REPLY; None if it does not.

        A request has budget_ms, client, sequence and the body's fields; a reply
        has outcome and the body's fields, or outcome and text.
        """
        if self._msg is None:
            try:
                self._msg = decode_payload(self.type, self.method, self.payload)
            except (BadBytes, UnicodeDecodeError):
                self._msg = False
        return self._msg or None


def decode_payload(kind: str, method: int, payload: bytes) -> Dict[str, Any]:
    """The fields of a REQUEST or REPLY; {} for other types. BadBytes."""
    reader = _Reader(payload)
    if kind == "REQUEST":
        msg = reader.fields(_REQUEST_HEAD)
        msg.update(reader.fields(REQUEST_FIELDS.get(method, _OTHER)))
    elif kind == "REPLY":
        msg = {"outcome": reader.number("i32")}
        if msg["outcome"] != 0:
            msg["text"] = reader.value("rest").decode()
        else:
            msg.update(reader.fields(REPLY_FIELDS.get(method, _OTHER)))
    else:
        return {}
    if reader.at != len(payload):
        raise BadBytes("bytes follow the end of the message")
    return msg


def take_frame(data: bytes) -> Tuple[Optional[Frame], int]:
    """(frame, bytes it took) off the front; (None, 0): not whole yet."""
    if len(data) < 4:
        return None, 0
    length = int.from_bytes(data[:4], "little")
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        raise BadBytes(f"a frame's length is {length}")
    if len(data) >= 6:
        if data[4] != MAGIC:
            raise BadBytes(f"a frame's magic byte is 0x{data[4]:02x}")
        if data[5] not in TYPES:
            raise BadBytes(f"a frame's type is {data[5]}")
    if len(data) < 4 + length:
        return None, 0
    _, _, kind, method, call_id = _HEAD.unpack_from(data)
    payload = bytes(data[HEAD_BYTES:4 + length])
    return Frame(TYPES[kind], method, call_id, payload,
                 size=len(payload)), 4 + length
