//! Files on the machine where a session lives, over the user's own SSH: the
//! system's `ssh` opens the connection (keys, agents, jump hosts, prompts), its
//! SFTP subsystem gives bytes, and no shell there sees a path of ours.
//!
//! Every question is waited for only so long: a machine that goes to sleep in the
//! middle, or never answers at all, holds nobody up.

mod answer;
mod names;
mod writing;

use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use bytes::BytesMut;
use futures::StreamExt;
use openssh_sftp_client::file::File;
use openssh_sftp_client::metadata::{FileType, MetaData};
use openssh_sftp_client::{Sftp, SftpOptions, UnixTimeStamp};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::process::{Child, ChildStderr};

pub(crate) use self::answer::{Answer, No};
use self::answer::{answered, in_time};
use crate::resume::{CONNECT, SshWay};
use crate::service::{Error, Result, child};
use crate::text;

/// Bytes asked for at once; the other side may give fewer.
pub(crate) const CHUNK: u32 = 256 * 1024;
/// What ssh says when it fails is short.
const MOST_WORDS: u64 = 4096;
/// How long it may take to say it: something that ssh left in the background may
/// keep the line open.
const WORDS: Duration = Duration::from_secs(2);
/// How long an SSH server gives a person to log in.
const LOGIN: Duration = Duration::from_mins(2);
/// Options for ssh: when it gives up a machine that went away, also where this
/// program was killed and asks no more.
const ALIVE: [&str; 4] = ["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"];
/// Entries of a folder that are looked at.
pub(crate) const MOST_ENTRIES: usize = 100_000;

/// An open connection. Ends when it is dropped.
pub(crate) struct Remote {
    sftp: Sftp,
    /// How long the other side may give nothing.
    stall: Duration,
    _child: Child,
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Folder,
    File,
    /// A symbolic link, to whatever.
    Link,
    /// A pipe, a socket, a device, or what the other side does not say.
    Other,
}

/// An entry of a folder.
pub(crate) struct RemoteEntry {
    pub name: String,
    pub shape: Shape,
    /// Bytes, as the other side says.
    pub size: u64,
    /// When it was last written, as the other side says.
    pub modified: Option<SystemTime>,
}

/// A folder's entries, and what of it cannot be had. One that is not there is
/// empty.
#[derive(Default)]
pub(crate) struct Listing {
    pub entries: Vec<RemoteEntry>,
    /// Why it cannot be listed, or not to its end.
    pub no: Option<No>,
    /// Names that no file here gets, as they can be shown: not in UTF-8, or no
    /// part of a path.
    pub odd: Vec<String>,
    /// It has more than [`MOST_ENTRIES`].
    pub more: bool,
}

/// A file that is being read.
pub(crate) struct Reading {
    file: File,
    /// Where the next bytes begin.
    at: u64,
    stall: Duration,
}

