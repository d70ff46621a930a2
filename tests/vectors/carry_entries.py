"""Hostile sealed files: the tar, its names, its manifest, its conversation."""

import json

from tarball import BLOCK, END, base256, file, header, pax, record

DAMAGED, PLAIN, EXTENSION = "damaged inside", "not a plain file", "none of ours"
ELSEWHERE, STRANGE, CHARACTERS = "leads elsewhere", "none of a session's", "do not belong there"
SYSTEMS, TWINS, ORDER = "something else on some systems", "take for one", "not in order"
NOTHING, EARLY, WHAT, OTHER = "no conversation", "ends too early", "what it is", "another session"
PUBLISHED = "not what was published"
CUT = 4096


def make(m) -> None:
    blocks(m)
    sizes(m)
    kinds(m)
    extensions(m)
    names(m)
    twins(m)
    order(m)
    manifest(m)
    conversation(m)


def blocks(m) -> None:
    tar = m.begun() + file("session/noise", m.noise(4 * CUT)) + END
    for at in range(CUT, len(tar), CUT):
        m.packed(f"a tar cut at {at}", DAMAGED, tar[:at])
    whole = m.begun() + file("session/a")
    m.packed("no end", EARLY, whole)
    m.packed("half an end", EARLY, whole + END[:BLOCK])
    m.packed("an end that is cut", EARLY, whole + END[:-1])
    m.packed("a byte behind the end", "behind its end", whole + END + b"x")
    m.packed("an entry behind the end", "behind its end", whole + END + file("session/b"))
    m.packed("an entry behind half an end", "behind its end", whole + END[:BLOCK] + file("session/b") + END)
    m.packed("only an end", NOTHING, END)
    m.holds("a wrong checksum of a header", DAMAGED, file("session/a", checksum=b"000001\0 "))
    m.holds("a checksum that is no number", DAMAGED, file("session/a", checksum=b"zzzzzz\0 "))
    m.holds("noise for a header", DAMAGED, m.noise(BLOCK))
    m.holds("an escape in a header that is wrong", DAMAGED, file("session/\x1b]0;x\x07", checksum=b"\x1b[2J\x1b[H\0"))


def sizes(m) -> None:
    """How long an entry is can be told in ways that readers read differently."""
    say = lambda name, says, size: m.holds(name, says, file("session/a", b"x", size=size))
    say("a size that is no number", DAMAGED, b"0000000009x\0")
    say("a size below zero", DAMAGED, b"-0000000001\0")
    say("no size", DAMAGED, bytes(12))
    say("a size of 8 GiB", DAMAGED, b"77777777777\0")
    say("a size of twelve digits", DAMAGED, b"777777777777")
    say("a size in base 256", EXTENSION, base256(1))
    say("a huge size in base 256", EXTENSION, base256(2**63))
    say("a size below zero in base 256", DAMAGED, base256(-1))
    say("a size that 64 bits make small", EXTENSION, base256(2**64 + 1))
    say("a size longer than the tar", DAMAGED, b"00000100000\0")
    say("a size that leaps over the end", EARLY, b"00000002001\0")


def kinds(m) -> None:
    to = m.outside.encode()
    one = lambda name, kind, **more: m.holds(name, PLAIN, file("session/x", b"", kind=kind, **more))
    one("a hard link", b"1", link=to)
    one("a symbolic link", b"2", link=to)
    one("a link to the Claude folder", b"2", link=b"../..")
    m.holds("a file through a link", PLAIN, file("session/x", b"", kind=b"2", link=to), file("session/x/a"))
    one("a character device", b"3")
    one("a block device", b"4")
    one("a folder", b"5")
    one("a pipe", b"6")
    one("a contiguous file", b"7")
    one("a folder's listing of GNU", b"D")
    one("another volume of GNU", b"M")
    one("a sparse file of GNU", b"S")
    one("a label of GNU", b"V")
    one("an extension of Solaris", b"X")
    one("a kind that is none", b"\xff")
    long = lambda kind: file(b"././@LongLink", b"session/long\0", kind=kind)
    m.holds("a long name of GNU", PLAIN, long(b"L"), file("session/a"))
    m.holds("a long link of GNU", PLAIN, long(b"K"), file("session/a"))
    m.packed("a link for a transcript", PLAIN, m.manifest() + file("transcript.jsonl", b"", kind=b"2", link=to) + END)


