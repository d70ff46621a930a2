//! Sealed files: there and back, and as somebody else might make them.

use std::collections::HashMap;
use std::fs;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::DateTime;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};
use tempfile::TempDir;

use super::file::seal_into;
use super::*;

const ID: &str = "5f0c1b1e-1111-4222-8333-444455556666";

fn manifest() -> Manifest {
    Manifest {
        version: 1,
        session_id: ID.to_owned(),
        hostname: "desk".to_owned(),
        project: "/home/dana/src/uploader".to_owned(),
        created_at: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        claude: Some("2.1.332".to_owned()),
        title: None,
        git: None,
        changes: None,
        left_out: vec![LeftOut { what: "a checkpoint".to_owned(), bytes: 7, why: "too large".to_owned() }],
    }
}

fn item(part: Part, path: &str, content: &[u8]) -> Item<'static> {
    let name = Name::of(part, Path::new(path)).unwrap();
    let content = content.to_vec();
    Item { name, bytes: content.len() as u64, open: Box::new(|| Ok(Box::new(Cursor::new(content)))) }
}

fn transcript(content: &[u8]) -> Item<'static> {
    Item { name: Name::alone(Part::Transcript), ..item(Part::Session, "x", content) }
}

fn all(_: u64) -> bool {
    true
}

/// A folder of its own, and where the parts go in it.
struct Place {
    dir: TempDir,
    targets: Targets,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("inside");
        let folders = [Part::Session, Part::History, Part::Plans, Part::Tasks, Part::Memory, Part::Changes]
            .map(|part| (part, inside.join(format!("{part:?}"))));
        let targets = Targets { transcript: inside.join("transcript"), folders: HashMap::from(folders) };
        Self { dir, targets }
    }

    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.dir.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    let name = entry.path().strip_prefix(self.dir.path().join("inside")).unwrap().to_owned();
                    files.push((name, fs::read(entry.path()).unwrap()));
                }
            }
        }
        files.sort();
        files
    }
}

fn packed(items: Vec<Item<'_>>) -> (Vec<u8>, Claim) {
    let mut out = Vec::new();
    let claim = pack(&mut out, Key::generate().unwrap(), &manifest(), items, &mut all).unwrap();
    assert_eq!(claim.bytes, out.len() as u64);
    (out, claim)
}

