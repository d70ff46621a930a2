//! Proof that a folder is read and nothing else: as it was after as before, and
//! no call of the system that would have changed it was tried.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::device::walk;
use super::tool_is_missing;

/// Calls that only look.
const LOOKS: [&str; 13] = [
    "access",
    "chdir",
    "execve",
    "faccessat",
    "faccessat2",
    "getcwd",
    "inotify_add_watch",
    "lstat",
    "newfstatat",
    "readlink",
    "stat",
    "statfs",
    "statx",
];

/// All that a folder holds, `dir` itself included: which file it is, its mode,
/// owner and times, and what is in it. Only when it was last read is left out.
pub fn snapshot(dir: &Path) -> BTreeMap<PathBuf, (String, Vec<u8>)> {
    let one = |path: PathBuf| {
        let m = path.symlink_metadata().unwrap();
        let facts = format!(
            "{:o} {}:{} inode {} links {} size {} modified {}.{} changed {}.{}",
            m.mode(),
            m.uid(),
            m.gid(),
            m.ino(),
            m.nlink(),
            m.size(),
            m.mtime(),
            m.mtime_nsec(),
            m.ctime(),
            m.ctime_nsec()
        );
        let content = if m.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        (path, (facts, content))
    };
    walk(dir).into_iter().map(one).collect()
}

/// Takes everyone's right to write in `dir` away, or gives the owner's back.
pub fn set_writable(dir: &Path, writable: bool) {
    for path in walk(dir) {
        let mode = path.metadata().unwrap().permissions().mode();
        let mode = if writable { mode | 0o200 } else { mode & !0o222 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Said, and true, where no program can be traced: without strace, or in a
/// container that forbids it.
pub fn cannot_trace() -> bool {
    let may = || Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if tool_is_missing("strace") {
        return true;
    }
    let forbidden = !may().is_ok_and(|status| status.success());
    if forbidden {
        println!("skipped: tracing is not allowed here");
    }
    forbidden
}

/// How to run a program so that it leaves its calls in the file `trace`.
pub fn tracing(trace: &Path) -> [String; 6] {
    let trace = trace.to_str().unwrap();
    ["strace", "-f", "-y", "-etrace=%file,ftruncate,fchmod,fchown", "-o", trace].map(str::to_owned)
}

/// The calls in a trace that would write below `dir`, and how many only look.
pub fn writes(trace: &Path, dir: &Path) -> (Vec<String>, usize) {
    let calls = fs::read_to_string(trace).unwrap();
    let there = calls.lines().filter(|line| line.contains(dir.to_str().unwrap()));
    let (looks, writes): (Vec<&str>, Vec<&str>) = there.partition(|line| only_looks(line));
    (writes.into_iter().map(str::to_owned).collect(), looks.len())
}

fn only_looks(line: &str) -> bool {
    // `1234  openat(AT_FDCWD</tmp>, "/tmp/x", O_RDONLY|O_CLOEXEC) = 3</tmp/x>`
    let call = line.split_once(' ').map_or(line, |(_, call)| call.trim_start());
    let name = call.split_once('(').map_or(call, |(name, _)| name);
    let writes =
        ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"].iter().any(|flag| call.contains(flag));
    // The second half of a call that another thread's came between.
    let resumed = name.starts_with("<...");
    LOOKS.contains(&name) || resumed || (["open", "openat"].contains(&name) && !writes)
}
