#!/usr/bin/env python3
"""Sealed files that a reader must refuse, and a few that it must take, made from the
page of the protocol and from published formats (age v1, zstd, POSIX tar) alone.

    carry.py FOLDER     writes them there. Read from stdin: {"id": a session's UUID,
                        "outside": a path where nothing may appear}. Printed: a row
                        for each, with what a signed record has to claim of it

`says` is what the refusal has to say; null where the file is to be taken, without
what `never` names.
"""

import base64
import json
import random
import sys
from pathlib import Path

import carry_entries
import carry_layers
from primitives import age_seal, hkdf, sha256
from tarball import END, file, squeezed


def tail(talk: bytes) -> str:
    return sha256(talk[-65_536:])[:8].hex()


class Maker:
    """Makes files for one session; knows what an honest one holds."""

    def __init__(self, folder: Path, id: str, outside: str):
        self.folder, self.id, self.outside = folder, id, outside
        self.rows: list[dict] = []
        says = lambda who, words: json.dumps(
            {"type": who, "sessionId": id, "cwd": "/home/dana/src/uploader", "slug": "calm-otter",
             "message": {"role": who, "content": words}}, separators=(",", ":"))
        self.talk = "".join(says(*line) + "\n" for line in [("user", "Go on"), ("assistant", "Done.")]).encode()
        self.about = {"version": 1, "session_id": id, "hostname": "desk", "project": "/home/dana/src/uploader",
                      "created_at": "2026-11-25T00:00:00Z"}

    # What an honest file holds, each layer in the next.

    def manifest(self, text: bytes | None = None, **lies) -> bytes:
        return file("manifest.json", json.dumps(self.about | lies).encode() if text is None else text)

    def begun(self) -> bytes:
        return self.manifest() + file("transcript.jsonl", self.talk)

    def noise(self, count: int) -> bytes:
        """Bytes that nothing makes shorter, the same each time."""
        return random.Random(7).randbytes(count)

    def lock(self, name: str) -> bytes:
        return hkdf(self.key(name), b"cclink/1 carry lock")

    def key(self, name: str) -> bytes:
        return sha256(name.encode())[:16]

    # What is written, from the outermost layer to the innermost.

    def sealed(self, name: str, says: str | None, sealed: bytes, claims: bytes | None = None, **claim) -> None:
        """`claims`: the file that the record speaks of, where that is another."""
        of = sealed if claims is None else claims
        at = self.folder / f"{len(self.rows):03}.cclink"
        at.write_bytes(sealed)
        text = lambda what: base64.urlsafe_b64encode(what).decode().rstrip("=")
        talk = claim.pop("talk", self.talk)
        row = {"name": name, "says": says, "file": str(at), "key": text(self.key(name)), "hash": text(sha256(of)[:16]),
               "bytes": len(of), "transcript": {"bytes": len(talk), "tail": tail(talk)}}
        self.rows.append(row | claim)

    def aged(self, name: str, says: str | None, plain: bytes, **claim) -> None:
        """What stands in place of the zstd frame."""
        self.sealed(name, says, age_seal(self.lock(name), plain, name), **claim)

    def packed(self, name: str, says: str | None, tar: bytes, **claim) -> None:
        """What stands in place of the tar."""
        self.aged(name, says, squeezed(tar), **claim)

    def holds(self, name: str, says: str | None, *entries: bytes, **claim) -> None:
        """Behind an honest beginning, these entries."""
        self.packed(name, says, self.begun() + b"".join(entries) + END, **claim)


def main(args: list[str]) -> int:
    if len(args) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    maker = Maker(Path(args[0]), **json.load(sys.stdin))
    carry_layers.make(maker)
    carry_entries.make(maker)
    names = [row["name"] for row in maker.rows]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1]
    json.dump(maker.rows, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