#[test]
fn what_was_packed_comes_out() {
    let long = format!("{}/{}.jsonl", "deep".repeat(20), "n".repeat(200));
    let large = (0..3_000_000u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
    let (file, claim) = packed(vec![
        transcript(&large),
        item(Part::Session, "subagents/agent-1.jsonl", b"one"),
        item(Part::Session, "tool-results/ein Name mit ümlaut.txt", b""),
        item(Part::History, &long, b"checkpoint"),
        item(Part::Plans, "brave-otter.md", b"# plan"),
        item(Part::Tasks, "1.json", b"{}"),
    ]);
    let place = Place::new();
    let came = unpack(Cursor::new(&file), &claim, ID, &place.targets, &mut all).unwrap();
    assert_eq!(came, manifest());
    let files = place.files();
    let names: Vec<String> = files.iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    assert_eq!(
        names,
        [
            &format!("History/{long}"),
            "Plans/brave-otter.md",
            "Session/subagents/agent-1.jsonl",
            "Session/tool-results/ein Name mit ümlaut.txt",
            "Tasks/1.json",
            "transcript"
        ]
    );
    assert!(files[5].1 == large);
    let written = fs::metadata(&place.targets.transcript).unwrap().modified().unwrap();
    assert_eq!(written, std::time::SystemTime::from(manifest().created_at));
}

#[test]
fn its_key_tells_everything_and_shows_nothing() {
    let key = Key::from_bytes([7; 16]);
    assert_eq!(Key::parse(&key.to_text()), Some(key.clone()));
    assert_eq!((key.to_text().len(), key.name().len()), (22, 26));
    assert_eq!(format!("{key:?}"), "Key(…)");
    // The last character has four bits too many.
    for wrong in ["", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(Key::parse(wrong), None, "{wrong}");
    }
    let (file, claim) = packed(vec![transcript(b"{}\n")]);
    // Whoever has the key needs nothing of ours.
    let sealed = age::Decryptor::new(&file[..]).unwrap();
    let lock = claim.key.lock();
    let mut opened = sealed.decrypt(std::iter::once(&lock as &dyn age::Identity)).unwrap();
    let mut plain = Vec::new();
    opened.read_to_end(&mut plain).unwrap();
    let mut tar = tar::Archive::new(zstd::Decoder::new(&plain[..]).unwrap());
    let names: Vec<String> =
        tar.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
    assert_eq!(names, ["manifest.json", "transcript.jsonl"]);
}

#[test]
fn another_file_is_refused_before_it_is_opened() {
    let (file, claim) = packed(vec![transcript(&[b'x'; 100_000])]);
    let fails = |file: &[u8], claim: &Claim| {
        let place = Place::new();
        let error = unpack(Cursor::new(file), claim, ID, &place.targets, &mut all).unwrap_err();
        assert_eq!(place.files(), [], "{error}");
        error
    };
    for end in [0, 1, 100, file.len() - 1] {
        assert!(matches!(fails(&file[..end], &claim), CarryError::NotThis(_)), "{end}");
    }
    let longer = [&file[..], b"x"].concat();
    assert!(matches!(fails(&longer, &claim), CarryError::NotThis(_)));
    let mut other = file.clone();
    *other.last_mut().unwrap() ^= 1;
    assert!(matches!(fails(&other, &claim), CarryError::NotThis(_)));
    let wrong = Claim { key: Key::from_bytes([1; 16]), ..claim.clone() };
    assert!(matches!(fails(&file, &wrong), CarryError::WrongKey));
    let place = Place::new();
    let error = unpack(Cursor::new(&file), &claim, "another", &place.targets, &mut all).unwrap_err();
    assert_eq!(error.to_string(), "it holds another session");
    let mut none = |_| false;
    let error = unpack(Cursor::new(&file), &claim, ID, &place.targets, &mut none).unwrap_err();
    assert!(matches!(error, CarryError::Cancelled));
    let stopped = pack(Vec::new(), claim.key, &manifest(), vec![transcript(b"x")], &mut none);
    assert!(stopped.is_err());
}

#[test]
fn what_becomes_shorter_while_it_is_packed_is_no_file() {
    let shorter = Item { bytes: 4, ..transcript(b"abc") };
    let packed = pack(Vec::new(), Key::from_bytes([0; 16]), &manifest(), vec![shorter], &mut all);
    assert!(packed.unwrap_err().to_string().contains("shorter"));
    // What grows is taken as far as was said.
    let (file, claim) = self::packed(vec![Item { bytes: 2, ..transcript(b"abc") }]);
    let place = Place::new();
    unpack(Cursor::new(file), &claim, ID, &place.targets, &mut all).unwrap();
    assert_eq!(fs::read(&place.targets.transcript).unwrap(), b"ab");
}

/// One entry as it is asked for, whatever it is.
fn raw(name: &[u8], kind: EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_mode(0o600);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut bytes = [header.as_bytes(), content].concat();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn file(name: &str, content: &[u8]) -> Vec<u8> {
    raw(name.as_bytes(), EntryType::Regular, content)
}

/// The two entries that every file has.
fn begun() -> Vec<u8> {
    let text = serde_json::to_vec(&manifest()).unwrap();
    [file("manifest.json", &text), file("transcript.jsonl", b"{}\n")].concat()
}

/// What the reader says of a tar that was sealed as it should be.
fn verdict(tar: &[u8]) -> Result<Place, String> {
    let mut out = Vec::new();
    let fill = |packed: &mut dyn Write| Ok(packed.write_all(tar)?);
    let claim = seal_into(&mut out, Key::from_bytes([3; 16]), fill).unwrap();
    let place = Place::new();
    let read = unpack(Cursor::new(out), &claim, ID, &place.targets, &mut all);
    let outside = place.dir.path().read_dir().unwrap().any(|entry| entry.unwrap().file_name() != "inside");
    assert!(!outside, "something was written outside");
    read.map(|_| place).map_err(|error| error.to_string())
}

#[test]
fn what_does_not_belong_is_refused() {
    let end = [0; 1024];
    let tar = |more: &[Vec<u8>]| [begun(), more.concat(), end.to_vec()].concat();
    assert_eq!(verdict(&tar(&[])).unwrap().files().len(), 1);
    let pax = |text: &str| raw(b"pax", EntryType::XHeader, text.as_bytes());
    let ok = |name: &str| file(name, b"x");
    let cases: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("leads elsewhere", vec![ok("session/../../x")]),
        ("leads elsewhere", vec![ok("session/./x")]),
        ("leads elsewhere", vec![ok("session//x")]),
        ("leads elsewhere", vec![ok("session/")]),
        ("leads elsewhere", vec![ok("session")]),
        ("none of a session's", vec![ok("/etc/passwd")]),
        ("none of a session's", vec![ok("settings.json")]),
        ("none of a session's", vec![ok("../session/x")]),
        ("do not belong", vec![ok("session/C:x")]),
        ("do not belong", vec![ok("session/a\\b")]),
        ("do not belong", vec![ok("session/a\nb")]),
        ("not in UTF-8", vec![raw(b"session/\xff", EntryType::Regular, b"")]),
        ("too many folders", vec![ok("session/1/2/3/4/5/6/7/8/9")]),
        ("take for one", vec![ok("session/a"), ok("session/a")]),
        ("take for one", vec![ok("session/a"), ok("session/A")]),
        ("take for one", vec![ok("session/\u{e9}"), ok("session/e\u{301}")]),
        ("take for one", vec![ok("session/a"), ok("session/a/b")]),
        ("take for one", vec![ok("session/a/b"), ok("session/a")]),
        ("take for one", vec![ok("session/a/b"), ok("session/A/c")]),
        ("take for one", vec![ok("session/stra\u{df}e"), ok("session/STRASSE")]),
        ("take for one", vec![ok("session/\u{3c2}"), ok("session/\u{3a3}")]),
        ("take for one", vec![ok("session/a\u{200d}b"), ok("session/ab")]),
        ("on some systems", vec![ok("session/nul .txt")]),
        ("on some systems", vec![ok("session/COM\u{b9}/x")]),
        ("on some systems", vec![ok("session/a.")]),
        ("on some systems", vec![ok("session/.g\u{200c}IT/config")]),
        ("not in order", vec![ok("plans/x"), ok("session/x")]),
        ("not in order", vec![ok("manifest.json")]),
        ("not in order", vec![ok("transcript.jsonl")]),
        ("not a plain file", vec![raw(b"session/l", EntryType::Symlink, b"")]),
        ("not a plain file", vec![raw(b"session/l", EntryType::Link, b"")]),
        ("not a plain file", vec![raw(b"session/l", EntryType::Directory, b"")]),
        ("not a plain file", vec![raw(b"session/l", EntryType::Char, b"")]),
        ("not a plain file", vec![raw(b"session/l", EntryType::Fifo, b"")]),
        ("not a plain file", vec![raw(b"session/l", EntryType::GNUSparse, b"")]),
        ("not a plain file", vec![raw(b"session/l", EntryType::GNULongName, b"session/x\0")]),
        ("not a plain file", vec![raw(b"g", EntryType::XGlobalHeader, b"11 path=x\n")]),
        ("not a plain file", vec![pax("11 path=ab\n"), pax("11 path=ab\n")]),
        ("none of ours", vec![pax("12 path=abc")]),
        ("none of ours", vec![pax("99 path=abc\n")]),
        ("none of ours", vec![pax("+19 path=session/b\n"), ok("session/a")]),
        ("none of ours", vec![in_base_256("session/a", 1)]),
        ("none of ours", vec![in_base_256("session/a", (1 << 64) + 1)]),
        ("none of ours", vec![pax("11 size=99\n"), ok("session/a")]),
        ("none of ours", vec![pax("21 path=a\n11 mode=77\n"), ok("session/a")]),
        ("none of a session's", vec![pax("15 path=/etc/x\n"), ok("session/a")]),
        ("no conversation", vec![pax("18 path=session/b\n")]),
        ("too long", vec![pax(&format!("1122 path=session/{}\n", "x".repeat(1103))), ok("session/a")]),
    ];
    for (words, more) in cases {
        let said = verdict(&tar(&more)).map(|place| place.files()).unwrap_err();
        assert!(said.contains(words), "{words}: {said}");
    }
    // The manifest and the transcript themselves.
    let text = serde_json::to_string(&manifest()).unwrap();
    let talk = || file("transcript.jsonl", b"{}\n");
    for (words, start) in [
        ("not in order", talk()),
        ("no conversation", file("manifest.json", text.as_bytes())),
        ("not in order", [file("manifest.json", text.as_bytes()), ok("session/x")].concat()),
        ("what it is", [file("manifest.json", b"{}"), talk()].concat()),
        ("what it is", [file("manifest.json", &vec![b' '; 300_000]), talk()].concat()),
        ("newer cclink", [file("manifest.json", b"{\"version\":2}"), talk()].concat()),
        ("what it is", [file("manifest.json", text.replace(":1,", ":0,").as_bytes()), talk()].concat()),
        (
            "another session",
            [file("manifest.json", text.replace("5f0c", "5f0d").as_bytes()), talk()].concat(),
        ),
        ("no conversation", Vec::new()),
    ] {
        let said = verdict(&[start, end.to_vec()].concat()).map(|place| place.files()).unwrap_err();
        assert!(said.contains(words), "{words}: {said}");
    }
    let behind = [tar(&[]), b"something else".to_vec()].concat();
    assert!(verdict(&behind).map(drop).unwrap_err().contains("behind its end"));
    let many: Vec<Vec<u8>> = (0..20_001).map(|number| file(&format!("session/{number}"), b"")).collect();
    assert!(verdict(&tar(&many)).map(drop).unwrap_err().contains("too many"));
    let deep: Vec<Vec<u8>> =
        (0..8000).map(|number| file(&format!("plans/{number}/d/d/d/d/d/d/x"), b"")).collect();
    assert!(verdict(&tar(&deep)).map(drop).unwrap_err().contains("too many"));
    let mut escape = file("session/\u{1b}[2J", b"x");
    escape[148..156].copy_from_slice(b"\x1b]0;xx\x07\0");
    let said = verdict(&tar(&[escape])).map(drop).unwrap_err();
    assert!(said.contains("damaged") && crate::text::is_clean(&said), "{said:?}");
}

/// A file of one byte whose size is written as GNU writes large ones.
fn in_base_256(name: &str, size: u128) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.set_path(name).unwrap();
    let bytes = (size | 1 << 95).to_be_bytes();
    header.as_old_mut().size.copy_from_slice(&bytes[4..]);
    header.set_cksum();
    [header.as_bytes().as_slice(), b"x", &[0; 511]].concat()
}