impl Remote {
    /// Connects. `asks`: a user is at the terminal and can answer ssh. `stall`: how
    /// long the other side may give nothing, then and afterwards.
    pub async fn open(way: &SshWay<'_>, asks: bool, stall: Duration) -> Result<Self> {
        let mut more = vec!["-T", "-o", CONNECT];
        more.extend(ALIVE);
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
            return Err(Error::failed("No connection to `ssh`."));
        };
        let (said, heard) = tokio::io::duplex(CHUNK as usize);
        // It ends with either end.
        tokio::spawn(names::hand_on(stdout, heard));
        // Who has to look for a password is not hurried.
        let patience = if asks { stall + LOGIN } else { stall };
        match in_time(patience, Sftp::new(stdin, said, SftpOptions::default())).await? {
            Ok(sftp) => Ok(Self { sftp, stall, _child: child }),
            Err(error) => Err(unreached(way.address, &error, stderr).await),
        }
    }

    /// The user's home folder there.
    pub async fn home(&self) -> Result<PathBuf> {
        let home = answered(self.stall, self.sftp.fs().canonicalize(".")).await?;
        home.map_err(|no| no.about(Path::new(".")))
    }

    /// A folder's entries; none where there is no such folder.
    pub async fn list(&self, path: &Path) -> Result<Listing> {
        let mut listing = Listing::default();
        let dir = match answered(self.stall, self.sftp.fs().open_dir(path)).await? {
            Ok(dir) => dir,
            Err(no) => {
                listing.no = Some(no).filter(|no| !no.missing);
                return Ok(listing);
            }
        };
        let mut entries = std::pin::pin!(dir.read_dir());
        for seen in 0.. {
            let next = async { entries.next().await.transpose() };
            match answered(self.stall, next).await? {
                Ok(None) => break,
                Ok(Some(_)) if seen == MOST_ENTRIES => {
                    listing.more = true;
                    break;
                }
                Ok(Some(entry)) => listing.take(entry.filename(), &entry.metadata()),
                Err(no) => {
                    listing.no = Some(no);
                    break;
                }
            }
        }
        Ok(listing)
    }

    /// The size of a regular file, also behind a link; `None` for what is none.
    pub async fn size(&self, path: &Path) -> Result<Answer<Option<u64>>> {
        let metadata = answered(self.stall, self.sftp.fs().metadata(path)).await?;
        Ok(match metadata {
            Ok(metadata) if metadata.file_type().is_some_and(|kind| kind.is_file()) => Ok(metadata.len()),
            Err(no) if !no.missing => Err(no),
            _ => Ok(None),
        })
    }

    /// When a file was last written.
    pub async fn modified(&self, path: &Path) -> Result<Option<SystemTime>> {
        let metadata = answered(self.stall, self.sftp.fs().symlink_metadata(path)).await?;
        Ok(metadata.ok().and_then(|metadata| metadata.modified()).map(UnixTimeStamp::as_system_time))
    }

    /// Opens a file to read.
    pub async fn read(&self, path: &Path) -> Result<Answer<Reading>> {
        let file = answered(self.stall, self.sftp.open(path)).await?;
        Ok(file.map(|file| Reading { file, at: 0, stall: self.stall }))
    }

    /// A small file, whole; `None` where it cannot be had or is larger than `limit`.
    /// What it says of its own length does not count: in `/proc` it is 0.
    pub async fn small(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
        // A pipe would be waited for.
        if !matches!(self.size(path).await?, Ok(Some(_))) {
            return Ok(None);
        }
        let Ok(mut file) = self.read(path).await? else { return Ok(None) };
        let mut content = Vec::new();
        loop {
            match file.next(32_768).await? {
                Ok(None) => return Ok(Some(content)),
                Ok(Some(chunk)) if (content.len() + chunk.len()) as u64 <= limit => {
                    content.extend_from_slice(&chunk);
                }
                _ => return Ok(None),
            }
        }
    }

    /// The bytes of a file from `start` to `end`, or to where it ends.
    pub async fn range(&self, path: &Path, start: u64, end: u64) -> Result<Vec<u8>> {
        let mut file = self.read(path).await?.map_err(|no| no.about(path))?;
        file.go_to(start);
        let mut content = Vec::new();
        while let Some(left) = end.checked_sub(start + content.len() as u64).filter(|left| *left > 0) {
            let most = u32::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            match file.next(most).await?.map_err(|no| no.about(path))? {
                Some(chunk) => content.extend_from_slice(&chunk),
                None => break,
            }
        }
        Ok(content)
    }

    /// Where a symbolic link leads.
    pub async fn link(&self, path: &Path) -> Result<Option<PathBuf>> {
        Ok(answered(self.stall, self.sftp.fs().read_link(path)).await?.ok())
    }
}

impl Reading {
    /// The next bytes, at most `most`; `None` at the end.
    pub async fn next(&mut self, most: u32) -> Result<Answer<Option<BytesMut>>> {
        let (at, file) = (self.at, &mut self.file);
        let read = async {
            // Its own count goes by what was asked for, and fewer may have come.
            file.seek(SeekFrom::Start(at)).await?;
            file.read(most, BytesMut::new()).await
        };
        let read = answered(self.stall, read).await?.map(|chunk| chunk.filter(|chunk| !chunk.is_empty()));
        if let Ok(Some(chunk)) = &read {
            self.at += chunk.len() as u64;
        }
        Ok(read)
    }

    /// Goes on reading there.
    pub fn go_to(&mut self, start: u64) {
        self.at = start;
    }
}

impl Listing {
    fn take(&mut self, name: &Path, metadata: &MetaData) {
        let plain = name.to_str().filter(|name| {
            // Whatever the other side says, a name is one part of a path.
            !name.is_empty() && !name.contains(['/', '\0'])
        });
        match plain {
            Some("." | "..") => {}
            None => self.odd.push(text::clean(name.to_string_lossy().trim_start_matches(names::CHANGED))),
            Some(name) => self.entries.push(RemoteEntry {
                name: name.to_owned(),
                shape: metadata.file_type().map_or(Shape::Other, Shape::of),
                size: metadata.len().unwrap_or(0),
                modified: metadata.modified().map(UnixTimeStamp::as_system_time),
            }),
        }
    }
}

impl Shape {
    fn of(kind: FileType) -> Self {
        match kind {
            kind if kind.is_dir() => Self::Folder,
            kind if kind.is_file() => Self::File,
            kind if kind.is_symlink() => Self::Link,
            _ => Self::Other,
        }
    }
}

/// Why there is no connection, in ssh's words where it has some.
async fn unreached(address: &str, error: &openssh_sftp_client::Error, stderr: ChildStderr) -> Error {
    let mut said = Vec::new();
    let mut stderr = stderr.take(MOST_WORDS);
    let _ = tokio::time::timeout(WORDS, stderr.read_to_end(&mut said)).await;
    let said = text::clean_lines(&String::from_utf8_lossy(&said));
    let last = said.lines().rfind(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned());
    if let (None, openssh_sftp_client::Error::SftpServerHelloMsgTooLong { .. }) = (&last, error) {
        return Error::failed(format!("{address} answers, but not with SFTP.")).advise(
            "Does a shell start-up file there print something? It must stay silent unless it runs on a terminal.",
        );
    }
    let last = last.unwrap_or_else(|| "no answer".to_owned());
    Error::failed(format!("{address} cannot be reached over SSH: {last}."))
        .advise(format!("Try `ssh {address}` yourself; is that machine awake and its SSH server running?"))
}
