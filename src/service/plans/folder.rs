//! Which folder of this machine a session belongs to.

use std::path::{Component, Path, PathBuf};

use super::Hints;
use crate::claude;
use crate::handoff::{Record, Token};
use crate::service::programs::{ask_git, same_remote};
use crate::service::{Service, Session, blocking};
use crate::text;

/// Projects of this machine that are asked for their remote at most.
const MOST_PROJECTS: usize = 200;
/// Since this version claude finds a session by its id from any folder.
const FROM_ANYWHERE: [u32; 3] = [2, 1, 223];

/// A folder in which a session goes on.
pub(super) struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// Whether this machine knows it by itself: nothing is run in one that only
    /// a stranger named.
    pub known: bool,
    /// Said of it.
    pub note: Option<String>,
}

impl Folder {
    fn known(path: PathBuf) -> Self {
        Self { path, known: true, note: None }
    }
}

impl Service {
    /// Where a session is to be resumed on this machine.
    pub(crate) async fn directory(&self, copy: Option<&Session>, record: Option<&Record>) -> Option<PathBuf> {
        self.folder(copy, Hints { record, ..Hints::default() }).await.map(|folder| folder.path)
    }

    /// The folder of a handoff's project whose git may be asked for something: nothing of
    /// it is run where only a stranger named it.
    pub(crate) async fn trusted_directory(&self, record: &Record, token: &Token) -> Option<PathBuf> {
        let hints = Hints { record: Some(record), token: Some(token), ..Hints::default() };
        self.folder(None, hints).await.filter(|folder| folder.known).map(|folder| folder.path)
    }

    /// The same, and what is known of it. The folder that the transcript's own is
    /// named after; else the repository that the user stands in; else where it
    /// ran, was published from, or is by settings or an earlier answer; else
    /// where the same repository is.
    pub(super) async fn folder(&self, copy: Option<&Session>, hints: Hints<'_>) -> Option<Folder> {
        let own = copy.and_then(|copy| copy.cwd.as_deref()?.to_str());
        let project = hints.record.map(|record| record.project.as_str());
        let (book, _) = self.0.journal.load().ok()?;
        let all: Vec<&str> = own.into_iter().chain(project).collect();
        let here = own.map(|own| Folder::known(own.into())).into_iter();
        let here = here.chain(project.map(|project| Folder {
            path: project.into(),
            known: !hints.of_a_stranger(),
            note: None,
        }));
        let said = all.iter().filter_map(|project| {
            self.mapped(project).or_else(|| book.places.get(*project).cloned()).map(Folder::known)
        });
        let there: Vec<Folder> =
            here.chain(said).filter(|dir| dir.path.is_absolute() && dir.path.is_dir()).collect();
        let of_transcript = copy.and_then(|copy| copy.path.parent());
        let root = self.0.settings.claude_root.as_deref();
        let named_after = |dir: &Folder| {
            root.is_some_and(|root| Some(claude::folder_for(root, &dir.path).as_path()) == of_transcript)
        };
        let at = there.iter().position(named_after);
        let remote = hints.record.and_then(|record| record.git.as_ref()?.remote.as_deref());
        if at.is_none()
            && let Some(remote) = remote
            && let Some(path) = repository_here(remote).await
        {
            return Some(Folder::known(path));
        }
        if let Some(dir) = there.into_iter().nth(at.unwrap_or(0)) {
            return Some(dir);
        }
        self.same_repository(remote?).await.map(Folder::known)
    }

    /// Another folder for a session whose own is gone: the nearest above it that
    /// is there, or this one. Only for a claude that finds a session from
    /// anywhere, and an id that is in one folder.
    pub(super) async fn folder_instead(&self, copy: &Session, claude: &str) -> Option<Folder> {
        if copy.duplicate || self.claude_version(claude).await? < FROM_ANYWHERE {
            return None;
        }
        let above = copy.cwd.as_deref().and_then(nearest);
        let path = above.or_else(|| std::env::current_dir().ok())?;
        let note = format!(
            "its project folder {} is gone: claude starts in {}",
            text::clean(&copy.project),
            text::clean(&path.display().to_string())
        );
        Some(Folder { path, known: false, note: Some(note) })
    }

    /// The version that a claude says.
    async fn claude_version(&self, claude: &str) -> Option<[u32; 3]> {
        let said = crate::service::programs::ask(claude, &["--version"]).await?;
        let mut numbers = said.split_whitespace().next()?.split('.').map(str::parse);
        Some([numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?])
    }

    /// A path of another machine, with the longest fitting prefix of `[paths]`
    /// replaced.
    fn mapped(&self, project: &str) -> Option<PathBuf> {
        let fits = self.0.settings.config.paths.iter().filter_map(|(from, to)| {
            let rest = behind(project, from)?;
            Some((from.len(), rest.into_iter().fold(PathBuf::from(to), |path, part| path.join(part))))
        });
        fits.max_by_key(|(length, _)| *length).map(|(_, path)| path)
    }