/// What is said of a file with these bytes, under its own hash.
fn said_of(sealed: Vec<u8>, place: &Place) -> Result<Manifest, String> {
    let hash = Sha256::digest(&sealed);
    let bytes = sealed.len() as u64;
    let claim = Claim { key: Key::from_bytes([3; 16]), hash: std::array::from_fn(|at| hash[at]), bytes };
    unpack(Cursor::new(sealed), &claim, ID, &place.targets, &mut all).map_err(|error| error.to_string())
}

fn sealed(packed: &[u8]) -> Vec<u8> {
    let recipient = Key::from_bytes([3; 16]).lock().to_public();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as _)).unwrap();
    let mut out = encryptor.wrap_output(Vec::new()).unwrap();
    out.write_all(packed).unwrap();
    out.finish().unwrap()
}

#[test]
fn nothing_follows_behind_the_one_frame() {
    let frame = zstd::encode_all(&[begun(), vec![0; 1024]].concat()[..], 3).unwrap();
    let place = Place::new();
    said_of(sealed(&frame), &place).unwrap();
    for more in [b"x".to_vec(), frame.clone(), vec![0; 1 << 20], b"\x50\x2a\x4d\x18\0\0\0\0".to_vec()] {
        let said = said_of(sealed(&[frame.clone(), more].concat()), &Place::new()).unwrap_err();
        assert_eq!(said, "something follows behind its end");
    }
}

