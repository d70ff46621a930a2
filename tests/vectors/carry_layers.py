"""Hostile sealed files: the file as a whole, age, zstd."""

import gzip
import struct

from primitives import age_chunks, age_header, age_seal, age_stanza, b64, sha256
from tarball import END, as_it_stands, block, by_hand, file, header, many, skippable, squeezed

LENGTH, CONTENT, KEY = "its length differs", "its content differs", "its key does not open it"
DAMAGED, BEHIND, FAR_MORE = "damaged inside", "behind its end", "far more than was said"
EARLY = "ends too early"
CUT = 4096


def make(m) -> None:
    taken(m)
    whole(m)
    age(m)
    age_payload(m)
    zstd(m)
    bombs(m)


def plain(m, more: bytes = b"") -> bytes:
    return m.begun() + more + END


def long(m) -> bytes:
    """A tar that stays longer than some cuts."""
    return plain(m, file("session/noise", m.noise(5 * CUT)))


def taken(m) -> None:
    """Odd, and what it should be all the same."""
    m.holds("plain", None, file("session/subagents/agent-1.jsonl"), file("plans/calm-otter.md"))
    m.aged("no checksum: age has one", None, squeezed(plain(m), checksum=False))
    m.aged("its size is said", None, squeezed(plain(m), size=True))
    m.aged("blocks as they stand", None, by_hand(as_it_stands(plain(m))))
    m.packed("zeros behind the end, as tar pads", None, plain(m) + bytes(8192))
    m.holds("a long name", None, file("session/" + "d" * 150 + "/" + "n" * 100))
    lock = m.lock("stanzas that nobody knows")
    m.sealed("stanzas that nobody knows", None, age_seal(lock, squeezed(plain(m)), "grease", 4000))


def whole(m) -> None:
    honest = lambda name: age_seal(m.lock(name), squeezed(long(m)), name)

    def lie(name, says, change, **claim):
        m.sealed(name, says, change(honest(name)), claims=honest(name), **claim)

    lie("a bit differs", CONTENT, lambda file: file[:300] + bytes([file[300] ^ 1]) + file[301:])
    lie("another hash", CONTENT, lambda file: file, hash=b64(sha256(b"another")[:16]).replace("+", "-").replace("/", "_"))
    lie("shorter than claimed", LENGTH, lambda file: file[:-1])
    lie("bytes behind the end", LENGTH, lambda file: file + b"x")
    lie("no byte of it", LENGTH, lambda file: b"")
    lie("claims no bytes", LENGTH, lambda file: file, bytes=0)
    lie("claims 2^63 bytes", LENGTH, lambda file: file, bytes=2**63)
    for at in range(CUT, len(honest("")), CUT):
        lie(f"cut at {at}", LENGTH, lambda file: file[:at])
    m.sealed("empty, and said so", KEY, b"")


def age(m) -> None:
    frame = squeezed(plain(m))

    def sealed(name, stanzas, header=age_header, **claim):
        file_key = sha256(name.encode())[:16]
        start = header(file_key, stanzas(m.lock(name), file_key))
        m.sealed(name, KEY, start + bytes(16) + b"".join(age_chunks(file_key, bytes(16), frame)), **claim)

    mine = lambda lock, key: age_stanza(lock, key, bytes(range(32)))
    scrypt = lambda lock, key: f"-> scrypt {b64(bytes(16))} 10\n{b64(bytes(32))}\n"
    sealed("to another key", lambda lock, key: mine(sha256(lock), key))
    sealed("to a passphrase", scrypt)
    sealed("to a passphrase and the key", lambda lock, key: scrypt(lock, key) + mine(lock, key))
    sealed("to nobody", lambda lock, key: "")
    sealed("to stanzas that nobody knows", lambda lock, key: "-> joint oil\n\n")
    sealed("a share of small order", lambda lock, key: f"-> X25519 {b64(bytes(32))}\n{b64(bytes(32))}\n")
    sealed("another file key in the stanza", lambda lock, key: mine(lock, bytes(16)))
    sealed("a stanza more than was signed", mine,
           lambda key, text: age_header(key, text).replace(b"\n---", b"\n-> joint oil\n\n---", 1))
    sealed("another version of age", mine, lambda key, text: age_header(key, text).replace(b"/v1", b"/v2", 1))
    sealed("lines that end as on Windows", mine, lambda key, text: age_header(key, text).replace(b"\n", b"\r\n"))
    # A reader that looks from the beginning after each line looks for ever.
    sealed("300,000 stanzas", lambda lock, key: "-> x\n\n" * 300_000 + mine(lock, key))
    m.sealed("a header that never ends", KEY, b"age-encryption.org/v1\n-> " + b"x" * 3_000_000)
    m.sealed("not sealed", KEY, frame)
    m.sealed("neither sealed nor packed", KEY, plain(m))
    armor = "\n".join(b64(frame)[at : at + 64] for at in range(0, 640, 64))
    m.sealed("in letters", KEY, f"-----BEGIN AGE ENCRYPTED FILE-----\n{armor}\n-----END AGE ENCRYPTED FILE-----\n".encode())


