//! The key file: 64 hex digits, plain (as Pubky tools write it) or inside a
//! passphrase-protected age file that `age -d` opens.

use std::fs;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use unicode_normalization::UnicodeNormalization;

use super::{StoreError, files};
use crate::handoff::{Hidden, Identity, PublicKey, Secret};

/// What every age file starts with.
const AGE_MAGIC: &[u8] = b"age-encryption.org/";
/// scrypt's work factor: the default of the age program.
const WORK_FACTOR: u8 = 18;
/// A file that asks for more than 4 × that is not ours to open.
const MAX_WORK_FACTOR: u8 = 20;

/// A key file as it lies on the disk.
pub struct KeyFile {
    path: PathBuf,
    content: Hidden<Vec<u8>>,
}

impl KeyFile {
    /// Reads the file; [`StoreError::Missing`] where there is none.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        match files::read(path)? {
            Some(content) => Ok(Self { path: path.to_owned(), content: Hidden::new(content) }),
            None if path.symlink_metadata().is_ok() => Err(StoreError::damaged(path, "is a broken link")),
            None => Err(StoreError::Missing(path.to_owned())),
        }
    }

    /// The same of bytes that came another way and are to lie at `path`.
    pub fn of(path: &Path, content: &[u8]) -> Self {
        Self { path: path.to_owned(), content: Hidden::new(content.to_vec()) }
    }

    /// Whether a passphrase is needed.
    pub fn is_protected(&self) -> bool {
        self.content.starts_with(AGE_MAGIC)
    }

    /// Whether it can be a key, as far as can be seen without its passphrase.
    pub fn check(&self) -> Result<(), StoreError> {
        if !self.is_protected() {
            return self.unlock(None).map(drop);
        }
        match age::Decryptor::new(self.content.as_slice()) {
            Ok(decryptor) if decryptor.is_scrypt() => Ok(()),
            Ok(_) => Err(StoreError::damaged(&self.path, "is an age file without a passphrase")),
            Err(_) => Err(StoreError::damaged(&self.path, "is a damaged age file")),
        }
    }

    /// Puts the file where it belongs, byte for byte. Without `overwrite` an
    /// existing one is left alone.
    pub fn put(&self, overwrite: bool) -> Result<(), StoreError> {
        let put = if overwrite { files::replace } else { files::create };
        put(&self.path, &self.content)
    }

    /// The identity in it. Slow (about a second) for a protected one.
    pub fn unlock(&self, passphrase: Option<&str>) -> Result<Identity, StoreError> {
        let seed = match passphrase {
            _ if !self.is_protected() => parse_seed(&self.content),
            None => return Err(StoreError::Passphrase(self.path.clone())),
            Some(passphrase) => {
                let mut identity = age::scrypt::Identity::new(normalized(passphrase));
                identity.set_max_work_factor(MAX_WORK_FACTOR);
                let plain =
                    age::decrypt(&identity, &self.content).map_err(|error| self.why_locked(&error))?;
                parse_seed(&Hidden::new(plain))
            }
        };
        let seed = seed.ok_or_else(|| {
            StoreError::damaged(
                &self.path,
                "is not a key: it should hold 64 hexadecimal digits, or an age file",
            )
        })?;
        Ok(Identity::from_seed(&seed))
    }

    fn why_locked(&self, error: &age::DecryptError) -> StoreError {
        use age::DecryptError::{DecryptionFailed, ExcessiveWork, NoMatchingKeys};
        match error {
            DecryptionFailed | NoMatchingKeys => StoreError::Passphrase(self.path.clone()),
            ExcessiveWork { .. } => {
                StoreError::damaged(&self.path, "demands far more work than cclink's own keys")
            }
            _ => StoreError::damaged(&self.path, "is a damaged age file"),
        }
    }

    /// Makes the file readable by its owner only, and says in words that it was
    /// not, or where the file system does not allow that (a Windows drive under
    /// WSL).
    pub fn tighten(path: &Path) -> Option<String> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            if files::others_may_read(path) {
                let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
                if files::others_may_read(path) {
                    return Some(format!(
                        "{} can be read by others, and its file system does not let that be changed: \
                         move it to a Linux folder (CCLINK_HOME) or protect it with a passphrase",
                        path.display()
                    ));
                }
                return Some(format!(
                    "Others could read {}; now only you can. If someone may have copied it, make a new key.",
                    path.display()
                ));
            }
        }
        None
    }
}