/// Another file, whenever it is read again.
struct Swapped(Vec<Cursor<Vec<u8>>>);

impl Read for Swapped {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0[0].read(buffer)
    }
}

impl Seek for Swapped {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        if self.0.len() > 1 {
            self.0.remove(0);
        }
        self.0[0].seek(to)
    }
}

#[test]
fn a_file_that_is_swapped_after_it_was_checked_is_refused() {
    let frame = |word: &[u8]| {
        let tar = [begun(), file("session/a", word), vec![0; 1024]].concat();
        zstd::encode_all(&tar[..], 3).unwrap()
    };
    let ours = sealed(&frame(b"ours"));
    let hash = Sha256::digest(&ours);
    let claim = Claim {
        key: Key::from_bytes([3; 16]),
        hash: std::array::from_fn(|at| hash[at]),
        bytes: ours.len() as u64,
    };
    let take = |theirs: Vec<u8>| {
        let swapped = Swapped([ours.clone(), theirs].map(Cursor::new).into());
        unpack(swapped, &claim, ID, &Place::new().targets, &mut all).map_err(|error| error.to_string())
    };
    take(ours.clone()).unwrap();
    // Age makes files of many lengths.
    let as_long = std::iter::repeat_with(|| sealed(&frame(b"evil"))).find(|file| file.len() == ours.len());
    let said = take(as_long.unwrap()).unwrap_err();
    assert!(said.contains("it changed while it was read"), "{said}");
    let of_any_length = (0..50).map(|_| sealed(&frame(b"evil")));
    assert!(of_any_length.map(take).all(|taken| taken.is_err()));
}

