#!/usr/bin/env python3
"""Derives the vectors of cclink's protocol, version 1, from its page alone,
src/handoff/protocol.md.

    derive.py              write vectors.json beside this file
    derive.py --check      recompute; compare with the committed vectors.json
                           and with design.txt beside this file

Second implementation of the protocol, in another language and with other
libraries: where it and the Rust code agree, both read the page the same way.
"""

import base64
import json
import sys
import unicodedata
from pathlib import Path

import hostile
from primitives import (
    P,
    age_identity,
    age_recipient,
    age_seal,
    argon2id,
    bep44_signable,
    dns,
    ed_public,
    ed_sign,
    expand,
    hkdf,
    sha256,
    x25519,
    x_point,
    x_public,
    x_scalar,
    z32,
)

HERE = Path(__file__).resolve().parent
WORDS = (HERE / "../../src/handoff/words.txt").read_text().split()

CREATED = 1795564800  # 2026-11-25T00:00:00Z
EXPIRES = CREATED + 8 * 3600
WEEK = CREATED // 604800
SEQ = CREATED * 1_000_000

SEEDS = {
    "a": bytes(range(0x00, 0x20)),
    "b": bytes(range(0x20, 0x40)),
    "c": bytes(range(0x40, 0x60)),
}
PK = {name: ed_public(seed) for name, seed in SEEDS.items()}
TOKEN = bytes(range(0xA0, 0xA8))
TOKEN_2 = bytes(range(0xB0, 0xB8))
SECRET = bytes(range(16))


# --- what somebody types ----------------------------------------------------


def pin_meant(typed: str) -> str:
    """NFC, one line end at the end dropped; four BIP-39 words become one form."""
    pin = unicodedata.normalize("NFC", typed)
    if pin.endswith("\n"):
        pin = pin[:-2] if pin.endswith("\r\n") else pin[:-1]
    # Only ASCII letters fold; `lower()` on an ASCII string does just that.
    parts = pin.replace("-", " ").split(" ")
    if pin.isascii() and len(parts) == 4 and all(p.lower() in WORDS for p in parts):
        return "-".join(p.lower() for p in parts)
    return pin


# --- keys -------------------------------------------------------------------


def mailbox(name: str, audience: str, S: bytes, token: bytes, **inputs) -> dict:
    """Everything that follows from S, whatever its audience."""
    if audience == "link":
        token = expand(S, b"token")[:8]
    seeds = {
        "index": expand(S, b"index"),
        "record": expand(S, b"record" + token),
        "receipt": expand(S, b"receipt" + token),
    }
    lock = expand(S, b"lock")
    return {
        "name": name,
        "audience": audience,
        **inputs,
        "S": S,
        "token": token,
        "token_shown": audience[0] + z32(token),
        **{f"{k}_seed": v for k, v in seeds.items()},
        **{k: ed_public(v) for k, v in seeds.items()},
        "lock": lock,
        "lock_identity": age_identity(lock),
        "recipient": age_recipient(lock),
    }


def devices(name: str, who: str, token: bytes = TOKEN) -> dict:
    G = hkdf(SEEDS[who], b"cclink/1 devices secret")
    return mailbox(name, "devices", hkdf(G, b"cclink/1 devices"), token, creator=PK[who], G=G)


def share(name: str, who: str, to: str, token: bytes = TOKEN) -> dict:
    shared = x25519(x_scalar(SEEDS[who]), x_point(PK[to]))
    assert shared == x25519(x_scalar(SEEDS[to]), x_point(PK[who]))
    S = hkdf(shared, b"cclink/1 share" + PK[who] + PK[to])
    return mailbox(name, "share", S, token, creator=PK[who], recipient_pk=PK[to], shared=shared)


def pin(name: str, who: str, typed: str, week: int, token: bytes = TOKEN) -> dict:
    meant = pin_meant(typed)
    salt = sha256(b"cclink/1 pin" + PK[who] + week.to_bytes(4, "big"))[:16]
    ikm = argon2id(meant.encode(), salt)
    S = hkdf(ikm, b"cclink/1 pin" + PK[who])
    return mailbox(
        name, "pin", S, token, creator=PK[who], pin=typed, pin_meant=meant, week=week, salt=salt, argon2id=ikm
    )


def link(name: str, who: str, secret: bytes) -> dict:
    return mailbox(name, "link", hkdf(secret, b"cclink/1 link" + PK[who]), b"", creator=PK[who], secret=secret)


