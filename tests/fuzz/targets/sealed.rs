//! Any bytes as a sealed file, layer by layer, through the reader. It may refuse them
//! all; what it takes lies where it belongs, and can travel on.
//!
//! ```sh
//! mkdir -p tests/fuzz/corpus/sealed
//! TMPDIR=/dev/shm RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz sealed \
//!   tests/fuzz/corpus/sealed tests/fuzz/seeds/sealed \
//!   -- -dict=tests/fuzz/sealed.dict -max_len=16384 -max_total_time=600
//! ```
#![no_main]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use cclink::carry::{Claim, Item, Key, Manifest, Name, Part, Targets, pack, unpack};
use cclink::text::is_clean;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};
use tempfile::TempDir;

const ID: &str = "11111111-2222-4333-8444-555555555555";
const KEY: [u8; 16] = [3; 16];
const PARTS: [Part; 5] = [Part::Session, Part::History, Part::Plans, Part::Memory, Part::Changes];
const MANIFEST: &str = r#"{"version":1,"session_id":"11111111-2222-4333-8444-555555555555","hostname":"desk","project":"/home/dana/wx","created_at":"2026-11-25T00:00:00Z"}"#;
/// At most so much comes out of little files.
const MOST: u64 = 192 << 20;
const BLOCK: usize = 512;

// The first byte says which layer the others are; the layers around it are sound.
fuzz_target!(|bytes: &[u8]| {
    let Some((layer, bytes)) = bytes.split_first() else { return };
    let file = match layer {
        b'a' => bytes.to_vec(),
        b'f' => sealed(bytes),
        b't' => sealed(&packed(&mended(bytes.to_vec()))),
        b'b' => sealed(&packed(&mended([&begun(), bytes, &[0; 2 * BLOCK]].concat()))),
        _ => sealed(&packed(&[begun(), entries(bytes), vec![0; 2 * BLOCK]].concat())),
    };
    let there = Place::new();
    if let Some(manifest) = there.take(file) {
        travels_on(&manifest, &there);
    }
});

/// Where one file is unpacked.
struct Place {
    dir: TempDir,
    targets: Targets,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let inside = dir.path().join("inside");
        let folders = PARTS.map(|part| (part, inside.join(format!("{part:?}")))).into();
        let targets = Targets { transcript: inside.join("transcript"), folders };
        Self { dir, targets }
    }

    /// Unpacks it under its own hash, and looks at what was written and said.
    fn take(&self, file: Vec<u8>) -> Option<Manifest> {
        let hash = Sha256::digest(&file);
        let claim = Claim {
            key: Key::from_bytes(KEY),
            hash: std::array::from_fn(|at| hash[at]),
            bytes: file.len() as u64,
        };
        let result = unpack(Cursor::new(file), &claim, ID, &self.targets, &mut |_| true);
        self.check();
        match result {
            Ok(manifest) => {
                assert_eq!((manifest.version, manifest.session_id.as_str()), (1, ID));
                assert!(self.targets.transcript.is_file(), "no conversation");
                Some(manifest)
            }
            Err(error) => {
                let said = error.to_string();
                assert!(is_clean(&said) && !said.is_empty(), "not safe to show: {said:?}");
                None
            }
        }
    }

    /// Plain files below their folders, each once however it is read, and not too many
    /// bytes of them.
    fn check(&self) {
        let known = |name: &Path| {
            let first = name.iter().nth(1).map(|part| part.to_string_lossy().into_owned());
            name.starts_with("inside")
                && first.is_none_or(|first| {
                    first == "transcript" || PARTS.iter().any(|p| format!("{p:?}") == first)
                })
        };
        let (mut all, mut bytes) = (BTreeSet::new(), 0);
        for path in below(self.dir.path()) {
            let name = path.strip_prefix(self.dir.path()).expect("below it");
            let metadata = path.symlink_metadata().expect("it is there");
            assert!(metadata.is_file() || metadata.is_dir(), "no plain file: {name:?}");
            assert!(known(name), "written elsewhere: {name:?}");
            assert!(all.insert(name.to_string_lossy().to_lowercase()), "twins: {name:?}");
            bytes += if metadata.is_file() { metadata.len() } else { 0 };
        }
        assert!(bytes <= MOST, "{bytes} bytes came out");
    }

    /// What lies there, in the order of a sealed file.
    fn items(&self) -> Vec<(Name, Vec<u8>)> {
        let read = |path: &Path| fs::read(path).expect("it was written");
        let mut items = vec![(Name::transcript(), read(&self.targets.transcript))];
        for part in PARTS {
            let folder = &self.targets.folders[&part];
            for path in below(folder).into_iter().filter(|path| path.is_file()) {
                let name = Name::of(part, path.strip_prefix(folder).expect("below it"));
                items.push((name.unwrap_or_else(|| panic!("cannot travel on: {path:?}")), read(&path)));
            }
        }
        items
    }
}