#[test]
fn a_long_header_holds_nobody_up() {
    for stanzas in ["-> x\n\n".repeat(300_000), format!("-> {}\n", "x".repeat(3_000_000))] {
        let said = said_of(format!("age-encryption.org/v1\n{stanzas}").into_bytes(), &Place::new());
        assert_eq!(said.unwrap_err(), "its key does not open it");
    }
}

#[test]
fn nothing_comes_from_the_future() {
    let place = Place::new();
    let about = Manifest { created_at: DateTime::from_timestamp(253_402_300_799, 0).unwrap(), ..manifest() };
    let mut out = Vec::new();
    let claim =
        pack(&mut out, Key::from_bytes([3; 16]), &about, vec![transcript(b"{}\n")], &mut all).unwrap();
    unpack(Cursor::new(out), &claim, ID, &place.targets, &mut all).unwrap();
    let written = fs::metadata(&place.targets.transcript).unwrap().modified().unwrap();
    assert!(written <= std::time::SystemTime::now());
}

#[test]
fn changes_have_three_names_and_no_others() {
    let end = [0; 1024];
    let tar = |name: &str| [begun(), file("memory/x", b""), file(name, b"x"), end.to_vec()].concat();
    for name in [
        "changes/commits.bundle",
        "changes/tracked.patch",
        "changes/untracked/a",
        "changes/untracked/.gitignore",
        "changes/untracked/.github/a b",
        "changes/untracked/commits.bundle",
    ] {
        let place = verdict(&tar(name)).unwrap();
        let below = name.strip_prefix("changes/").unwrap();
        assert!(place.targets.folders[&Part::Changes].join(below).is_file(), "{name}");
    }
    for name in [
        "changes/other",
        "changes/Commits.bundle",
        "changes/commits.bundle/x",
        "changes/untracked",
        "changes/other/x",
        "changes/untracked/.git/hooks/post-checkout",
        "changes/untracked/a/.git",
        "changes/untracked/.GiT/config",
        "changes/untracked/.g\u{200c}it/config",
        "changes/untracked/.git ./config",
        "changes/untracked/GIT~1/config",
    ] {
        let said = verdict(&tar(name)).map(|place| place.files()).unwrap_err();
        assert!(said.contains("none of a session's"), "{name}: {said}");
    }
    // Written only where somebody asked for it, and after everything else.
    let mut place = Place::new();
    place.targets.folders.remove(&Part::Changes);
    let (sealed, claim) = packed(vec![transcript(b"{}\n"), item(Part::Changes, "untracked/a", b"x")]);
    unpack(Cursor::new(sealed), &claim, ID, &place.targets, &mut all).unwrap();
    assert_eq!(place.files().len(), 1);
    let early = [begun(), file("changes/untracked/a", b""), file("memory/x", b""), end.to_vec()].concat();
    assert!(verdict(&early).map(drop).unwrap_err().contains("not in order"));
}