    /// A project of this machine whose repository has the same remote.
    async fn same_repository(&self, remote: &str) -> Option<PathBuf> {
        let service = self.clone();
        let sessions = blocking(move || service.sessions(Path::new("/"), false)).await.ok()?.ok()?;
        let mut projects: Vec<PathBuf> = Vec::new();
        for cwd in sessions.into_iter().filter_map(|session| session.cwd) {
            if projects.len() < MOST_PROJECTS && cwd.is_absolute() && !projects.contains(&cwd) && cwd.is_dir()
            {
                projects.push(cwd);
            }
        }
        for project in projects {
            if has_remote(&project, remote).await {
                return Some(project);
            }
        }
        None
    }
}

/// Whether a repository has this remote, by whatever name.
async fn has_remote(directory: &Path, remote: &str) -> bool {
    let urls = ask_git(directory, &["config", "--get-regexp", r"^remote\..*\.url$"]).await;
    urls.is_some_and(|urls| {
        urls.lines().filter_map(|line| line.split_once(' ')).any(|(_, url)| same_remote(url, remote))
    })
}

/// The repository that the user stands in, when it has this remote.
async fn repository_here(remote: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    if !has_remote(&here, remote).await {
        return None;
    }
    let top = ask_git(&here, &["rev-parse", "--show-toplevel"]).await?;
    Some(PathBuf::from(top.trim_end_matches(['\r', '\n']))).filter(|top| top.is_dir())
}

/// The nearest folder above that is there, if it is still one of a project's
/// surroundings and not of the whole system.
fn nearest(gone: &Path) -> Option<PathBuf> {
    if !gone.is_absolute() {
        return None;
    }
    let above = gone.ancestors().skip(1).find(|dir| dir.is_dir())?;
    let depth = above.components().filter(|part| matches!(part, Component::Normal(_))).count();
    (depth >= 2).then(|| above.to_owned())
}

/// The parts of `path` behind `prefix`, each read by its own machine's style:
/// `C:\Users\ada` and `\\server\share` take both slashes and no case.
fn behind<'a>(path: &'a str, prefix: &str) -> Option<Vec<&'a str>> {
    let windows = is_windows(path);
    if windows != is_windows(prefix) {
        return None;
    }
    let parts = |text: &'_ str| -> Vec<(usize, usize)> {
        let mut at = 0;
        let separators: &[char] = if windows { &['\\', '/'] } else { &['/'] };
        let mut out = Vec::new();
        for part in text.split(separators) {
            if !part.is_empty() {
                out.push((at, at + part.len()));
            }
            at += part.len() + 1;
        }
        out
    };
    let (all, first) = (parts(path), parts(prefix));
    let same = |a: &str, b: &str| if windows { a.eq_ignore_ascii_case(b) } else { a == b };
    let fits = first.len() <= all.len()
        && first.iter().zip(&all).all(|(a, b)| same(&prefix[a.0..a.1], &path[b.0..b.1]));
    let rest: Vec<&str> = all.iter().skip(first.len()).map(|(from, to)| &path[*from..*to]).collect();
    // nothing of a foreign path leads out of where the user said
    (fits && !rest.contains(&"..")).then_some(rest)
}

/// Whether a path is of Windows: never one of this machine elsewhere.
fn is_windows(path: &str) -> bool {
    let bytes = path.as_bytes();
    path.starts_with(r"\\")
        || (bytes.len() > 2
            && bytes[0].is_ascii_alphabetic()
            && bytes[1] == b':'
            && matches!(bytes[2], b'\\' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_in_its_own_style() {
        for (path, prefix, rest) in [
            ("/home/ada/src/app", "/home/ada", Some(vec!["src", "app"])),
            ("/home/ada", "/home/ada/", Some(vec![])),
            ("/home/adam/x", "/home/ada", None),
            (r"C:\Users\Bob\src\app", r"c:\users\bob", Some(vec!["src", "app"])),
            (r"C:\Users\Bob", "C:/Users", Some(vec!["Bob"])),
            (r"\\wsl.localhost\Ubuntu\home\ada\x", r"\\wsl.localhost\Ubuntu\home", Some(vec!["ada", "x"])),
            (r"C:\Users", "/home", None),
            ("/home/ada/../../etc", "/home/ada", None),
            (r"/odd\name/x", "/odd", None),
        ] {
            assert_eq!(behind(path, prefix), rest, "{path} behind {prefix}");
        }
    }

    #[test]
    fn the_nearest_folder_is_never_the_whole_system() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("a/b/c");
        std::fs::create_dir_all(dir.path().join("a")).unwrap();
        let found = nearest(&below);
        if dir.path().components().count() > 2 {
            assert_eq!(found, Some(dir.path().join("a")));
        }
        assert_eq!(nearest(Path::new("/no-such-folder-here/x")), None);
        assert_eq!(nearest(Path::new(r"C:\x\y")), None);
    }
}
