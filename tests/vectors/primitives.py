"""The bytes under src/handoff/protocol.md, written from published formats: RFC
7748 and 8032, BIP-173, z-base-32, age v1, RFC 1035, BEP 44. Nothing here knows
cclink.

`cryptography` and `argon2-cffi` give the ciphers and hashes; everything with a
layout is written out, so that a mistake in one of the Rust crates, or in how we
call them, cannot repeat itself here.
"""

import base64
import hashlib
import hmac

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

P = 2**255 - 19


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def hkdf(ikm: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    """Extract and expand, 32 bytes."""
    return HKDF(hashes.SHA256(), 32, salt, info).derive(ikm)


def expand(key: bytes, info: bytes) -> bytes:
    """Expand alone, 32 bytes."""
    return HKDFExpand(hashes.SHA256(), 32, info).derive(key)


def argon2id(secret: bytes, salt: bytes) -> bytes:
    return hash_secret_raw(
        secret, salt, time_cost=3, memory_cost=64 * 1024, parallelism=1, hash_len=32, type=Type.ID, version=0x13
    )


def ed_public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def ed_sign(seed: bytes, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def x_scalar(seed: bytes) -> bytes:
    """The X25519 scalar of an Ed25519 seed: the clamped half of its SHA-512."""
    h = bytearray(hashlib.sha512(seed).digest()[:32])
    h[0] &= 248
    h[31] = (h[31] & 127) | 64
    return bytes(h)


def x_point(pk: bytes) -> bytes:
    """The Montgomery u of an Ed25519 public key: (1 + y) / (1 - y)."""
    y = int.from_bytes(pk, "little") & (2**255 - 1)
    u = (1 + y) * pow(1 - y, P - 2, P) % P
    return u.to_bytes(32, "little")


def x25519(scalar: bytes, point: bytes) -> bytes:
    """Raises on an all-zero result, as a non-contributory exchange must be refused."""
    return X25519PrivateKey.from_private_bytes(scalar).exchange(X25519PublicKey.from_public_bytes(point))


def x_public(scalar: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes_raw()


# --- text forms -------------------------------------------------------------

ZBASE = "ybndrfg8ejkmcpqxot1uwisza345h769"


def z32(data: bytes) -> str:
    bits = "".join(f"{b:08b}" for b in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(ZBASE[int(bits[i : i + 5], 2)] for i in range(0, len(bits), 5))


BECH = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32(hrp: str, data: bytes) -> str:
    bits = "".join(f"{b:08b}" for b in data)
    bits += "0" * (-len(bits) % 5)
    words = [int(bits[i : i + 5], 2) for i in range(0, len(bits), 5)]
    values = [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp] + words + [0] * 6
    chk = 1
    for v in values:
        top = chk >> 25
        chk = (chk & 0x1FFFFFF) << 5 ^ v
        for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            chk ^= g if top >> i & 1 else 0
    chk ^= 1
    words += [chk >> 5 * (5 - i) & 31 for i in range(6)]
    return hrp + "1" + "".join(BECH[w] for w in words)


# --- age v1, X25519 recipients ----------------------------------------------


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def age_recipient(lock: bytes) -> str:
    return bech32("age", x_public(lock))


def age_identity(lock: bytes) -> str:
    return bech32("age-secret-key-", lock).upper()


AGE_CHUNK = 64 * 1024


def age_stanza(lock: bytes, file_key: bytes, eph: bytes) -> str:
    """`file_key` for the recipient of `lock`."""
    share, recipient = x_public(eph), x_public(lock)
    wrap = hkdf(x25519(eph, recipient), b"age-encryption.org/v1/X25519", share + recipient)
    body = ChaCha20Poly1305(wrap).encrypt(bytes(12), file_key, None)
    return f"-> X25519 {b64(share)}\n{b64(body)}\n"


def age_header(file_key: bytes, stanzas: str) -> bytes:
    header = f"age-encryption.org/v1\n{stanzas}---".encode()
    mac = hmac.new(hkdf(file_key, b"header"), header, hashlib.sha256).digest()
    return header + b" " + b64(mac).encode() + b"\n"


def age_chunks(file_key: bytes, nonce: bytes, plain: bytes) -> list[bytes]:
    """The payload behind its nonce: chunks of 64 KiB, of which the last one says so."""
    stream = ChaCha20Poly1305(hkdf(file_key, b"payload", nonce))
    parts = [plain[at : at + AGE_CHUNK] for at in range(0, len(plain), AGE_CHUNK)] or [b""]
    seal = lambda at, part: stream.encrypt(at.to_bytes(11, "big") + bytes([at == len(parts) - 1]), part, None)
    return [seal(at, part) for at, part in enumerate(parts)]


def age_seal(lock: bytes, plain: bytes, name: str, size: int | None = None) -> bytes:
    """An age file for the recipient of `lock`. Its "random" parts are hashes of
    `name`, so the output is always the same. With `size` a grease stanza, which
    readers must ignore, brings the file to exactly that many bytes."""
    rand = lambda what: sha256(f"test vector {name} {what}".encode())
    file_key, nonce = rand("file key")[:16], rand("nonce")[:16]
    stanzas = age_stanza(lock, file_key, rand("ephemeral"))
    if size is not None:
        bare = len(age_seal(lock, plain, name))
        stanzas += "-> " + ("x" * (size - bare - len("->  y-grease\n\n"))) + " y-grease\n\n"
    sealed = age_header(file_key, stanzas) + nonce + b"".join(age_chunks(file_key, nonce, plain))
    assert size in (None, len(sealed))
    return sealed


# --- DNS and BEP 44 ---------------------------------------------------------


def dns(answers: list[tuple[bytes | None, int, int, int, bytes]]) -> bytes:
    """An answer packet, id 0: (label, type, class, ttl, rdata); a label of None
    points to the first one's."""
    out = bytes.fromhex("00008000") + (0).to_bytes(2, "big") + len(answers).to_bytes(2, "big") + bytes(4)
    for label, kind, klass, ttl, rdata in answers:
        out += b"\xc0\x0c" if label is None else bytes([len(label)]) + label + b"\0"
        out += kind.to_bytes(2, "big") + klass.to_bytes(2, "big") + ttl.to_bytes(4, "big")
        out += len(rdata).to_bytes(2, "big") + rdata
    return out


def bep44_signable(seq: int, value: bytes) -> bytes:
    return b"3:seqi%de1:v%d:%s" % (seq, len(value), value)
