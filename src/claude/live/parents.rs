//! The session around this process, found by walking up to the claude that
//! started it: versions before 2.1.132 say nothing in the environment.

use crate::claude::Store;

/// Steps upwards: a shell in a shell in a script is three.
const HIGHEST: usize = 64;

impl Store {
    /// The session that the nearest of this process's parents has open. Where
    /// there is no `/proc`, only the direct parent is asked.
    pub fn session_of_parents(&self) -> Option<String> {
        self.session_above(direct_parent()?)
    }

    /// The session of `pid` or of the nearest process above it.
    fn session_above(&self, pid: u32) -> Option<String> {
        let above = std::iter::successors(Some(pid), |pid| parent_of(*pid));
        above.take(HIGHEST).find_map(|pid| self.session_of_pid(pid))
    }
}

#[cfg(unix)]
fn direct_parent() -> Option<u32> {
    u32::try_from(rustix::process::getppid()?.as_raw_nonzero().get()).ok()
}

#[cfg(not(unix))]
fn direct_parent() -> Option<u32> {
    None
}

/// Field 4 of `/proc/<pid>/stat`; the command's name before it, in brackets,
/// may hold anything. `None` at the top, and where there is no `/proc`.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_ascii_whitespace().nth(1)?.parse().ok().filter(|parent| *parent > 0)
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_process_with_a_record_counts() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        let (me, above) = (std::process::id(), direct_parent().unwrap());
        assert_eq!(parent_of(me), Some(above));
        assert_eq!(store.session_above(me), None);
        let sessions = dir.path().join("sessions");
        std::fs::create_dir(&sessions).unwrap();
        let record = |pid: u32, digit: &str| {
            let id = "00000000-0000-4000-8000-000000000000".replace('0', digit);
            let content = format!("{{\"pid\":{pid},\"sessionId\":\"{id}\"}}");
            std::fs::write(sessions.join(format!("{pid}.json")), content).unwrap();
            Some(id)
        };
        let parents = record(above, "2");
        assert_eq!(store.session_above(me), parents);
        assert_eq!(store.session_of_parents(), parents);
        let mine = record(me, "1");
        assert_eq!(store.session_above(me), mine);
        assert_eq!(store.session_of_parents(), parents);
    }
}