def extensions(m) -> None:
    ok = file("session/a")
    path = record("path", "session/b")
    one = lambda name, says, *records, **more: m.holds(name, says, pax(*records, **more), ok)
    one("pax: a path to elsewhere", ELSEWHERE, record("path", "session/../../x"))
    one("pax: an absolute path", STRANGE, record("path", m.outside))
    one("pax: a link", EXTENSION, record("linkpath", m.outside))
    one("pax: a size", EXTENSION, record("size", "9999"))
    one("pax: a path and a size", EXTENSION, path, record("size", "0"))
    one("pax: two paths", EXTENSION, path, record("path", "session/c"))
    one("pax: a sparse file", EXTENSION, record("GNU.sparse.major", "1"), record("GNU.sparse.name", "session/b"))
    one("pax: another character set", EXTENSION, record("hdrcharset", "BINARY"))
    one("pax: a comment", EXTENSION, record("comment", "hello"))
    one("pax: an owner", EXTENSION, record("uid", "0"))
    one("pax: nothing", EXTENSION)
    one("pax: for all that follow", PLAIN, path, kind=b"g")
    m.holds("pax: twice", PLAIN, pax(path), pax(path), ok)
    m.holds("pax: for nothing", NOTHING, pax(path))
    one("pax: shorter than it says", EXTENSION, b"99 path=session/b\n")
    one("pax: longer than it says", EXTENSION, b"9 path=session/b\n")
    one("pax: a length with a sign", EXTENSION, b"+19 path=session/b\n")
    one("pax: a length with a zero", EXTENSION, b"019 path=session/b\n")
    one("pax: a length that is no number", EXTENSION, b"xx path=session/b\n")
    one("pax: no end of its line", EXTENSION, b"18 path=session/bb")
    one("pax: a line end in the path", EXTENSION, record("path", "session/a\nb"))
    one("pax: a zero in the path", CHARACTERS, record("path", "session/a\0b"))
    one("pax: no path in the path", STRANGE, record("path", ""))
    one("pax: 100,000 bytes", EXTENSION, record("path", "session/" + "a" * 100_000))
    one("pax: longer than the tar", EXTENSION, path, size=2**31)


def names(m) -> None:
    one = lambda name, says, path: m.holds(f"named {name}", says, file(path))
    one("..", STRANGE, "..")
    one("../x", STRANGE, "../x")
    one("session/..", ELSEWHERE, "session/..")
    one("session/../../x", ELSEWHERE, "session/../../../../x")
    one("session/a/../b", ELSEWHERE, "session/a/../b")
    one("./session/a", STRANGE, "./session/a")
    one("session/./a", ELSEWHERE, "session/./a")
    one("session//a", ELSEWHERE, "session//a")
    one("session/a/", ELSEWHERE, "session/a/")
    one("session", ELSEWHERE, "session")
    one("nothing", STRANGE, "")
    one("absolute", STRANGE, m.outside)
    one("//session/a", STRANGE, "//session/a")
    one("~/x", STRANGE, "~/x")
    one("below the transcript", STRANGE, "transcript.jsonl/x")
    one("Session/a", STRANGE, "Session/a")
    for path in ["x", "untracked", "commits.bundle/x", "tracked.patch.orig", "Untracked/x", "untracked/a/.git/config",
                 "untracked/.GIT", "untracked/.g\u200cit/hooks/x", "untracked/git~1/x", "untracked/.git. /x"]:
        one(f"changes/{path!a}", STRANGE, f"changes/{path}")
    one("changes/untracked/../x", ELSEWHERE, "changes/untracked/../../x")
    for path in ["settings.json", ".credentials.json", "CLAUDE.md", "projects/x/a.jsonl", "commands/x.md"]:
        one(path, STRANGE, path)
    one("with a backslash", CHARACTERS, "session/..\\..\\x")
    one("with a colon", CHARACTERS, "session/C:x")
    one("with a stream", CHARACTERS, "session/a::$DATA")
    one("with an escape", CHARACTERS, "session/\x1b[2J")
    one("with a delete", CHARACTERS, "session/\x7f")
    one("with a C1 control", CHARACTERS, "session/\u009b2J")
    one("with a line end", CHARACTERS, "session/a\nb")
    one("not in UTF-8", "not in UTF-8", b"session/\xff")
    one("with a slash too long", "not in UTF-8", b"session/..\xc0\xaf..\xc0\xafx")
    one("with half a pair", "not in UTF-8", b"session/\xed\xa0\x80")
    one("too deep", "too many folders", "session/1/2/3/4/5/6/7/8/9")
    one("a part too long", "too long", "session/" + "a" * 256)
    one("too long", "too long", "session/" + "/".join(["a" * 200] * 6))
    for device in ["CON", "nul", "Aux.txt", "com1", "LPT9.md", "COM\u00b9", "conin$", "nul .x", "prn/x"]:
        one(device, SYSTEMS, f"session/{device}")
    one("with a dot behind", SYSTEMS, "session/a.")
    one("with a space behind", SYSTEMS, "session/a ")
    one("with dots", SYSTEMS, "session/.../x")
    for folder in [".git", ".GIT", ".g\u200cit", "\uff0egit", "git~1", ".git ", ".git."]:
        one(f"{folder!a}", SYSTEMS, f"session/{folder}/config")


