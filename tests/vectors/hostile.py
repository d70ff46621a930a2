"""What a reader must not believe, each with its verdict.

Every item is well formed but for the one thing its `why` names, so a reader
that skips one check fails on one item.
"""

import json

from primitives import P, age_seal, dns, ed_public, ed_sign, sha256, z32

# What a reader that expects the mailbox's creator says of an item at that address.
OPENS = "opens"
NEWER = "newer"  # "made by a newer cclink", never overwritten
ABSENT = "absent"  # as if nothing lay there, but its sequence counts
NO_ITEM = "no item"  # not even its sequence counts
CLOCK = "clock"  # valid, but this machine's clock is behind or the sender's ahead

SSH_REFUSED = ["dana@desk:0", "dana@desk:00", "dana@desk:65536", "desk:99999999999999999999", "dana@[fe80::1]:0",
               "dana@:22", ":22", "a:b@desk:0", "-o@desk:22", "dana@-desk:22"]
SSH_TAKEN = ["dana@desk:1", "desk:65535", "dana@[fe80::1]:22", "dana@fe80::0", "a:b@desk:22"]


def weak_keys() -> list[dict]:
    """The points of small order (a signature of them proves nothing, an exchange
    with them gives zero), and what is no point at all."""
    eight = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
    also = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    flip = lambda k: k[:31] + bytes([k[31] ^ 0x80])
    keys = [
        ("order 1", b"\1" + bytes(31)),
        ("order 2", (P - 1).to_bytes(32, "little")),
        ("order 4", bytes(32)),
        ("order 4, other sign", flip(bytes(32))),
        ("order 8", eight),
        ("order 8, other sign", flip(eight)),
        ("order 8, second", also),
        ("order 8, second, other sign", flip(also)),
        ("not on the curve", b"\2" + bytes(31)),
    ]
    return [{"why": why, "pk": pk, "z32": z32(pk)} for why, pk in keys]


def links(pk: bytes) -> list[dict]:
    """Texts that are no link; `part` is what a reader should name as wrong."""
    me = z32(pk)
    token = "wno4fe7rwsukq"
    alias = lambda text: text[:-1] + chr_after(text[-1])
    rows = [
        ("key", f"pk:{me[:-1]}/cclink/d{token}", "key one character short"),
        ("key", f"pk:{me}y/cclink/d{token}", "key one character long"),
        ("key", f"pk:{alias(me)}/cclink/d{token}", "key with bits set behind its end: encodes to another text"),
        ("key", f"pk:{me.replace('y', 'l', 1)}/cclink/d{token}", "l is not in the alphabet"),
        ("key", f"pk:{z32(bytes(32))}/cclink/d{token}", "key of small order"),
        ("form", f"p{chr(0x212A)}:{me}/cclink/d{token}", "U+212A lower-cases to k in Unicode only"),
        ("form", f"pk:{me}/cclink/d{token.replace('k', chr(0x212A))}", "U+212A lower-cases to k in Unicode only"),
        ("token", f"pk:{me}/cclink/d{token[:-1]}", "token one character short"),
        ("token", f"pk:{me}/cclink/d{token}y", "token one character long"),
        ("token", f"pk:{me}/cclink/d{alias(token)}", "token with bits set behind its end"),
        ("token", f"pk:{me}/cclink/d", "no token"),
        ("token", f"pk:{me}/cclink/x{token}", "no such audience"),
        ("token", f"pk:{me}/cclink/", "nothing behind the last slash"),
        ("secret", f"pk:{me}/cclink/l{token}", "a link handoff needs its secret, 26 characters"),
        ("secret", f"pk:{me}/cclink/lyyyoryarywdyqnyjbefoadeqbb", "secret with bits set behind its end"),
        ("form", f"pk:{me}/other/d{token}", "not of cclink"),
        ("form", f"pk:{me}/cclink/d{token}/x", "something behind the token"),
        ("form", f"https://x.example/c?{me}/d{token}", "no fragment"),
        ("form", f"https://x.example/c#{me}", "half a fragment"),
        ("form", "", "nothing"),
    ]
    assert len({text for _, text, _ in rows}) == len(rows) and f"pk:{me}/cclink/d{token}" not in [r[1] for r in rows]
    return [{"part": part, "text": text, "why": why} for part, text, why in rows]