# --- packets ----------------------------------------------------------------


def compact(value) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def plaintext(kind: int, payload: bytes, version: int = 1) -> bytes:
    assert len(payload) <= 668
    return (bytes([version, kind]) + len(payload).to_bytes(2, "big") + payload).ljust(672, b"\0")


def signed_bytes(kind: int, address: bytes, body: bytes) -> bytes:
    return b"cclink/1 " + bytes([kind, 0]) + address + body


def signed_payload(seed: bytes, kind: int, address: bytes, body: bytes) -> bytes:
    return ed_sign(seed, signed_bytes(kind, address, body)) + body


def packet(key_seed: bytes, seq: int, rdata: bytes, value: bytes | None = None) -> dict:
    """The one NULL record at the apex, signed as BEP 44 asks. `value` stands in
    for it where a packet is to be wrong."""
    address = ed_public(key_seed)
    assert value is None or len(value) <= 1000
    if value is None:
        value = dns([(z32(address).encode(), 10, 1, 300, rdata)])
    signable = bep44_signable(seq, value)
    signature = ed_sign(key_seed, signable)
    return {"address": address, "seq": seq, "value": value, "signable": signable, "signature": signature}


def lying(packet: dict) -> dict:
    """A packet as it lies on the network, in the one form that a relay serves
    and `SignedPacket::from_relay_payload` takes."""
    seq = packet["seq"]
    return {"address": packet["address"], "seq": seq,
            "relay": packet["signature"] + seq.to_bytes(8, "big") + packet["value"]}


def index_entry(token: bytes, created: int, expires: int) -> bytes:
    return token + created.to_bytes(4, "big") + expires.to_bytes(4, "big")


RECORD = {
    "session_id": "5f0c1d2e-3a4b-4c5d-8e6f-708192a3b4c5",
    "hostname": "framework-desktop",
    "project": "/home/dana/src/uploader",
    "label": "uploader",
    "title": "Retry with jitter – naïve, 外 👩‍👩‍👧",
    "note": "tests green",
    "git": {
        "branch": "feat/retry",
        "remote": "git@example.org:dana/uploader.git",
        "commit": "9fceb02d",
        "dirty": True,
    },
    "ssh": "dana@framework-desktop",
    "claude": "/home/dana/.local/bin/claude",
    "transcript": {"bytes": 153600, "tail": "0123456789abcdef"},
    "created_at": "2026-11-25T00:00:00Z",
    "ttl": 28800,
    "burn_after_read": False,
    "pin_protected": False,
}
# Only what must be there, and a field of some later version.
SMALL_RECORD = {
    "session_id": "00000000-0000-4000-8000-000000000001",
    "hostname": "b",
    "project": "/",
    "transcript": {"bytes": 0, "tail": "e3b0c44298fc1c14"},
    "created_at": "2026-11-25T00:00:00Z",
    "ttl": 60,
    "burn_after_read": True,
    "pin_protected": True,
    "from_the_future": {"x": [1, None]},
    "git": None,
}
AT = {"at": "2026-11-25T00:00:00Z"}
BURNED = {"at": "2026-11-25T00:10:00Z", "hostname": "pocket"}


def packets_of_every_kind(box: dict) -> list[dict]:
    seed, address = SEEDS["a"], box["record"]
    payloads = {
        "record": (1, signed_payload(seed, 1, address, compact(RECORD))),
        "index": (2, index_entry(TOKEN, CREATED, EXPIRES)),
        "burned": (3, compact(BURNED)),
        "revoked": (4, signed_payload(seed, 4, address, compact(AT))),
        "receipt": (5, compact(BURNED)),
    }
    out = []
    for name, (kind, payload) in payloads.items():
        row = {"name": name, "kind": kind, "payload": payload, "plain": plaintext(kind, payload)}
        row["plain_sha256"] = sha256(row["plain"])
        if kind in (1, 4):
            row["json"] = payload[64:].decode()
            row["signed_bytes"] = signed_bytes(kind, address, payload[64:])
            row["signature"] = payload[:64]
        elif kind in (3, 5):
            row["json"] = payload.decode()
        out.append(row)
    return out