def twins(m) -> None:
    one = lambda name, first, second: m.holds(f"twins: {name}", TWINS, file(first), file(second))
    one("the same", "session/a", "session/a")
    one("case", "session/a", "session/A")
    one("case beyond ASCII", "session/\u00c4", "session/\u00e4")
    one("composed and not", "session/\u00e9", "session/e\u0301")
    one("marks in another order", "session/a\u0323\u0302", "session/a\u0302\u0323")
    one("sharp s", "session/stra\u00dfe", "session/STRASSE")
    one("capital sharp s", "session/\u1e9e", "session/\u00df")
    one("long s", "session/\u017f", "session/s")
    one("Kelvin", "session/\u212a", "session/k")
    one("final sigma", "session/\u03c2", "session/\u03a3")
    one("a ligature", "session/\ufb01", "session/FI")
    one("full width", "session/\uff21", "session/a")
    one("an iota below", "session/\u1fb3", "session/\u0391\u0399")
    one("Cherokee", "session/\uab70", "session/\u13a0")
    one("invisible", "session/a\u200db", "session/ab")
    one("a soft hyphen", "session/a\u00adb", "session/ab")
    one("a variation", "session/a\ufe0f", "session/a")
    one("folders", "session/a/1", "session/A/2")
    one("changes", "changes/untracked/stra\u00dfe", "changes/untracked/STRASSE")
    one("a folder over a file", "session/a", "session/a/b")
    one("a file over a folder", "session/a/b", "session/a")
    one("a folder over a file, in case", "session/a", "session/A/b")


def order(m) -> None:
    talk, side, plan = file("transcript.jsonl", m.talk), file("session/a"), file("plans/calm-otter.md")
    one = lambda name, says, *entries: m.packed(f"order: {name}", says, b"".join(entries) + END)
    one("the conversation first", ORDER, talk, m.manifest())
    one("no manifest", ORDER, side)
    one("no conversation", ORDER, m.manifest(), side)
    one("the conversation last", ORDER, m.manifest(), side, talk)
    one("only a manifest", NOTHING, m.manifest())
    one("only a conversation", ORDER, talk)
    one("two manifests", ORDER, m.manifest(), m.manifest(), talk)
    one("a manifest at the end", ORDER, m.begun(), m.manifest())
    one("two conversations", ORDER, m.begun(), talk)
    one("plans first", ORDER, m.begun(), plan, side)
    one("changes first", ORDER, m.begun(), file("changes/tracked.patch"), plan)
    one("memory first", ORDER, m.begun(), file("memory/MEMORY.md"), side)


