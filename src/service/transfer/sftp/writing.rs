//! Writing there: whole files of ours, in a folder of ours.

use std::path::Path;

use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::{Answer, CHUNK, Remote, answered};
use crate::service::{Error, Result};
use crate::text;

impl Remote {
    /// Makes a folder, unless it is there.
    pub async fn make_folder(&self, path: &Path) -> Result<()> {
        let mut fs = self.sftp.fs();
        let made = answered(self.stall, fs.dir_builder().create(path)).await?;
        match made {
            Err(no) if self.list(path).await?.no.is_some() || !self.is_there(path).await? => {
                Err(Error::failed(format!("{} cannot be made there: {}.", shown(path), no.why)))
            }
            _ => Ok(()),
        }
    }

    /// Whether there is anything of this name.
    async fn is_there(&self, path: &Path) -> Result<bool> {
        Ok(answered(self.stall, self.sftp.fs().metadata(path)).await?.is_ok())
    }

    /// Writes a file of this machine there, under another name first; told are the bytes
    /// that are there.
    pub async fn write(&self, from: &Path, to: &Path, tell: &mut (dyn FnMut(u64) + Send)) -> Result<()> {
        let aside = to.with_extension("part");
        // Left by one that was killed.
        drop(self.remove(&aside).await?);
        let failed = |why: String| Error::failed(format!("{} cannot be written there: {why}.", shown(to)));
        let mut options = self.sftp.options();
        let opened =
            answered(self.stall, options.write(true).create(true).truncate(true).open(&aside)).await?;
        let mut there = opened.map_err(|no| failed(no.why))?;
        let mut here = File::open(from).await.map_err(|error| failed(error.to_string()))?;
        let (mut chunk, mut done) = (vec![0; CHUNK as usize], 0);
        loop {
            let read = here.read(&mut chunk).await.map_err(|error| failed(error.to_string()))?;
            if read == 0 {
                break;
            }
            let written = answered(self.stall, there.write_all(&chunk[..read])).await?;
            written.map_err(|no| failed(no.why))?;
            done += read as u64;
            tell(done);
        }
        answered(self.stall, there.close()).await?.map_err(|no| failed(no.why))?;
        let renamed = answered(self.stall, self.sftp.fs().rename(&aside, to)).await?;
        renamed.map_err(|no| failed(no.why))
    }

    /// Removes a file; one that is not there is no error.
    pub async fn remove(&self, path: &Path) -> Result<Answer<()>> {
        let removed = answered(self.stall, self.sftp.fs().remove_file(path)).await?;
        Ok(match removed {
            Err(no) if no.missing => Ok(()),
            removed => removed,
        })
    }
}

fn shown(path: &Path) -> String {
    text::clean(&path.to_string_lossy())
}
