//! The key of a sealed file, what a record says of it, and the layers around it.

use std::cell::Cell;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::{BEHIND, CarryError, Tell};
use crate::handoff::record::sixteen;
use crate::handoff::{Carry, Hidden, extract_and_expand, seal, z32};

/// zstd's: three quarters of the time of 19, and most of its gain.
const LEVEL: i32 = 9;
/// Logarithm of the bytes that zstd looks back when packing: transcripts repeat
/// themselves far apart, and 16 MB keep all of it below 64 MB of memory.
const WINDOW_LOG: u32 = 24;
/// The same when unpacking. More memory no reader gives.
const MOST_WINDOW_LOG: u32 = 27;
/// How much larger than sealed a file may be; conversations shrink to a tenth.
const MOST_TIMES: u64 = 200;
/// So much is always read, for files that shrink to nothing: checkpoints and new files
/// of a project may be 64 MB each, and hold zeros alone.
const ALWAYS: u64 = 192 * 1024 * 1024;
/// More is never read.
const MOST: u64 = 2 * 1024 * 1024 * 1024;
const LOCK: &[u8] = b"cclink/1 carry lock";
const NAME: &[u8] = b"cclink/1 carry name";
/// Bytes of age's own header, of which ours has some 300. Its reader begins anew with
/// each line of it, so a long one would hold us up for hours.
const LONGEST_HEADER: u64 = 16 * 1024;
/// Bytes hashed at once.
const CHUNK: usize = 256 * 1024;

/// 16 random bytes from which lock and name of one file follow.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Hidden<[u8; 16]>);

impl Key {
    /// A new one.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut key = Hidden::new([0; 16]);
        getrandom::fill(key.as_mut_slice())?;
        Ok(Self(key))
    }

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Hidden::new(bytes))
    }

    /// From 22 characters of base64url.
    pub fn parse(text: &str) -> Option<Self> {
        sixteen(text).map(Self::from_bytes)
    }

    /// 22 characters of base64url.
    pub fn to_text(&self) -> Hidden<String> {
        Hidden::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    /// What opens the file: `age -d -i` takes its text (`AGE-SECRET-KEY-1…`).
    pub fn lock(&self) -> age::x25519::Identity {
        seal::age_identity(&extract_and_expand(self.0.as_slice(), &[LOCK]))
    }

    /// The file's name wherever it lies: 26 characters of z-base-32.
    pub fn name(&self) -> String {
        z32::encode(&extract_and_expand(self.0.as_slice(), &[NAME])[..16])
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What a signed record says of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What opens it.
    pub key: Key,
    /// First 16 bytes of SHA-256 over the sealed file.
    pub hash: [u8; 16],
    /// Its sealed length.
    pub bytes: u64,
}

impl Claim {
    /// What a record says; `None` for one that was not checked.
    pub fn of(carry: &Carry) -> Option<Self> {
        let key = Key::parse(&carry.key)?;
        Some(Self { key, hash: sixteen(&carry.hash)?, bytes: carry.bytes })
    }

    /// How many bytes a reader takes out of it at most.
    pub fn most(&self) -> u64 {
        self.bytes.saturating_mul(MOST_TIMES).clamp(ALWAYS, MOST)
    }

    /// Whether a file is the one that was signed, by its length and hash.
    pub fn check(&self, file: &mut impl Read) -> Result<(), CarryError> {
        check(file, self, &mut |_| true)
    }

    /// As a record says it.
    pub fn to_record(&self) -> Carry {
        let (key, hash) = (self.key.to_text().to_string(), URL_SAFE_NO_PAD.encode(self.hash));
        Carry { key, hash, bytes: self.bytes }
    }
}

/// Seals what `fill` writes; gives what a record has to say of it.
pub(super) fn seal_into<W: Write>(
    out: W,
    key: Key,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), CarryError>,
) -> Result<Claim, CarryError> {
    let recipient = key.lock().to_public();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        .map_err(io::Error::other)?;
    let sealed = encryptor.wrap_output(Hashing { out, hash: Sha256::new(), bytes: 0 })?;
    let mut packed = zstd::Encoder::new(sealed, LEVEL)?;
    packed.long_distance_matching(true)?;
    packed.window_log(WINDOW_LOG)?;
    packed.include_checksum(true)?;
    fill(&mut packed)?;
    let mut hashing = packed.finish()?.finish()?;
    hashing.out.flush()?;
    let hash = hashing.hash.finalize();
    Ok(Claim { key, hash: first(&hash), bytes: hashing.bytes })
}