def manifest(m) -> None:
    talk = file("transcript.jsonl", m.talk)
    says = lambda name, words, text: m.packed(f"manifest: {name}", words, m.manifest(text) + talk + END)
    lies = lambda name, words, **more: m.packed(f"manifest: {name}", words, m.manifest(**more) + talk + END)
    lies("another session", OTHER, session_id="0" * 8 + m.id[8:])
    lies("the session in capitals", OTHER, session_id=m.id.upper())
    lies("no session", WHAT, session_id=None)
    lies("a newer version", "newer cclink", version=2)
    lies("a far newer version", "newer cclink", version=2**64 - 1)
    for version in [0, -1, 1.5, 2**64, "1", None, [1], True]:
        lies(f"version {version!r}", WHAT, version=version)
    lies("a number for a host", WHAT, hostname=7)
    lies("a list for a title", WHAT, title=["x"])
    lies("a text for what was left out", WHAT, left_out="x")
    lies("bytes below zero", WHAT, left_out=[{"what": "x", "bytes": -1, "why": "y"}])
    for time in ["", "now", "2026-11-25", "+99999-01-01T00:00:00Z", "2026-11-25T00:00:60Z", "2026-13-01T00:00:00Z", 7]:
        lies(f"made at {time!r}", WHAT, created_at=time)
    says("nothing", WHAT, b"")
    says("no JSON", WHAT, b"hello")
    says("cut", WHAT, json.dumps(m.about).encode()[:-1])
    says("two values", WHAT, json.dumps(m.about).encode() * 2)
    says("a list", WHAT, b"[1]")
    says("no version", WHAT, json.dumps(m.about | {"version": None}).encode())
    says("in UTF-16", WHAT, json.dumps(m.about).encode("utf-16"))
    says("not in UTF-8", WHAT, json.dumps(m.about | {"title": "x"}).encode().replace(b'"x"', b'"\xff"'))
    says("nested 200 deep", WHAT, b'{"version":1,"x":' + b"[" * 200 + b"]" * 200 + b"}")
    says("nested 100,000 deep", WHAT, b'{"version":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    says("too large", WHAT, json.dumps(m.about).encode() + b" " * 262_144)
    says("a number too large", WHAT, json.dumps(m.about | {"left_out": [1]}).encode().replace(b"[1]", b"1e999"))


def conversation(m) -> None:
    one = lambda name, talk, claimed=None: m.packed(
        f"conversation: {name}", PUBLISHED, m.manifest() + file("transcript.jsonl", talk) + END,
        talk=talk if claimed is None else claimed)
    one("no JSONL", m.noise(2000))
    one("of another session", m.talk.replace(m.id.encode(), b"0" * 8 + m.id[8:].encode()))
    one("nothing", b"")
    one("shorter than published", m.talk[:-1], m.talk)
    one("its first line only", m.talk[: m.talk.index(b"\n") + 1], m.talk)
    one("other words, as long", m.talk.replace(b"Go on", b"Stop!"), m.talk)
    one("another end", m.talk * 2, m.talk + m.talk.replace(b"Done", b"Gone"))
    # Taken, without what is not its own.
    without = lambda name, path: m.holds(name, None, file(path), never=path.split("/")[-1])
    without("a plan of another session", "plans/brave-heron.md")
    without("a plan in a folder", "plans/calm-otter/x.md")
    without("a plan that is no plan", "plans/calm-otter.sh")
    without("a lock of claude's", "tasks/.lock")
    without("a task that is no task", "tasks/run.sh")
    without("a cache of claude's", "session/resume-head.jsonl")
    without("memory that nobody asked for", "memory/MEMORY.md")
    binding = b'{"type":"bridge-session","sessionId":"%s","bridgeSessionId":"session_01"}' % m.id.encode()
    m.packed("bound to a process", None, m.manifest() + file("transcript.jsonl", m.talk + binding + b"\n") + END,
             talk=m.talk + b" " * len(binding) + b"\n", never="bridge-session")