def links(boxes: dict) -> list[dict]:
    """Each form as printed (`link`), as drawn (`qr`, and `web` with a page
    configured); `read` are other ways to write it that mean the same."""
    out = []
    for audience in ("devices", "share", "pin", "link"):
        box = boxes[audience]
        part = audience[0] + z32(box.get("secret", box["token"]))
        creator = z32(box["creator"])
        text = f"pk:{creator}/cclink/{part}"
        web = f"https://x.example/c#{creator.upper()}/{part.upper()}"
        row = {"name": audience, "creator": box["creator"], "link": text, "web": web}
        if audience != "link":  # whose plain form is never drawn: it carries the secret
            row["qr"] = text.upper()
        row["secret" if audience == "link" else "token"] = box.get("secret", box["token"])
        row["read"] = [
            text[:40] + "\r\n  " + text[40:],
            "\t" + text.upper()[:20] + "\n" + text.upper()[20:] + " \n",
            web[:60] + "\n" + web[60:],
            f"https://x.example/a#b#{creator}/{part}",
        ]
        out.append(row)
    return out


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def carried(k: bytes) -> dict:
    """What follows from the key of a sealed file."""
    lock = hkdf(k, b"cclink/1 carry lock")
    name = z32(hkdf(k, b"cclink/1 carry name")[:16])
    return {"k": k, "text": b64(k), "lock": lock, "identity": age_identity(lock), "name": name}


def index_payload(entries: list[tuple[bytes, int, int]]) -> dict:
    return {
        "entries": [{"token": t, "created": c, "expires": e} for t, c, e in entries],
        "payload": b"".join(index_entry(*e) for e in entries),
    }


def sealed(boxes: dict) -> list[dict]:
    """What Python sealed and Rust must open."""
    out = []

    def add(name, box, at, kind, payload, size=None, seq=SEQ):
        plain = plaintext(kind, payload)
        file = age_seal(boxes[box]["lock"], plain, name, size)
        body = payload[64:] if kind in (1, 4) else payload
        row = {"name": name, "mailbox": box, "at": at, "kind": kind, "payload": payload, "plain": plain, "age": file}
        if kind != 2:
            row["json"] = body.decode()
        out.append(row | lying(packet(boxes[box][f"{at}_seed"], seq, file)))

    a, b = SEEDS["a"], SEEDS["b"]
    full, small = compact(RECORD), compact(SMALL_RECORD)
    add("record for my devices", "devices", "record", 1, signed_payload(a, 1, boxes["devices"]["record"], full))
    add("smallest record, under a PIN, with grease", "pin_now", "record", 1,
        signed_payload(a, 1, boxes["pin_now"]["record"], small), size=924)
    add("index of two", "devices", "index", 2,
        index_entry(TOKEN_2, CREATED + 60, EXPIRES + 60) + index_entry(TOKEN, CREATED, EXPIRES))
    add("empty index", "share", "index", 2, b"")
    add("full index", "pin_now", "index", 2,
        b"".join(index_entry(sha256(bytes([i]))[:8], CREATED - i, EXPIRES) for i in range(41)), size=924)
    add("burned by a link holder", "link", "record", 3, compact(BURNED), seq=SEQ + 1)
    add("revoked by its creator", "link", "record", 4,
        signed_payload(a, 4, boxes["link"]["record"], compact(AT)), seq=SEQ + 2)
    add("receipt of a share", "share", "receipt", 5, compact(BURNED))
    add("record shared back by b", "share_back", "record", 1,
        signed_payload(b, 1, boxes["share_back"]["record"], small))
    return out


# --- pairing ----------------------------------------------------------------

HERE_NOW = {"hostname": "framework-desktop", "at": "2026-11-25T00:00:00Z"}
THERE_NOW = {"hostname": "framework-laptop", "at": "2026-11-25T00:00:30Z"}


def check_words(recipient: bytes, R: bytes) -> str:
    bits = int.from_bytes(sha256(b"cclink/1 pair check" + recipient + R)[:9], "big") >> 6
    return " ".join(WORDS[bits >> 11 * (5 - i) & 2047] for i in range(6))