def age_payload(m) -> None:
    # So long that its chunks are three.
    frame = squeezed(plain(m, file("session/noise", m.noise(150_000))))

    def chunks(name, says, change, content=frame):
        key = sha256(name.encode())[:16]
        start = age_header(key, age_stanza(m.lock(name), key, bytes(range(32)))) + bytes(16)
        m.sealed(name, says, start + b"".join(change(age_chunks(key, bytes(16), content), key)))

    chunks("no last chunk", DAMAGED, lambda all, key: all[:-1])
    chunks("half a chunk", DAMAGED, lambda all, key: all[:-1] + [all[-1][:100]])
    chunks("a chunk that was changed", DAMAGED, lambda all, key: [all[0], b"x" + all[1][1:], all[2]])
    chunks("chunks in another order", DAMAGED, lambda all, key: [all[1], all[0], all[2]])
    chunks("a chunk twice", DAMAGED, lambda all, key: [all[0], all[0], all[1], all[2]])
    chunks("bytes behind the last chunk", DAMAGED, lambda all, key: all + [b"x" * 40])
    chunks("no chunk at all", DAMAGED, lambda all, key: [])
    chunks("half a nonce", KEY, lambda all, key: [], b"")
    # Cut: what was made here ends behind the header.
    row = m.rows[-1]
    short = open(row["file"], "rb").read()[:-8]
    m.rows.pop()
    m.sealed(row["name"], KEY, short)
    # An age file in the place of the frame.
    m.aged("sealed twice", DAMAGED, age_seal(m.lock("sealed twice"), frame, "inner"))


def zstd(m) -> None:
    tar = plain(m)
    frame = squeezed(tar)
    m.aged("not packed", DAMAGED, tar)
    m.aged("packed by gzip", DAMAGED, gzip.compress(tar, mtime=0))
    m.aged("nothing packed", DAMAGED, b"")
    m.aged("a frame of nothing", EARLY, squeezed(b""))
    m.aged("a wrong checksum", DAMAGED, frame[:-1] + bytes([frame[-1] ^ 1]))
    m.aged("a checksum that is cut", DAMAGED, frame[:-2])
    sized = lambda size: by_hand(as_it_stands(tar), more=struct.pack("<I", size), flags=0x80)
    m.aged("more than its size says", DAMAGED, sized(len(tar) - 512))
    m.aged("less than its size says", DAMAGED, sized(len(tar) + 512))
    m.aged("a size of 2^63", DAMAGED, by_hand(as_it_stands(tar), more=struct.pack("<Q", 2**63), flags=0xC0))
    m.aged("needs a dictionary", DAMAGED, by_hand(as_it_stands(tar), more=b"\7\0\0\0", flags=0x03))
    m.aged("a window of 256 MB", DAMAGED, by_hand(as_it_stands(tar), window=18 << 3))
    m.aged("the largest window of all", DAMAGED, by_hand(as_it_stands(tar), window=0xFF))
    m.aged("a reserved bit", DAMAGED, by_hand(as_it_stands(tar), flags=0x08))
    m.aged("a kind of block that is none", DAMAGED, by_hand(as_it_stands(tar, last=False) + [block(3, 1, b"x", True)]))
    m.aged("a block larger than any", DAMAGED, by_hand([block(0, 2**20, bytes(2**20), True)]))
    m.aged("no last block", DAMAGED, by_hand(as_it_stands(tar, last=False)))
    m.aged("a frame behind the frame", BEHIND, frame + squeezed(b"more"))
    m.aged("the tar in two frames", BEHIND, squeezed(tar[:1536]) + squeezed(tar[1536:]))
    m.aged("a skippable frame before it", BEHIND, skippable(b"hello") + frame)
    m.aged("a skippable frame behind it", BEHIND, frame + skippable(b"hello"))
    m.aged("a skippable frame of 4 GB", DAMAGED, skippable(b"hello", 2**32 - 1))
    m.aged("bytes behind the frame", BEHIND, frame + b"x")
    m.aged("a megabyte behind the frame", BEHIND, frame + m.noise(2**20))
    whole = squeezed(long(m))
    for at in range(CUT, len(whole), CUT):
        m.aged(f"a frame cut at {at}", DAMAGED, whole[:at])


def bombs(m) -> None:
    megabyte = 2**20
    zeros = lambda name, count: m.begun() + header(name, count * megabyte) + bytes(count * megabyte)
    m.packed("a bomb", FAR_MORE, zeros(b"session/bomb", 200) + END)
    m.packed("a bomb where nobody looks", FAR_MORE, zeros(b"memory/bomb", 200) + END)
    m.packed("a bomb of a manifest", "what it is", header(b"manifest.json", 80 * megabyte) + bytes(80 * megabyte))
    m.packed("a bomb behind the end", BEHIND, plain(m) + bytes(80 * megabyte))
    # 2 GB of one letter in 65 KB.
    run = [block(1, 2**17, b"a", False)] * 2**14
    start = as_it_stands(m.begun() + header(b"session/bomb", 2**31), last=False)
    m.aged("a bomb of runs", FAR_MORE, by_hand(start + run + [block(1, 1, b"a", True)]))
    m.aged("a bomb of frames", BEHIND, squeezed(m.begun() + header(b"session/bomb", 2**31)) + squeezed(bytes(megabyte)) * 100)
    deep = b"".join(file(f"session/{number}/" + "d/" * 6 + "x", b"") for number in range(8000))
    m.packed("folders in folders", "too many", m.begun() + deep + END)
    m.packed("a million files", "too many", m.begun() + many(1_000_000) + END)