def chr_after(c: str) -> str:
    """The next character of the alphabet: one bit more, behind the end."""
    z = "ybndrfg8ejkmcpqxot1uwisza345h769"
    return z[z.index(c) + 1]


def items(d, boxes: dict) -> list[dict]:
    """`d` is derive.py."""
    out = []
    a, b, c = (d.SEEDS[n] for n in "abc")
    full = d.compact(d.RECORD)

    def put(name, verdict, why, plain, box="link", at="record", lock=None, answers=None, edit=None, expected="a"):
        key = boxes[box][f"{at}_seed"]
        file = age_seal(boxes[lock or box]["lock"], plain, name)
        if edit:
            file = edit(file)
        label = z32(ed_public(key)).encode()
        value = dns(answers(label, file)) if answers else None
        out.append({"name": name, "verdict": verdict, "why": why, "mailbox": box, "at": at,
                    "expected": [d.PK[n] for n in expected]} | d.lying(d.packet(key, d.SEQ, file, value)))

    def record(seed=a, kind=1, at=None, body=full, box="link"):
        return d.signed_payload(seed, kind, at or boxes[box]["record"], body)

    good = d.plaintext(1, record())

    # Envelope of the plaintext.
    put("version 2", NEWER, "version is judged first", d.plaintext(1, record(), version=2))
    put("version 2, otherwise nonsense", NEWER, "version is judged before length and padding", bytes([2, 1, 255, 255]) + bytes([7]) * 668)
    for kind in (6, 7, 8, 9, 255):
        put(f"kind {kind}", NEWER, "reserved or unknown kind", d.plaintext(kind, b"{}"))
    put("padding", ABSENT, "the last byte is not zero", good[:-1] + b"\1")
    put("padding at once", ABSENT, "the byte behind the payload is not zero",
        good[: 4 + len(record())] + b"\1" + good[5 + len(record()):])
    put("length 669", ABSENT, "length over the payload's room", good[:2] + (669).to_bytes(2, "big") + good[4:])
    put("length 65535", ABSENT, "length over the payload's room", good[:2] + b"\xff\xff" + good[4:])
    put("length 63", ABSENT, "shorter than its signature", d.plaintext(1, record()[:63]))
    put("length 64", ABSENT, "a signature and no JSON", d.plaintext(1, record(body=b"")))
    put("671 bytes", ABSENT, "plaintext one byte short", good[:-1])
    put("673 bytes", ABSENT, "plaintext one byte long", good + b"\0")
    put("no plaintext", ABSENT, "empty", b"")

    # Signature.
    put("signed by another", ABSENT, "signed by c, who is not the creator", d.plaintext(1, record(seed=c)))
    put("signed by the recipient", ABSENT, "b may read the share, not write records in it",
        d.plaintext(1, record(seed=b, box="share")), box="share")
    put("moved from my devices", ABSENT, "a's own record, signed for another mailbox's address",
        d.plaintext(1, record(box="devices")))
    put("wrong token", ABSENT, "a's own record of the same mailbox, signed for another token's address",
        d.plaintext(1, record(at=boxes["devices_other_token"]["record"])), box="devices")
    put("signed as revocation", ABSENT, "the signature is over kind 4, the packet says 1", d.plaintext(1, record(kind=4)))
    put("record passed off as revocation", ABSENT, "the signature is over kind 1, the packet says 4",
        d.plaintext(4, record(kind=1, body=d.compact(d.AT))))
    put("revoked by another", ABSENT, "signed by c", d.plaintext(4, record(seed=c, kind=4, body=d.compact(d.AT))))
    put("revoked by the recipient", ABSENT, "only the creator revokes a share",
        d.plaintext(4, record(seed=b, kind=4, body=d.compact(d.AT), box="share")), box="share")
    mine = d.plaintext(4, record(seed=b, kind=4, body=d.compact(d.AT), box="devices"))
    put("revoked by a key not marked mine", ABSENT, "b is nobody's device here", mine, box="devices")
    put("revoked by my other key", OPENS, "any key marked mine may revoke", mine, box="devices", expected="ab")
    put("one bit of the signature", ABSENT, "first byte changed", d.plaintext(1, bytes([record()[0] ^ 1]) + record()[1:]))
    put("one byte of the JSON", ABSENT, "changed after signing", d.plaintext(1, record()[:-2] + b" }"))
    order = 2**252 + 27742317777372353535851937790883648493
    s = (int.from_bytes(record()[32:64], "little") + order).to_bytes(32, "little")
    put("second form of the signature", ABSENT, "S is not reduced", d.plaintext(1, record()[:32] + s + full))
    put("signature of something else", ABSENT, "without `cclink/1 ` in front",
        d.plaintext(1, ed_sign(a, b"\1\0" + boxes["link"]["record"] + full) + full))

    # The record's JSON, always signed by its creator.
    def field(name, why, change, verdict=ABSENT):
        body = json.loads(full)
        if "title" not in change:
            body["title"] = ""  # room for what a field's own limit refuses
        for path, value in change.items():
            where = body
            *steps, last = path.split(".")
            for step in steps:
                where = where[step]
            if value is None:
                del where[last]
            else:
                where[last] = value
        put(name, verdict, why, d.plaintext(1, record(body=d.compact(body))))

    field("hostname 65", "hostname over 64 bytes", {"hostname": "h" * 65})
    field("label 65", "label over 64 bytes", {"label": "l" * 65, "note": None})
    field("branch 81", "git.branch over 80 bytes", {"git.branch": "b" * 81, "git.remote": None})
    field("title 161", "title over 160 bytes", {"title": "t" * 161, "git": None, "note": None})
    field("note 201", "note over 200 bytes", {"note": "n" * 201, "git": None})
    field("ssh 101", "ssh over 100 bytes", {"ssh": "u@" + "s" * 99, "git": None})
    field("claude_dir 256", "claude_dir over 255 bytes", {"claude_dir": "/" * 256, "git": None, "note": None, "label": None, "claude": None})
    field("claude_dir of two lines", "a line end in a path", {"claude_dir": "/a\nb", "git": None})
    for ssh in SSH_REFUSED:
        field(f"ssh {ssh}", "no address, or no port from 1 to 65535", {"ssh": ssh})
    for ssh in SSH_TAKEN:
        field(f"ssh {ssh}", "an address", {"ssh": ssh}, OPENS)
    field("session id in capitals", "session_id must be lower case", {"session_id": d.RECORD["session_id"].upper()})
    field("session id without hyphens", "36 characters", {"session_id": d.RECORD["session_id"].replace("-", "")})
    field("session id is a flag", "no UUID", {"session_id": "--dangerously-skip-permissions-12345"})
    field("ttl 59", "under a minute", {"ttl": 59})
    field("ttl 604801", "over seven days", {"ttl": 604801})
    field("ttl is text", "an integer", {"ttl": "28800"})
    field("ttl is 60.5", "an integer", {"ttl": 60.5})
    field("no transcript", "required", {"transcript": None})
    field("no burn_after_read", "required", {"burn_after_read": None})
    field("no pin_protected", "required", {"pin_protected": None})
    field("no session_id", "required", {"session_id": None})
    field("tail in capitals", "lower-case hex", {"transcript.tail": "0123456789ABCDEF"})
    field("tail of 15", "16 digits", {"transcript.tail": "0123456789abcde"})
    field("transcript below zero", "a length", {"transcript.bytes": -1})
    carry = {"key": d.b64(bytes(range(16))), "hash": d.b64(bytes(range(16, 32))), "bytes": 2097152}
    roomy = {"git": None, "note": None}
    field("a sealed file beside", "as it should be", roomy | {"carry": carry}, OPENS)
    field("no sealed file", "null is as good as nothing", {}, OPENS)
    for why, change in (
        ("21 characters", {"key": carry["key"][:-1]}),
        ("23 characters", {"hash": carry["hash"] + "A"}),
        ("padding", {"key": carry["key"] + "=="}),
        ("the other alphabet", {"hash": "+/" + carry["hash"][2:]}),
        ("four bits too many", {"key": carry["key"][:-1] + "B"}),
        ("no text", {"key": 16}),
        ("half a byte", {"bytes": 0.5}),
        ("below zero", {"bytes": -1}),
    ):
        field(f"a sealed file with {why}", "22 characters of base64url each, and a length", roomy | {"carry": carry | change})
    for part in carry:
        rest = {name: value for name, value in carry.items() if name != part}
        field(f"a sealed file without its {part}", "all three are required", roomy | {"carry": rest})
    field("time with a fraction", "exactly YYYY-MM-DDThh:mm:ssZ", {"created_at": "2026-11-25T00:00:00.000Z"})
    field("time with an offset", "exactly YYYY-MM-DDThh:mm:ssZ", {"created_at": "2026-11-25T00:00:00+00:00"})
    field("time with a space", "exactly YYYY-MM-DDThh:mm:ssZ", {"created_at": "2026-11-25 00:00:00Z"})
    field("unknown field", "unknown fields are ignored", {"later": {"x": [1]}, "title": "short"}, OPENS)
    field("59 minutes ahead", "within the hour", {"created_at": "2026-11-25T00:59:00Z"}, OPENS)
    field("61 minutes ahead", "created more than an hour ahead of `now`", {"created_at": "2026-11-25T01:01:00Z"}, CLOCK)
    put("JSON with something behind it", ABSENT, "one value and nothing else", d.plaintext(1, record(body=full + b"{}")))
    put("JSON that is no object", ABSENT, "an object", d.plaintext(1, record(body=b"[1]")))
    put("not UTF-8", ABSENT, "bytes that are no text", d.plaintext(1, record(body=full.replace(b"uploader", b"up\xffoader"))))

    # age.
    put("sealed for another mailbox", ABSENT, "another lock", good, lock="devices")
    put("age cut short", ABSENT, "last byte missing", good, edit=lambda f: f[:-1])
    put("age with a byte more", ABSENT, "something behind the last chunk", good, edit=lambda f: f + b"\0")
    put("age with a wrong MAC", ABSENT, "header changed",
        good, edit=lambda f: f.replace(b"\n---", b"\n-> more grease\n\n---", 1))
    put("no age at all", ABSENT, "RDATA of counting bytes", good, edit=lambda f: bytes(range(200)))

    # DNS.
    one = lambda name, why, make, verdict=ABSENT: put(name, verdict, why, good, answers=make)
    one("ttl 60", "the DNS TTL is ignored", lambda n, f: [(n, 10, 1, 60, f)], OPENS)
    one("no record", "exactly one", lambda n, f: [])
    one("a second record", "exactly one", lambda n, f: [(n, 10, 1, 300, f), (None, 10, 1, 300, b"x")])
    one("a record before it", "exactly one", lambda n, f: [(n, 10, 1, 300, b"x"), (None, 10, 1, 300, f)])
    one("a record in two", "exactly one", lambda n, f: [(n, 10, 1, 300, f[:400]), (None, 10, 1, 300, f[400:])])
    one("TXT", "type must be NULL", lambda n, f: [(n, 16, 1, 300, bytes([255]) + f[:255])])
    one("class CH", "class must be IN", lambda n, f: [(n, 10, 3, 300, f)])
    one("empty RDATA", "nothing in it", lambda n, f: [(n, 10, 1, 300, b"")])
    one("another name", "the name must be the packet's own key",
        lambda n, f: [(z32(boxes["link"]["index"]).encode(), 10, 1, 300, f)])
    one("name in capitals", "the name is lower case", lambda n, f: [(n.upper(), 10, 1, 300, f)])
    label = z32(boxes["link"]["record"]).encode()
    rest = dns([(label, 10, 1, 300, age_seal(boxes["link"]["lock"], good, "rest"))])
    extra = dns([(None, 10, 1, 300, b"x")])[12:]
    question = bytes([len(label)]) + label + b"\0" + bytes.fromhex("000a0001")
    for name, value, why in (
        ("trailing byte", rest + b"\0", "nothing follows"),
        ("a question", rest[:5] + b"\1" + rest[6:12] + question + b"\xc0\x0c" + rest[12 + len(label) + 2 :],
         "the other sections are empty"),
        ("an authority", rest[:9] + b"\1" + rest[10:] + extra, "the other sections are empty"),
        ("an additional", rest[:11] + b"\1" + rest[12:] + extra, "the other sections are empty"),
        ("question count", rest[:5] + b"\1" + rest[6:], "a question is promised"),
        ("cut short", rest[:-1], "RDATA longer than the packet"),
        ("header only", rest[:12], "an answer is promised"),
        ("11 bytes", rest[:11], "no DNS header"),
    ):
        out.append({"name": name, "verdict": ABSENT, "why": why, "mailbox": "link", "at": "record",
                    "expected": [d.PK["a"]]} | d.lying(d.packet(boxes["link"]["record_seed"], d.SEQ, b"", value)))
    wrong = d.packet(boxes["link"]["index_seed"], d.SEQ, b"", rest)
    out.append({"name": "signature of the packet", "verdict": NO_ITEM, "why": "BEP 44 signature by another key",
                "mailbox": "link", "at": "record", "expected": [d.PK["a"]]}
               | d.lying(wrong | {"address": boxes["link"]["record"]}))

    # Index.
    index = lambda name, why, payload, verdict=ABSENT: put(
        name, verdict, why, d.plaintext(2, payload), box="devices", at="index")
    entry = d.index_entry(d.TOKEN, d.CREATED, d.EXPIRES)
    index("index of 17 bytes", "no multiple of 16", entry + b"\0")
    index("index of 15 bytes", "no multiple of 16", entry[:-1])
    index("index out of order", "order is not checked when reading",
          d.index_entry(d.TOKEN, d.CREATED - 9, d.EXPIRES) + d.index_entry(d.TOKEN_2, d.CREATED, d.EXPIRES), OPENS)
    index("index entry that lives too long", "ignored for showing, kept when writing",
          d.index_entry(d.TOKEN, d.CREATED, d.CREATED + 7 * 86400 + 3601) + d.index_entry(d.TOKEN_2, d.CREATED, d.EXPIRES), OPENS)
    put("record at the index", ABSENT, "kind 1 where kind 2 belongs", good, box="devices", at="index")
    put("index at the record", ABSENT, "kind 2 where kinds 1, 3 and 4 belong", d.plaintext(2, entry))
    put("receipt at the record", ABSENT, "kind 5 where kinds 1, 3 and 4 belong", d.plaintext(5, d.compact(d.BURNED)))
    return out


