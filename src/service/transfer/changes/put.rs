//! Files that git does not know, put into a tree: each where nothing is, never through
//! a link, and all of them or none.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What was made so far.
#[derive(Default)]
struct Made {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

/// Puts the files of a folder into a tree. After a failure none of them is there.
pub(super) fn put_all(from: &Path, names: &[PathBuf], top: &Path) -> io::Result<()> {
    let mut made = Made::default();
    let put = names.iter().try_for_each(|name| {
        let mut to = made.create(top, name)?;
        io::copy(&mut File::open(from.join(name))?, &mut to).map(drop)
    });
    if put.is_err() {
        made.undo();
    }
    put
}

/// Takes back what was put, and the folders that are empty then.
pub(super) fn take_all(names: &[PathBuf], top: &Path) {
    let mut folders: Vec<PathBuf> = Vec::new();
    for name in names {
        let _ = fs::remove_file(top.join(name));
        let above = name.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
        folders.extend(above.map(|above| top.join(above)));
    }
    folders.sort();
    folders.dedup();
    for folder in folders.iter().rev() {
        // One that holds something stays.
        let _ = fs::remove_dir(folder);
    }
}

impl Made {
    /// Creates a file that is not there, folder by folder, so that nothing on the way
    /// can be a link.
    #[cfg(unix)]
    fn create(&mut self, top: &Path, name: &Path) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags, mkdirat, open, openat};
        use rustix::io::Errno;

        let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let below = folder | OFlags::NOFOLLOW;
        let mut at = open(top, folder, Mode::empty())?;
        let mut path = top.to_owned();
        for part in name.parent().into_iter().flatten() {
            path.push(part);
            at = match openat(&at, part, below, Mode::empty()) {
                Err(Errno::NOENT) => {
                    mkdirat(&at, part, Mode::from_raw_mode(0o777))?;
                    self.folders.push(path.clone());
                    openat(&at, part, below, Mode::empty())?
                }
                opened => opened?,
            };
        }
        let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let last = name.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let file = openat(&at, last, new, Mode::from_raw_mode(0o666))?;
        self.files.push(top.join(name));
        Ok(File::from(file))
    }

    #[cfg(not(unix))]
    fn create(&mut self, top: &Path, name: &Path) -> io::Result<File> {
        let mut path = top.to_owned();
        for part in name.parent().into_iter().flatten() {
            path.push(part);
            match path.symlink_metadata() {
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
                Err(_) => {
                    fs::create_dir(&path)?;
                    self.folders.push(path.clone());
                }
            }
        }
        let file = File::create_new(top.join(name))?;
        self.files.push(top.join(name));
        Ok(file)
    }

    fn undo(&self) {
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}