/// Whether all of a file was read a second time, and was the same.
pub(super) type Same = Rc<Cell<bool>>;

/// What a file holds, after its length and hash were found to be those of the claim.
/// Not yet bounded.
pub(super) fn opened<'a, R: Read + Seek + 'a>(
    mut file: R,
    claim: &Claim,
    tell: &mut Tell<'_>,
) -> Result<(impl Read + use<'a, R>, Same), CarryError> {
    check(&mut file, claim, tell)?;
    file.seek(SeekFrom::Start(0))?;
    if !has_short_header(&mut file)? {
        return Err(CarryError::WrongKey);
    }
    file.seek(SeekFrom::Start(0))?;
    let same = Same::default();
    let file = Again { file, hash: Sha256::new(), left: claim.bytes, wanted: claim.hash, same: same.clone() };
    let decryptor = age::Decryptor::new_buffered(io::BufReader::with_capacity(CHUNK, file));
    let lock = claim.key.lock();
    let opened = decryptor
        .and_then(|decryptor| decryptor.decrypt(std::iter::once(&lock as &dyn age::Identity)))
        .map_err(|_| CarryError::WrongKey)?;
    let mut plain = zstd::Decoder::new(opened)?.single_frame();
    plain.window_log_max(MOST_WINDOW_LOG)?;
    Ok((Alone(plain), same))
}

/// A file that lies where others write may be another one when it is read again.
struct Again<R> {
    file: R,
    hash: Sha256,
    left: u64,
    wanted: [u8; 16],
    same: Same,
}

impl<R: Read> Read for Again<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read(&mut buffer[..most])?;
        self.hash.update(&buffer[..read]);
        self.left -= read as u64;
        if self.left == 0 {
            self.same.set(first(&self.hash.clone().finalize()) == self.wanted);
        }
        Ok(read)
    }
}

fn has_short_header(file: &mut impl Read) -> io::Result<bool> {
    let mut start = Vec::new();
    file.by_ref().take(LONGEST_HEADER).read_to_end(&mut start)?;
    Ok(start.windows(5).any(|end| end == b"\n--- "))
}

/// One frame with nothing behind it: whoever read to its end has read age's last
/// chunk, too.
struct Alone<'a, R: BufRead>(zstd::Decoder<'a, R>);

impl<R: BufRead> Read for Alone<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        if read == 0 && !buffer.is_empty() && !self.0.get_mut().fill_buf()?.is_empty() {
            return Err(io::Error::other(CarryError::rule(BEHIND)));
        }
        Ok(read)
    }
}

fn check(file: &mut impl Read, claim: &Claim, tell: &mut Tell<'_>) -> Result<(), CarryError> {
    let (mut hash, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK]);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        if bytes > claim.bytes {
            break;
        }
        hash.update(&chunk[..read]);
        if !tell(bytes) {
            return Err(CarryError::Cancelled);
        }
    }
    if bytes != claim.bytes {
        return Err(CarryError::NotThis("its length differs"));
    }
    if first(&hash.finalize()) != claim.hash {
        return Err(CarryError::NotThis("its content differs"));
    }
    Ok(())
}

fn first(hash: &[u8]) -> [u8; 16] {
    std::array::from_fn(|at| hash.get(at).copied().unwrap_or_default())
}

/// Counts and hashes what goes by.
struct Hashing<W> {
    out: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