def pairing(typed: str, created: int, one_time: bytes) -> dict:
    """All of one pairing: what follows from its words, and each packet of it."""
    code, window = pin_meant(typed), created // 600
    assert len(code.split("-")) == 4 and all(word in WORDS for word in code.split("-"))
    salt = sha256(b"cclink/1 pair" + window.to_bytes(4, "big"))[:16]
    R = argon2id(code.encode(), salt)
    seeds = {at: expand(R, at.encode()) for at in ("offer", "request", "answer")}
    lock = expand(R, b"lock")
    recipient = x_public(one_time)
    given = SEEDS["a"] + compact(HERE_NOW)
    answer = age_seal(one_time, given, "answer")

    def lies(name: str, at: str, kind: int, payload: bytes, seq: int = SEQ) -> dict:
        plain = plaintext(kind, payload)
        file = age_seal(lock, plain, f"pairing {name}")
        return {"name": name, "at": at, "kind": kind, "payload": payload, "plain": plain} | lying(
            packet(seeds[at], seq, file))

    request = lambda who, point=recipient: point + compact(who)
    # A small subgroup's points: whoever hears the words could open what is sealed to them.
    small = [0, 1, P - 1, P, P + 1, 2**255]
    twice = b'{"hostname":"a","hostname":"b","at":"2026-11-25T00:00:00Z"}'
    refused = [
        *[(f"point {i} of small order", "request", 10, request(THERE_NOW, n.to_bytes(32, "little")))
          for i, n in enumerate(small)],
        ("half a recipient", "request", 10, recipient[:16]),
        ("a recipient alone", "request", 10, recipient),
        ("a name that is too long", "request", 10, request(THERE_NOW | {"hostname": "x" * 65})),
        ("no name", "request", 10, request({"at": THERE_NOW["at"]})),
        ("a second 60", "request", 10, request(THERE_NOW | {"at": "2026-11-25T00:00:60Z"})),
        ("a name that stands there twice", "request", 10, recipient + twice),
        ("an array", "request", 10, recipient + compact(list(THERE_NOW.values()))),
        ("something behind it", "request", 10, request(THERE_NOW) + b"{}"),
        ("an offer at the request", "request", 9, compact(HERE_NOW)),
        ("a request at the offer", "offer", 10, request(THERE_NOW)),
        ("an offer that is an array", "offer", 9, compact(list(HERE_NOW.values()))),
        ("an end without a time", "offer", 3, compact({"hostname": "x"})),
    ]
    return {
        "typed": typed, "code": code, "created": created, "window": window, "salt": salt, "R": R,
        **{f"{at}_seed": seed for at, seed in seeds.items()},
        **{at: ed_public(seed) for at, seed in seeds.items()},
        "lock": lock, "lock_identity": age_identity(lock),
        "one_time": one_time, "recipient": recipient, "check": check_words(recipient, R),
        "seed": SEEDS["a"], "hostname": {"old": HERE_NOW["hostname"], "new": THERE_NOW["hostname"]},
        "packets": [
            lies("offer", "offer", 9, compact(HERE_NOW)),
            lies("request", "request", 10, request(THERE_NOW | {"later": [1]})),
            lies("answer", "answer", 11, answer),
            *[lies(f"end of the {at}", at, 3, compact(BURNED), SEQ + 1) for at in seeds],
        ],
        "refused": [lies(*row) for row in refused],
    }


# --- all of it --------------------------------------------------------------