#[test]
fn a_manifest_says_what_changes_are_based_on_and_an_older_one_does_not() {
    let changes = Changes { head: "0".repeat(40), branch: None, unpushed: 2 };
    let with = Manifest { changes: Some(changes), ..manifest() };
    let text = serde_json::to_value(&with).unwrap();
    assert_eq!(serde_json::from_value::<Manifest>(text).unwrap(), with);
    let text = serde_json::to_value(manifest()).unwrap();
    assert!(text.get("changes").is_none());
    assert_eq!(serde_json::from_value::<Manifest>(text).unwrap(), manifest());
}

#[test]
fn a_bomb_is_stopped_by_its_length() {
    let size = 200 * 1024 * 1024;
    let mut header = Header::new_ustar();
    header.set_path("session/bomb").unwrap();
    header.set_size(size);
    header.set_cksum();
    let fill = |packed: &mut dyn Write| {
        packed.write_all(&begun())?;
        packed.write_all(header.as_bytes())?;
        for _ in 0..200 {
            packed.write_all(&vec![0; 1024 * 1024])?;
        }
        Ok(())
    };
    let mut out = Vec::new();
    let claim = seal_into(&mut out, Key::from_bytes([3; 16]), fill).unwrap();
    let place = Place::new();
    let error = unpack(Cursor::new(out), &claim, ID, &place.targets, &mut all).unwrap_err();
    assert_eq!(error.to_string(), "it holds far more than was said");
}

#[test]
fn cut_anywhere_inside_it_is_damaged() {
    let text = serde_json::to_vec(&manifest()).unwrap();
    let mut seed = 7u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    })
    .take(40_000)
    .collect();
    let whole = [
        file("manifest.json", &text),
        file("transcript.jsonl", &noise),
        file("session/a", b"x"),
        vec![0; 1024],
    ]
    .concat();
    assert!(verdict(&whole).is_ok());
    for end in (0..whole.len()).step_by(512) {
        assert!(verdict(&whole[..end]).is_err(), "cut at {end}");
    }
}

proptest! {
    #[test]
    fn a_name_that_is_taken_is_printed_as_it_was(text in "(session|plans|history|memory|changes/untracked|changes|x)(/[^\\x00]{0,12}){0,4}") {
        if let Ok(name) = Name::parse(text.as_bytes()) {
            prop_assert_eq!(name.text().unwrap(), text);
            prop_assert!(name.path.is_relative());
            let plain = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
            prop_assert!(name.path.components().all(plain));
        }
    }

    #[test]
    fn no_bytes_stop_the_reader(tar in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let _ = verdict(&tar);
        let _ = verdict(&[begun(), tar].concat());
    }
}