def contests(d, boxes: dict) -> list[dict]:
    """Several valid items at one address; `winner` is the one that stands."""
    box, a = boxes["link"], d.SEEDS["a"]

    def item(name, kind, body, seq, seed=a):
        payload = d.signed_payload(seed, kind, box["record"], body) if kind in (1, 4) else body
        file = age_seal(box["lock"], d.plaintext(kind, payload), name)
        return {"name": name, "kind": kind} | d.lying(d.packet(box["record_seed"], d.SEQ + seq, file))

    body = lambda **more: d.compact(d.RECORD | more)
    record, longer = item("record", 1, body(), 0), item("extended", 1, body(ttl=57600), 1)
    again = item("wrapped again", 1, body(), 900)
    burned, later = item("burned", 3, d.compact(d.BURNED), 5), item("burned later", 3, d.compact(d.BURNED | {"hostname": "q"}), 6)
    twin = item("burned at the same moment", 3, d.compact(d.BURNED | {"hostname": "z"}), 5)
    revoked = item("revoked", 4, d.compact(d.AT), -7)
    forged = item("revoked by c", 4, d.compact(d.AT), 999, d.SEEDS["c"])
    rows = [
        ("an end is final, whatever sequence a record has", [again, burned, record], "burned"),
        ("revoked wins over burned, whatever its sequence", [later, revoked, burned, again], "revoked"),
        ("of two burned the higher sequence", [burned, later], "burned later"),
        ("of two burned at one sequence the greater value", [burned, twin], max((burned, twin), key=lambda i: i["relay"][72:])["name"]),
        ("of records the latest expiry, not the highest sequence", [again, longer, record], "extended"),
        ("what does not verify does not count", [record, forged], "record"),
    ]
    return [{"why": why, "mailbox": "link", "expected": [d.PK["a"]], "winner": winner, "items": items}
            for why, items, winner in rows]