def build() -> dict:
    boxes = {
        m["name"]: m
        for m in (
            devices("devices", "a"),
            share("share", "a", "b"),
            pin("pin", "a", "correct horse battery staple", 2950),
            pin("pin_hyphens", "a", "correct-horse-battery-staple", 2950),
            link("link", "a", SECRET),
            devices("devices_other_token", "a", TOKEN_2),
            share("share_back", "b", "a"),
            pin("pin_words", "a", "Zebra ZERO-zone zoo\n", 2950),
            pin("pin_next_week", "a", "correct horse battery staple", 2951),
            pin("pin_nfd", "a", "cafe\u0301 au lait, 42 fois", 2950),
            pin("pin_other_creator", "b", "correct horse battery staple", 2950),
            pin("pin_now", "a", "zebra-zero-zone-zoo", WEEK),
        )
    }
    demo_packet = packet(boxes["link"]["index_seed"], SEQ, bytes(range(32)))
    typed = [
        "correct horse battery staple", "Correct Horse Battery Staple", "zebra zero zone zoo",
        "Zebra-ZERO zone-zoo", "zebra zero zone zoo\n", "zebra zero zone zoo\r\n", "zebra zero zone",
        "zebra zero zone zoo zoo", "cafe\u0301 au lait, 42 fois", "\u212aind zero zone zoo", "tr\u00e8s long\n\n",
    ]
    return {
        "about": "Vectors of cclink's protocol 1; made by derive.py, explained in README.md. Bytes are lower-case hex.",
        "now": CREATED,
        "identities": [
            {"name": n, "seed": s, "pk": PK[n], "z32": z32(PK[n]), "x25519_scalar": x_scalar(s), "x25519_u": x_point(PK[n])}
            for n, s in SEEDS.items()
        ],
        "mailboxes": list(boxes.values()),
        "pin_forms": [{"typed": t, "meant": pin_meant(t)} for t in typed],
        "packets": packets_of_every_kind(boxes["link"]),
        "indexes": [
            index_payload([(TOKEN, CREATED, EXPIRES)]),
            index_payload([]),
            index_payload([(TOKEN_2, CREATED + 60, EXPIRES), (TOKEN, CREATED, EXPIRES), (TOKEN[::-1], CREATED, EXPIRES + 9)]),
        ],
        "dns": [{"name": "32 counting bytes at the link mailbox's index key", "rdata": bytes(range(32))} | demo_packet],
        "carried": [carried(k) for k in (SECRET, bytes(16), bytes(range(255, 239, -1)))],
        "pairings": [
            pairing("Zebra ZERO-zone zoo", CREATED + 599, bytes(range(0x60, 0x80))),
            pairing("legal-winner-thank-year", CREATED + 600, bytes(range(0x80, 0xA0))),
        ],
        "links": links(boxes),
        "links_refused": hostile.links(PK["a"]),
        "keys_refused": hostile.weak_keys(),
        "sealed": sealed(boxes),
        "hostile": hostile.items(sys.modules[__name__], boxes),
        "contests": hostile.contests(sys.modules[__name__], boxes),
    }


def hexed(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {k: hexed(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [hexed(v) for v in value]
    return value


def design_lines(v: dict) -> dict[str, str]:
    """The same values under the names that design.txt uses."""
    boxes = {m["name"]: m for m in v["mailboxes"]}
    out = {f"pk_{i['name']}": f"{i['pk']} {i['z32']}" for i in v["identities"][:2]}
    out["G"] = boxes["devices"]["G"]
    for name in ("devices", "share", "pin", "pin_hyphens", "link"):
        for field in ("argon2id", "S", "token", "index", "record", "receipt", "lock", "recipient"):
            if field in boxes[name]:
                out[f"{name}.{field}"] = boxes[name][field]
    for row in v["links"]:
        out[f"link_{row['name']}"] = row["link"]
    out["web_link"] = v["links"][3]["web"]
    revoked = next(p for p in v["packets"] if p["name"] == "revoked")
    out["revoked.payload"] = revoked["payload"]
    out["revoked.plain.sha256"] = revoked["plain_sha256"]
    out["index.payload"] = v["indexes"][0]["payload"]
    out["packet.value"] = v["dns"][0]["value"]
    out["packet.signature"] = v["dns"][0]["signature"]
    return out


def design_differences(v: dict, path: Path) -> list[str]:
    wanted = dict(
        line.split(" ", 1) for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")
    )
    ours = design_lines(v)
    bad = [f"{path}: {k}: want {wanted.get(k, '').strip() or 'nothing'}, derived {ours.get(k, 'nothing')}"
           for k in sorted(wanted.keys() | ours.keys()) if wanted.get(k, "").strip() != ours.get(k)]
    if not bad:
        print(f"{path}: {len(wanted)} values equal")
    return bad


def main(args: list[str]) -> int:
    # The list decides which PINs are one PIN, so it must be the published one.
    assert sha256("".join(w + "\n" for w in WORDS).encode()).hex() == (
        "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
    ), "words.txt is not the BIP-39 list"
    values = hexed(build())
    text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
    committed = HERE / "vectors.json"
    if not args:
        bad = design_differences(values, HERE / "design.txt")
        print(*bad, sep="\n")
        committed.write_text(text)
        return 1 if bad else 0
    if args != ["--check"]:
        print(__doc__, file=sys.stderr)
        return 2
    bad = design_differences(values, HERE / "design.txt")
    if committed.read_text() != text:
        old = json.loads(committed.read_text())
        bad += [f"vectors.json: {k} differs" for k in values if values[k] != old.get(k)] or ["vectors.json: other text"]
    else:
        print(f"{committed}: equal to what was derived")
    print(*bad, sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
