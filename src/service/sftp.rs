//! Files on the machine where a session lives, over the user's own SSH: the
//! system's `ssh` opens the connection (keys, agents, jump hosts, prompts), its
//! SFTP subsystem gives bytes, and no shell there sees a path of ours.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use futures::StreamExt;
use openssh_sftp_client::file::File;
use openssh_sftp_client::{Sftp, SftpOptions};
use tokio::io::AsyncReadExt;
use tokio::process::Child;

use super::{Error, Result, child};
use crate::resume::SshWay;
use crate::text;

/// Seconds until a host that does not answer is given up.
const CONNECT: &str = "ConnectTimeout=15";
/// What ssh says when it fails is short.
const MOST_WORDS: u64 = 4096;
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
            plain.then_some(Entry { name, is_dir: kind.is_dir(), is_file: kind.is_file() })
        });
        entries.collect().await
    }

    /// The size of a regular file (not of what a link points to).
    pub async fn size(&self, path: &Path) -> Option<u64> {
        let metadata = self.sftp.fs().symlink_metadata(path).await.ok()?;
        metadata.file_type()?.is_file().then(|| metadata.len())?
    }

    /// Opens a file to read.
    pub async fn read(&self, path: &Path) -> Result<File> {
        self.sftp.open(path).await.map_err(|error| failed(path, &error))
    }

    /// A small file, whole; `None` where it is missing or larger than `limit`.
    pub async fn small(&self, path: &Path, limit: u64) -> Option<Vec<u8>> {
        let size = self.size(path).await.filter(|size| *size <= limit)?;
        let mut file = self.read(path).await.ok()?;
        let mut content = Vec::new();
        while (content.len() as u64) < size {
            let chunk = file.read(32_768, bytes::BytesMut::new()).await.ok()??;
            if chunk.is_empty() {
                return None;
            }
            content.extend_from_slice(&chunk);
        }
        Some(content)
    }
}

/// A failure of the other side, with the path it is about.
pub(super) fn failed(path: &Path, error: &openssh_sftp_client::Error) -> Error {
    Error::failed(format!("{} cannot be read there: {error}.", text::clean(&path.to_string_lossy())))
}
