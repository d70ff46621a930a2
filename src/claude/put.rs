//! Putting a finished file into Claude's folder, whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What names of ours in Claude's folder begin with, while a copy is under way.
const OURS: &str = ".cclink-";
const ENDING: &str = ".tmp";

/// Moves `staged` to `target`, whatever is there: the old file or the whole new
/// one, at any moment. Its time becomes now, for claude sweeps by the time of a
/// file. On another file system it is copied beside the target first, under a
/// name that says whose it is (`id`) and that [`sweep`] knows.
///
/// # Errors
/// When it cannot be written; the target is as it was then.
pub fn put(staged: &Path, target: &Path, id: &str) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    private_dir(folder)?;
    File::options().write(true).open(staged)?.set_modified(SystemTime::now())?;
    match fs::rename(staged, target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let aside = folder.join(format!("{OURS}{id}-{}{ENDING}", std::process::id()));
            let result = copy_whole(staged, &aside).and_then(|()| fs::rename(&aside, target));
            if result.is_err() {
                let _ = fs::remove_file(&aside);
            }
            result?;
            fs::remove_file(staged)?;
        }
        result => result?,
    }
    // Survives a power cut where folders can be synced.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
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
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Of which session a copy of ours is; older versions named none.
fn session_of(name: &str) -> Option<String> {
    name.strip_prefix(OURS)?.get(..36).and_then(super::session_id)
}

/// Removes what an interrupted run left in these folders. `is_over` says of a
/// session whether nobody is bringing it now; what names no session is removed
/// when it is a day old.
pub fn sweep(folders: &[PathBuf], is_over: &dyn Fn(&str) -> bool) {
    let a_day_old = |path: &Path| {
        let age = path.symlink_metadata().and_then(|meta| meta.modified()).map(|time| time.elapsed());
        matches!(age, Ok(Ok(age)) if age.as_secs() > 24 * 60 * 60)
    };
    for entry in folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(OURS)) else { continue };
        let path = entry.path();
        if session_of(name).map_or_else(|| a_day_old(&path), |id| is_over(&id)) {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let _ = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
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

    #[test]
    fn only_interrupted_copies_of_ours_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let other = ID.replace('1', "2");
        let [over, running] = [ID, other.as_str()].map(|id| format!(".cclink-{id}-77.tmp"));
        for name in [&*over, &*running, ".cclink-AbCdEf.tmp", "t.jsonl", "cclink.tmp"] {
            fs::write(at(name), "").unwrap();
        }
        fs::create_dir(at(".cclink-GhIjKl")).unwrap();
        let day = SystemTime::now() - std::time::Duration::from_hours(25);
        File::options().write(true).open(at(".cclink-AbCdEf.tmp")).unwrap().set_modified(day).unwrap();
        sweep(&[dir.path().to_owned(), at("gone")], &|id| id == ID);
        let left =
            dir.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut left: Vec<String> = left.collect();
        left.sort();
        assert_eq!(left, [&*running, ".cclink-GhIjKl", "cclink.tmp", "t.jsonl"]);
    }
}
