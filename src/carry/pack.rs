//! Packing: a tar with fixed modes, owners and times, so that the same content makes
//! the same file but for its key.

use std::io::{self, Read, Write};

use tar::{Builder, EntryType, Header};

use super::file::seal_into;
use super::path::{Name, Part};
use super::{CarryError, Claim, Key, Manifest, Tell};

/// Bytes told at once.
const CHUNK: usize = 256 * 1024;

/// Something to pack.
pub struct Item<'a> {
    pub name: Name,
    /// How many bytes of it; there may be more.
    pub bytes: u64,
    /// Opens it.
    pub open: Box<dyn FnOnce() -> io::Result<Box<dyn Read + 'a>> + 'a>,
}

/// Packs and seals a session: the manifest, then what `items` gives, the transcript
/// first. Told are bytes as they were before.
pub fn pack<'a>(
    out: impl Write,
    key: Key,
    manifest: &Manifest,
    items: impl IntoIterator<Item = Item<'a>>,
    tell: &mut Tell<'_>,
) -> Result<Claim, CarryError> {
    let text = serde_json::to_vec(manifest).map_err(io::Error::from)?;
    seal_into(out, key, |packed| {
        let mut tar = Builder::new(packed);
        append(&mut tar, &Name::alone(Part::Manifest), text.len() as u64, &text[..])?;
        let mut done = 0;
        for Item { name, bytes, open } in items {
            let told = Told { inner: open()?.take(bytes), done: &mut done, tell };
            append(&mut tar, &name, bytes, told)?;
        }
        tar.finish()?;
        Ok(())
    })
}

fn append<W: Write>(
    tar: &mut Builder<W>,
    name: &Name,
    bytes: u64,
    from: impl Read,
) -> Result<(), CarryError> {
    let text = name.text().ok_or_else(|| CarryError::rule("a file's name is not portable"))?;
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_mtime(0);
    header.set_size(bytes);
    if header.set_path(&text).is_err() {
        // The header has room for about 250 bytes.
        tar.append_pax_extensions([("path", text.as_bytes())])?;
        header.set_path("long")?;
    }
    header.set_cksum();
    // The builder would write a shorter file without a word.
    let mut from = Exact { inner: from, left: bytes };
    tar.append(&header, &mut from)?;
    Ok(())
}

/// A file that must not end early: its length stands before it.
struct Exact<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it became shorter while it was packed",
            ));
        }
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

/// Tells how much went by.
struct Told<'a, 'b, R> {
    inner: R,
    done: &'a mut u64,
    tell: &'a mut Tell<'b>,
}

impl<R: Read> Read for Told<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(CHUNK);
        let read = self.inner.read(&mut buffer[..most])?;
        *self.done += read as u64;
        if (self.tell)(*self.done) {
            Ok(read)
        } else {
            // Not `Interrupted`: that would be tried again.
            Err(io::Error::other(CarryError::Cancelled))
        }
    }
}
