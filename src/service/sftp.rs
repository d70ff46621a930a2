//! Files on the machine where a session lives, over the user's own SSH: the
//! system's `ssh` opens the connection (keys, agents, jump hosts, prompts), its
//! SFTP subsystem gives bytes, and no shell there sees a path of ours.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use bytes::BytesMut;
use futures::StreamExt;
use openssh_sftp_client::file::File;
use openssh_sftp_client::{Sftp, SftpOptions, UnixTimeStamp};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::process::Child;

use super::{Error, Result, child};
use crate::resume::{CONNECT, SshWay};
use crate::text;

/// Bytes asked for at once; the other side may give fewer.
pub(super) const CHUNK: u32 = 256 * 1024;
/// What ssh says when it fails is short.
const MOST_WORDS: u64 = 4096;
/// How long the other side may give nothing.
const STALL: Duration = Duration::from_secs(30);
/// Entries of a folder that are looked at.
const MOST_ENTRIES: usize = 100_000;

/// An open connection. Ends when it is dropped.
pub(super) struct Remote {
    sftp: Sftp,
    _child: Child,
}

/// An entry of a folder.
pub(super) struct Entry {
    pub name: String,
    pub is_dir: bool,
    pub is_file: bool,
    /// Bytes, as the other side says.
    pub size: u64,
    /// When it was last written, as the other side says.
    pub modified: Option<SystemTime>,
}

impl Remote {
    /// Connects. `asks`: a user is at the terminal and can answer ssh.
    pub async fn open(way: &SshWay<'_>, asks: bool) -> Result<Self> {
        let mut more = vec!["-T", "-o", CONNECT];
        if !asks {
            more.extend(["-o", "BatchMode=yes"]);
        }
        more.push("-s");
        let words = way.ssh(&more);
        let mut child = child(&words[0])
            .args(&words[1..])
            .arg("sftp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Error::failed(format!("`ssh` could not be started: {error}.")))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Error::failed("`ssh` could not be talked to."));
        };
        if let Ok(sftp) = Sftp::new(stdin, stdout, SftpOptions::default()).await {
            Ok(Self { sftp, _child: child })
        } else {
            let mut said = Vec::new();
            let _ = stderr.take(MOST_WORDS).read_to_end(&mut said).await;
            let said = text::clean_lines(&String::from_utf8_lossy(&said));
            let last =
                said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no answer").trim().to_owned();
            Err(Error::failed(format!("{} cannot be reached over SSH: {last}.", way.address)).advise(
                format!(
                    "Try `ssh {}` yourself; is that machine awake, and is its SSH server on?",
                    way.address
                ),
            ))
        }
    }

    /// The user's home folder there.
    pub async fn home(&self) -> Result<PathBuf> {
        self.sftp.fs().canonicalize(".").await.map_err(|error| failed(Path::new("."), &error))
    }

    /// A folder's entries; none where there is no such folder.
    pub async fn list(&self, path: &Path) -> Vec<Entry> {
        let Ok(dir) = self.sftp.fs().open_dir(path).await else { return Vec::new() };
        let entries = dir.read_dir().take(MOST_ENTRIES).filter_map(async |entry| {
            let entry = entry.ok()?;
            let name = entry.filename().to_str()?.to_owned();
            let kind = entry.file_type()?;
            // Whatever the other side says, a name is one part of a path.
            let plain = !matches!(name.as_str(), "" | "." | "..") && !name.contains(['/', '\0']);
            let metadata = entry.metadata();
            plain.then(|| Entry {
                name,
                is_dir: kind.is_dir(),
                is_file: kind.is_file(),
                size: metadata.len().unwrap_or(0),
                modified: metadata.modified().map(UnixTimeStamp::as_system_time),
            })
        });
        entries.collect().await
    }

    /// The size of a regular file (not of what a link points to).
    pub async fn size(&self, path: &Path) -> Option<u64> {
        let metadata = self.sftp.fs().symlink_metadata(path).await.ok()?;
        metadata.file_type()?.is_file().then(|| metadata.len())?
    }

    /// When a file was last written.
    pub async fn modified(&self, path: &Path) -> Option<SystemTime> {
        let metadata = self.sftp.fs().symlink_metadata(path).await.ok()?;
        metadata.modified().map(UnixTimeStamp::as_system_time)
    }

    /// Opens a file to read.
    pub async fn read(&self, path: &Path) -> Result<File> {
        self.sftp.open(path).await.map_err(|error| failed(path, &error))
    }

    /// A small file, whole; `None` where it is missing or larger than `limit`.
    /// What it says of its own length does not count: in `/proc` it is 0.
    pub async fn small(&self, path: &Path, limit: u64) -> Option<Vec<u8>> {
        self.size(path).await?;
        let mut file = self.read(path).await.ok()?;
        let mut content = Vec::new();
        while let Some(chunk) = next(&mut file, path, 32_768).await.ok()? {
            content.extend_from_slice(&chunk);
            if content.len() as u64 > limit {
                return None;
            }
        }
        Some(content)
    }

    /// The bytes of a file from `start` to `end`, or to where it ends.
    pub async fn range(&self, path: &Path, start: u64, end: u64) -> Result<Vec<u8>> {
        let mut file = self.read(path).await?;
        file.seek(SeekFrom::Start(start)).await.map_err(|error| Error::failed(error.to_string()))?;
        let mut content = Vec::new();
        while let Some(left) = end.checked_sub(start + content.len() as u64).filter(|left| *left > 0) {
            let most = u32::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            match next(&mut file, path, most).await? {
                Some(chunk) => content.extend_from_slice(&chunk),
                None => break,
            }
        }
        Ok(content)
    }

    /// Where a symbolic link leads.
    pub async fn link(&self, path: &Path) -> Option<PathBuf> {
        self.sftp.fs().read_link(path).await.ok()
    }
}

/// The next bytes of a file, at most `most`; `None` at its end. Gives up when
/// none come for long.
pub(super) async fn next(file: &mut File, path: &Path, most: u32) -> Result<Option<BytesMut>> {
    let read = tokio::time::timeout(STALL, file.read(most, BytesMut::new())).await;
    let read = read.map_err(|_| {
        Error::failed(format!("The other machine has sent nothing for {} s.", STALL.as_secs()))
            .advise("What came is kept: the next try goes on there.")
    })?;
    Ok(read.map_err(|error| failed(path, &error))?.filter(|chunk| !chunk.is_empty()))
}

/// A failure of the other side, with the path it is about.
pub(super) fn failed(path: &Path, error: &openssh_sftp_client::Error) -> Error {
    let (path, why) = (text::clean(&path.to_string_lossy()), text::clean(&error.to_string()));
    Error::failed(format!("{path} cannot be read there: {}.", text::fit(&why, 200)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_other_side_says_is_inert_and_short() {
        let said = format!("no \u{1b}]52;c;AAAA\u{7}\u{1b}[31mway\u{202e} {}", "x".repeat(5000));
        let error = openssh_sftp_client::Error::IOError(std::io::Error::other(said));
        let message = failed(Path::new("/a\u{1b}[2J/b"), &error).message;
        assert!(text::is_clean(&message) && message.contains("/a/b"), "{message:?}");
        assert!(message.contains("way") && message.len() < 400, "{message:?}");
    }
}
