//! Putting a finished file into Claude's folder, whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// What names of ours in Claude's folder begin with, while a copy is under way.
pub(crate) const OURS: &str = ".cclink-";
const ENDING: &str = ".tmp";

/// Moves `staged` to `target`, whatever is there: the old file or the whole new
/// one, at any moment, also when the power goes; for that its bytes are on the disk
/// before its name is, and a disk that turns out to be full then leaves the old one.
/// Its time becomes now, for claude sweeps by the time of a file. On another file
/// system it is copied beside the target first, under a name that says whose it is
/// (`id`) and that [`sweep`](super::sweep) knows.
///
/// # Errors
/// When it cannot be written; the target is as it was then.
pub fn put(staged: &Path, target: &Path, id: &str) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    private_dir(folder)?;
    let file = File::options().write(true).open(staged)?;
    file.set_modified(SystemTime::now())?;
    file.sync_all()?;
    match fs::rename(staged, target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let aside = folder.join(format!("{OURS}{id}-{}{ENDING}", std::process::id()));
            let result = copy_whole(staged, &aside).and_then(|()| fs::rename(&aside, target));
            if result.is_err() {
                let _ = fs::remove_file(&aside);
            }
            result?;
            sync(folder);
            // It is in its place, whatever becomes of what it was copied from.
            let _ = fs::remove_file(staged);
            Ok(())
        }
        result => {
            result?;
            sync(folder);
            Ok(())
        }
    }
}

/// What was renamed in a folder survives a power cut, where folders can be synced.
fn sync(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

fn copy_whole(from: &Path, to: &Path) -> io::Result<()> {
    let mut out = private_file(to)?;
    io::copy(&mut File::open(from)?, &mut out)?;
    out.sync_all()
}

/// A new file, or an emptied one, that only its owner may read.
///
/// # Errors
/// When it cannot be made.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn private_dir(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    missing.iter().filter_map(|made| made.parent()).for_each(sync);
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ID: &str = "11111111-2222-4333-8444-555555555555";

    #[test]
    fn a_file_takes_anothers_place_and_nothing_stays_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let (staged, target) = (dir.path().join("staged"), dir.path().join("claude/projects/x/t.jsonl"));
        for content in ["one", "two"] {
            fs::write(&staged, content).unwrap();
            put(&staged, &target, ID).unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), content);
            assert!(!staged.exists());
        }
        assert_eq!(target.parent().unwrap().read_dir().unwrap().count(), 1);
    }
}