/// Writes a key file. An empty passphrase means none. Without `overwrite` an
/// existing file is left alone.
pub fn write(path: &Path, seed: &Secret, passphrase: &str, overwrite: bool) -> Result<(), StoreError> {
    let mut text = Hidden::new(String::with_capacity(65));
    for byte in seed.iter() {
        use std::fmt::Write;
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    let content = if passphrase.is_empty() {
        Hidden::new(text.as_bytes().to_vec())
    } else {
        let mut recipient = age::scrypt::Recipient::new(normalized(passphrase));
        recipient.set_work_factor(WORK_FACTOR);
        let sealed = age::encrypt(&recipient, text.as_bytes());
        Hidden::new(sealed.map_err(|error| StoreError::damaged(path, &error))?)
    };
    KeyFile { path: path.to_owned(), content }.put(overwrite)
}

/// The key that is in the way of another.
#[derive(Debug, PartialEq, Eq)]
pub enum OldKey {
    /// There is none.
    None,
    /// It is the same key, in plain: a copy would be one more to find.
    Same,
    /// It is kept there, too.
    KeptAt(PathBuf),
}

/// Copies a key file to a name beside it that is free, unless it is the key of
/// `public`, in plain.
pub fn keep_beside(path: &Path, public: &PublicKey) -> Result<OldKey, StoreError> {
    let Some(content) = files::read(path)?.map(Hidden::new) else { return Ok(OldKey::None) };
    if parse_seed(&content).is_some_and(|old| Identity::from_seed(&old).public() == *public) {
        return Ok(OldKey::Same);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let names = std::iter::once(format!("{name}.old")).chain((2..).map(|n| format!("{name}.old-{n}")));
    for beside in names.map(|name| path.with_file_name(name)) {
        match files::create(&beside, &content) {
            Err(StoreError::Exists(_)) => {}
            created => return created.map(|()| OldKey::KeptAt(beside)),
        }
    }
    Ok(OldKey::None)
}

/// A seed as 64 hex digits (white space around them ignored) or 32 raw bytes;
/// what editors and shells of Windows put before text is no part of it.
pub fn parse_seed(content: &[u8]) -> Option<Secret> {
    // 32 hex digits are half a key that was cut off, not 32 random bytes.
    if let Ok(raw) = <[u8; 32]>::try_from(content)
        && !raw.iter().all(u8::is_ascii_hexdigit)
    {
        return Some(Hidden::new(raw));
    }
    let text = plain_text(content);
    let hex = text.trim_ascii();
    let mut seed = Hidden::new([0; 32]);
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in seed.iter_mut().zip(hex.chunks_exact(2)) {
        let digit = |b: u8| char::from(b).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(seed)
}

/// Text without its byte order mark; of UTF-16 what ASCII there is.
fn plain_text(content: &[u8]) -> Hidden<Vec<u8>> {
    let unit = match content {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return Hidden::new(content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content).to_vec()),
    };
    let units = content[2..].chunks(2).map(|pair| <[u8; 2]>::try_from(pair).map_or(u16::MAX, unit));
    Hidden::new(units.map(|unit| u8::try_from(unit).unwrap_or(0)).collect())
}

/// NFC, so that `é` typed on two systems is one passphrase.
fn normalized(passphrase: &str) -> SecretString {
    SecretString::from(passphrase.nfc().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_hex_or_raw() {
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F\n";
        let raw: Vec<u8> = (0..32).collect();
        assert_eq!(parse_seed(hex.as_bytes()).unwrap().as_slice(), raw);
        assert_eq!(parse_seed(&raw).unwrap().as_slice(), raw);
        let utf16: Vec<u8> = hex.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bom in [[b"\xef\xbb\xbf", hex.as_bytes()].concat(), [b"\xff\xfe", utf16.as_slice()].concat()] {
            assert_eq!(parse_seed(&bom).unwrap().as_slice(), raw);
            assert!(parse_seed(&bom[..bom.len() - 5]).is_none());
        }
        for bad in
            [&hex.as_bytes()[..60], &hex.as_bytes()[..32], b"", b"zz", &raw[..31], "é".repeat(32).as_bytes()]
        {
            assert!(parse_seed(bad).is_none());
        }
    }

    #[test]
    fn a_key_opens_with_its_passphrase_however_it_is_typed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let seed = Hidden::new([7; 32]);
        write(&path, &seed, "caf\u{e9}", false).unwrap();
        let file = KeyFile::read(&path).unwrap();
        assert!(file.is_protected());
        assert_eq!(file.unlock(Some("cafe\u{301}")).unwrap().public(), Identity::from_seed(&seed).public());
        assert!(matches!(file.unlock(Some("cafe")), Err(StoreError::Passphrase(_))));
        assert!(matches!(file.unlock(None), Err(StoreError::Passphrase(_))));
        assert!(matches!(write(&path, &seed, "", false), Err(StoreError::Exists(_))));
        write(&path, &seed, "", true).unwrap();
        assert!(!KeyFile::read(&path).unwrap().is_protected());
    }
}