/// Packed again and unpacked elsewhere it is the same.
fn travels_on(manifest: &Manifest, there: &Place) {
    let items = there.items();
    let packed = items.iter().map(|(name, content)| Item {
        name: name.clone(),
        bytes: content.len() as u64,
        open: Box::new(move || Ok(Box::new(Cursor::new(content)))),
    });
    let mut file = Vec::new();
    pack(&mut file, Key::from_bytes(KEY), manifest, packed, &mut |_| true).expect("it is packed");
    let again = Place::new();
    assert_eq!(again.take(file).as_ref(), Some(manifest));
    assert!(again.items() == items, "it came out differently");
}

/// All that lies below a folder, sorted.
fn below(folder: &Path) -> Vec<PathBuf> {
    let (mut all, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
            all.push(entry.path());
        }
    }
    all.sort();
    all
}

fn sealed(packed: &[u8]) -> Vec<u8> {
    let recipient = Key::from_bytes(KEY).lock().to_public();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as _)).expect("one recipient");
    let mut out = encryptor.wrap_output(Vec::new()).expect("a header");
    out.write_all(packed).expect("memory");
    out.finish().expect("memory")
}

fn packed(tar: &[u8]) -> Vec<u8> {
    zstd::encode_all(tar, 1).expect("memory")
}

fn entry(name: &[u8], kind: EntryType, size: u64, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    let field = &mut header.as_old_mut().name;
    let long = name.len().min(field.len());
    field[..long].copy_from_slice(&name[..long]);
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_cksum();
    let padding = vec![0; content.len().next_multiple_of(BLOCK) - content.len()];
    [header.as_bytes(), content, &padding].concat()
}

fn begun() -> Vec<u8> {
    let file = |name: &str, content: &[u8]| {
        entry(name.as_bytes(), EntryType::Regular, content.len() as u64, content)
    };
    [file("manifest.json", MANIFEST.as_bytes()), file("transcript.jsonl", b"{}\n")].concat()
}

/// A line for each: its kind (pax: a long name and a file), a byte that its size is off by
/// where it is no digit, and its name; the content follows from them.
fn entries(bytes: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').take(64) {
        let [kind, size, name @ ..] = line else { continue };
        let content = vec![*size; usize::from(size % 8) * 100];
        let off = u64::from(if size.is_ascii_digit() { 0 } else { *size });
        match kind {
            b'p' => {
                let rest = name.len() + " path=\n".len();
                let length =
                    (1..5).map(|digits| rest + digits).find(|all| all.to_string().len() == all - rest);
                let Some(length) = length else { continue };
                let record = [format!("{length} path=").as_bytes(), name, b"\n"].concat();
                tar.extend(entry(b"pax", EntryType::XHeader, record.len() as u64, &record));
                tar.extend(entry(b"long", EntryType::Regular, content.len() as u64 + off, &content));
            }
            b'0' | b' '..=b'/' => {
                tar.extend(entry(name, EntryType::Regular, content.len() as u64 + off, &content))
            }
            kind => tar.extend(entry(name, EntryType::new(*kind), content.len() as u64 + off, &content)),
        }
    }
    tar
}

/// The tar with right checksums, where headers stand: else no change would get further.
fn mended(mut tar: Vec<u8>) -> Vec<u8> {
    for block in tar.chunks_exact_mut(BLOCK).filter(|block| block[257..262] == *b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    tar
}
