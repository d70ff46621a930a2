"""Tar entries and zstd frames, byte by byte: what no tool would write can be written."""

import struct

import zstandard

BLOCK = 512
END = bytes(2 * BLOCK)
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def header(name: bytes, size: int | bytes = 0, kind: bytes = b"0", link: bytes = b"", checksum: bytes = b"") -> bytes:
    """A ustar header; `size` and `checksum` may be the field's own bytes."""
    field = size if isinstance(size, bytes) else b"%011o\0" % size
    assert len(name) <= 100 and len(field) == 12 and len(link) <= 100
    block = bytearray(BLOCK)
    put = lambda at, what: block.__setitem__(slice(at, at + len(what)), what)
    put(0, name)
    put(100, b"0000600\0")
    put(108, b"0000000\0" * 2)
    put(124, field)
    put(136, b"00000000000\0")
    put(156, kind)
    put(157, link)
    put(257, b"ustar\x0000")
    put(329, b"0000000\0" * 2)
    put(148, b" " * 8)
    put(148, checksum or b"%06o\0 " % sum(block))
    return bytes(block)


def file(name: bytes | str, content: bytes = b"x", **more) -> bytes:
    """One entry; a `size` says another length than it has."""
    name = name.encode() if isinstance(name, str) else name
    size = more.pop("size", len(content))
    if len(name) > 100:
        return pax(record("path", name)) + file(b"long", content, size=size, **more)
    return header(name, size, **more) + content + bytes(-len(content) % BLOCK)


def record(key: str, value: bytes | str) -> bytes:
    """`LENGTH KEY=VALUE`, the length that of all of it."""
    value = value.encode() if isinstance(value, str) else value
    rest = b" " + key.encode() + b"=" + value + b"\n"
    length = len(rest)
    while length != len(str(length)) + len(rest):
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def pax(*records: bytes, kind: bytes = b"x", **more) -> bytes:
    return file(b"pax", b"".join(records), kind=kind, **more)


def base256(value: int) -> bytes:
    """A size as GNU writes what octal has no room for; below zero, too."""
    return (value % (1 << 96) | 1 << 95).to_bytes(12, "big")


def many(count: int) -> bytes:
    """So many empty files. The checksum is counted on: hashing each would take long."""
    start = header(b"session/0000000", 0)
    base = int(start[148:154], 8)
    digit_sum = lambda text: sum(text) - 7 * ord("0")
    blocks = []
    for number in range(count):
        name = b"%07d" % number
        blocks.append(start[:8] + name + start[15:148] + b"%06o" % (base + digit_sum(name)) + start[154:])
    return b"".join(blocks)


# --- zstd ---------------------------------------------------------------------


def squeezed(plain: bytes, level: int = 3, checksum: bool = True, size: bool = False) -> bytes:
    """One frame, as ours: with a checksum, without the size."""
    squeezer = zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=size)
    return squeezer.compress(plain)


def by_hand(blocks: list[bytes], window: int = 0x70, more: bytes = b"", flags: int = 0) -> bytes:
    """A frame with this descriptor of its window (0x70: 16 MB) and these blocks."""
    return ZSTD_MAGIC + bytes([flags, window]) + more + b"".join(blocks)


def block(kind: int, size: int, content: bytes, last: bool) -> bytes:
    """Kind 0: as it stands; 1: one byte, `size` times; 3 is no kind."""
    return struct.pack("<I", size << 3 | kind << 1 | last)[:3] + content


def as_it_stands(plain: bytes, last: bool = True) -> list[bytes]:
    parts = [plain[at : at + 100_000] for at in range(0, len(plain), 100_000)]
    return [block(0, len(part), part, last and at == len(parts) - 1) for at, part in enumerate(parts)]


def skippable(content: bytes, size: int | None = None) -> bytes:
    return struct.pack("<II", 0x184D2A50, len(content) if size is None else size) + content
