//! What the disk alone allows: the plainest program for each job.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

const WINDOW: u64 = 65_536;

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Every session's file, the newest first.
pub fn newest_first(root: &Path) -> Vec<(SystemTime, PathBuf)> {
    let mut all = Vec::new();
    for folder in root.join("projects").read_dir().unwrap().flatten() {
        if !folder.file_type().unwrap().is_dir() {
            continue;
        }
        for file in folder.path().read_dir().unwrap().flatten() {
            let metadata = file.metadata().unwrap();
            if metadata.is_file() {
                all.push((metadata.modified().unwrap(), file.path()));
            }
        }
    }
    all.sort_by(|a, b| b.cmp(a));
    all
}

fn on_threads(threads: usize, files: &[(SystemTime, PathBuf)], work: impl Fn(&Path, &mut Vec<u8>) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut buffer = vec![0; 1 << 20];
                while let Some((_, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(path, &mut buffer);
                }
            });
        }
    });
}

/// Reads the first and the last 64 KiB of each, and does nothing with them.
pub fn heads_and_tails(root: &Path, threads: usize) {
    on_threads(threads, &newest_first(root), |path, buffer| {
        let file = File::open(path).unwrap();
        let size = file.metadata().unwrap().len();
        if size <= 2 * WINDOW {
            file.read_at(&mut buffer[..2 * 65_536], 0).unwrap();
        } else {
            file.read_at(&mut buffer[..65_536], 0).unwrap();
            file.read_at(&mut buffer[65_536..2 * 65_536], size - WINDOW).unwrap();
        }
        std::hint::black_box(&buffer);
    });
}

/// Looks for these bytes in everything: to the first hit, and to the end.
pub fn memmem(root: &Path, needle: &str) -> (Duration, Duration) {
    let started = Instant::now();
    let first = Mutex::new(None);
    let finder = memchr::memmem::Finder::new(needle);
    on_threads(cores(), &newest_first(root), |path, buffer| {
        let file = File::open(path).unwrap();
        let mut at = 0;
        loop {
            let read = file.read_at(buffer, at).unwrap();
            if read == 0 {
                break;
            }
            if finder.find(&buffer[..read]).is_some() {
                first.lock().unwrap().get_or_insert(started.elapsed());
            }
            at += read as u64;
        }
    });
    let end = started.elapsed();
    (first.into_inner().unwrap().unwrap_or(end), end)
}

/// A process's peak memory in MB, by its id or `self`.
pub fn peak(process: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: f64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0.0);
    kilobytes / 1024.0
}
