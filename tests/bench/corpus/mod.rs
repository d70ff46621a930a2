//! Invented sessions as Claude Code writes them, the same ones for the same
//! seed, with what is to be expected of each: by the rules of what claude itself
//! shows and resumes, worked out while they are written, never by asking cclink.
#![allow(dead_code, unused_imports)] // the bench and the tests each use a part

mod session;
mod words;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::json;

use self::session::Written;
pub use self::words::NEEDLE;
use self::words::Random;
// How a line looks; whoever takes these sessions brings it.
use super::session as transcript;

/// What is to be expected of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Below `projects`.
    pub path: PathBuf,
    pub id: String,
    pub title: String,
    pub cwd: Option<String>,
    pub branch: Option<String>,
    /// Shown unless hidden ones are asked for.
    pub visible: bool,
    pub resumable: bool,
}

/// How large the files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// At most a few windows: for tests.
    Small,
    /// 310 KB on average, up to 12 MB.
    Real,
}

/// Writes `count` sessions, and files that are none, under `root`; beside them
/// `manifest.json`: what is to be [`expected`] of each.
pub fn generate(root: &Path, seed: u64, count: usize, sizes: Sizes) {
    let projects = root.join("projects");
    fs::create_dir_all(&projects).unwrap();
    let mut random = Random(seed);
    let heavy = words::Heavy::new(&mut random);
    let places = places(&mut random, count);
    let now = SystemTime::now();
    let mut all = Vec::new();
    for n in 0..count {
        let mut random = random.fork();
        // Few projects have most of the sessions.
        let place = &places[(random.below(places.len()) * random.below(places.len())) / places.len()];
        let folder = projects.join(&place.folder);
        fs::create_dir_all(&folder).unwrap();
        let id = random.uuid();
        let written = session::write(&mut random, &heavy, place, &id, sizes, n);
        let name = if random.chance(3) { id.to_uppercase() } else { id.clone() };
        let path = folder.join(format!("{name}.jsonl"));
        put(&path, &written.bytes, now - Duration::from_secs(60 + 517 * n as u64));
        if let Some(title) = &written.sidecar {
            fs::create_dir_all(folder.join(&name)).unwrap();
            fs::write(
                folder.join(&name).join("custom-title.json"),
                json!({"customTitle": title}).to_string(),
            )
            .unwrap();
        }
        let mut entry = entry_of(&projects, &path, &id, &written);
        // Where file names are told apart by case claude looks for the lower one.
        entry.resumable &= name == id || !cfg!(target_os = "linux");
        if name == id && random.chance(5) {
            let other = projects.join("-srv-other-copy");
            fs::create_dir_all(&other).unwrap();
            let copy = other.join(format!("{name}.jsonl"));
            put(&copy, &written.bytes, now - Duration::from_secs(517 * n as u64));
            // The title beside the file stayed where it was.
            let mut written = written;
            written.sidecar = None;
            // None of the directories it names has that folder.
            written.place.clear();
            all.push(entry_of(&projects, &copy, &id, &written));
        }
        all.push(entry);
    }
    odd_files(&mut random, &projects);
    fs::write(manifest(root), serde_json::to_vec(&all).unwrap()).unwrap();
}

/// What is to be expected of the sessions under `root`, in no order.
pub fn expected(root: &Path) -> Vec<Expected> {
    serde_json::from_slice(&fs::read(manifest(root)).unwrap()).unwrap()
}

fn manifest(root: &Path) -> PathBuf {
    root.join("manifest.json")
}

fn put(path: &Path, bytes: &[u8], modified: SystemTime) {
    let mut file = File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    file.set_modified(modified).unwrap();
}

fn entry_of(projects: &Path, path: &Path, id: &str, written: &Written) -> Expected {
    Expected {
        path: path.strip_prefix(projects).unwrap().to_owned(),
        id: id.to_owned(),
        title: written.title(),
        cwd: written.cwd(),
        branch: written.branch(),
        visible: written.visible(),
        resumable: written.talk,
    }
}

/// A project and the folder that claude gives it.
pub struct Place {
    pub cwd: String,
    pub folder: String,
}

fn places(random: &mut Random, sessions: usize) -> Vec<Place> {
    let mut cwds: Vec<String> = [
        "/home/dana/src/uploader",
        "/home/dana/외주/app",
        "/home/dana/개인/app",
        "/home/dana/My Proj_v1.2",
        "/home/dana/日本語",
        "/home/dana/emoji😀x",
        "/srv/outside/home",
        "C:\\Users\\bob\\my.proj",
    ]
    .map(str::to_owned)
    .into();
    cwds.push(format!("/home/dana/{}/{}", "a".repeat(120), "b".repeat(120)));
    while cwds.len() < (sessions / 25).clamp(10, 400) {
        let [a, b] = [random.word(), random.word()];
        cwds.push(format!("/home/dana/src/{a}/{b}-{}", cwds.len()));
    }
    cwds.into_iter().map(|cwd| Place { folder: transcript::slug(Path::new(&cwd)), cwd }).collect()
}

/// What lies among sessions and is none.
fn odd_files(random: &mut Random, projects: &Path) {
    let folder = projects.join("-srv-odd");
    fs::create_dir_all(folder.join("memory")).unwrap();
    fs::create_dir_all(projects.join("-srv-empty")).unwrap();
    let talk = "{\"type\":\"user\",\"message\":{\"content\":\"not a session\"}}\n";
    let [one, two, three, four] = [(); 4].map(|()| random.uuid());
    for name in ["not-a-uuid.jsonl".to_owned(), "agent-0a1b2c3.jsonl".to_owned(), format!("{one}.jsonl.tmp")]
    {
        fs::write(folder.join(name), talk).unwrap();
    }
    fs::write(projects.join("sessions-index.json"), "{}").unwrap();
    fs::create_dir_all(folder.join(format!("{one}.jsonl"))).unwrap();
    let below = folder.join(&two).join("subagents");
    fs::create_dir_all(&below).unwrap();
    fs::write(below.join("agent-a0b16c2803b151cdc.jsonl"), talk).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        let link = |to: &Path, name: String| {
            let _ = symlink(to, folder.join(name));
        };
        link(&folder.join("not-a-uuid.jsonl"), format!("{two}.jsonl"));
        link(Path::new("/nowhere"), format!("{three}.jsonl"));
        let own = format!("{four}.jsonl");
        link(&folder.join(&own), own.clone());
        let _ = symlink(&folder, projects.join("-srv-linked"));
        let fifo = folder.join(format!("{}.jsonl", random.uuid()));
        let _ = std::process::Command::new("mkfifo").arg(fifo).status();
    }
}
