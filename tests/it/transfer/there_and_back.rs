//! Any sequence of there and back: two devices talk in the same sessions, bring
//! them to each other, are killed and run out of room. Whatever came before,
//! nothing that was said is lost, and nothing is half.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::device::walk;
use crate::support::session::write_session;
use crate::support::{Device, Session, Sshd, rounds, text, until};
use crate::transfer::arrive::full::Small;
use crate::transfer::arrive::{put, say};
use crate::transfer::ssh::{grow, transcripts};

/// Steps of one sequence.
const STEPS: usize = 9;
/// Room in the small file system of one of them, in kilobytes.
const ROOM: usize = 40_000;

/// How many sequences; `CCLINK_TEST_SEQUENCES` asks for more of them.
fn count() -> usize {
    std::env::var("CCLINK_TEST_SEQUENCES").ok().and_then(|count| count.parse().ok()).unwrap_or(6)
}

/// The first one's seed; the others' follow. `CCLINK_TEST_SEED` says which.
fn seed() -> u64 {
    let named = std::env::var("CCLINK_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    named.unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0))
}

/// Numbers that follow from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below as u64).unwrap()
    }
}

/// A device with its door, and what must be found on it.
struct Side {
    device: Device,
    sshd: Sshd,
    said: BTreeSet<String>,
    /// The newest version of each side file that it ever had.
    versions: BTreeMap<PathBuf, u32>,
}

struct World {
    /// Before the devices: it is unmounted when they are still there.
    small: Option<Small>,
    sides: [Side; 2],
    first: Session,
    random: Random,
    /// Counts what is said and written.
    number: u32,
}

impl World {
    /// `None` where there is no sshd.
    fn new(seed: u64) -> Option<Self> {
        let a = Device::new();
        let mut b = Device::copy_of(&a);
        // On another file system than our state, where that may be.
        let small = Small::mount(&b.path("small"), ROOM);
        if small.is_some() {
            b.claude = b.path("small").join("claude");
            fs::create_dir_all(&b.claude).unwrap();
        }
        let doors = [&a, &b].map(|device| {
            symlink(&device.claude, device.path("user/.claude")).unwrap();
            Sshd::start(&device.path("user"))
        });
        let [Some(door_a), Some(door_b)] = doors else { return None };
        let paths = |from: &Device, to: &Device| {
            format!("[paths]\n{:?} = {:?}\n", from.projects.display(), to.projects.display())
        };
        door_a.configure(&b, &paths(&a, &b));
        door_b.configure(&a, &paths(&b, &a));
        b.project("uploader");
        let first =
            write_session(&a.claude, &a.project("uploader"), "There and back", "2026-11-20T10:00:05.000Z");
        let side = |device, sshd| Side { device, sshd, said: BTreeSet::new(), versions: BTreeMap::new() };
        let sides = [side(a, door_a), side(b, door_b)];
        let mut world = Self { small, sides, first, random: Random(seed), number: 0 };
        world.speaks(0);
        world.brings(0, None);
        Some(world)
    }

    /// One of the sessions of a side, the first one more often than its copies.
    fn any(&mut self, on: usize) -> Option<Session> {
        let all = self.sides[on].sessions();
        let any = all.get(self.random.below(all.len().max(1)))?;
        let first = all.iter().find(|path| path.file_stem().is_some_and(|id| *id == *self.first.id));
        let path = first.filter(|_| self.random.below(2) == 0).unwrap_or(any).clone();
        let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Some(Session { id, path, ..self.first.clone() })
    }

    /// Somebody says a word that nobody said before.
    fn speaks(&mut self, on: usize) -> Option<()> {
        let session = self.any(on)?;
        self.number += 1;
        let word = format!("WORD{:03}END", self.number);
        say(&session.path, &session, &word, self.number % 60);
        self.sides[on].said.insert(word);
        Some(())
    }

    fn grows(&mut self, on: usize) -> Option<()> {
        let session = self.any(on)?;
        grow(&session, 300_000 + self.random.below(500_000));
        self.speaks(on)
    }

    /// A side file is new, or newer than it was.
    fn leaves(&mut self, on: usize) -> Option<()> {
        let session = self.any(on)?;
        self.number += 1;
        let name = PathBuf::from("tool-results/one.json");
        put(&session.path.with_extension("").join(&name), &format!("{{\"version\":{}}}", 1000 + self.number));
        self.sides[on].versions.insert(name, 1000 + self.number);
        Some(())
    }

    /// Brings one of the sessions of a side (or this one) to the other.
    fn brings(&mut self, from: usize, session: Option<Session>) -> Option<()> {
        let session = session.or_else(|| self.any(from))?;
        let token = self.sides[from].publish(&session);
        let to = &mut self.sides[1 - from];
        to.device.cmd(&["pickup", &token, "--plan", "bring", "--yes"]).ok();
        let brought = fs::read_to_string(&session.path).unwrap();
        to.said.extend(words_in(&brought));
        Some(())
    }

    /// The same, killed at some moment.
    fn is_killed(&mut self, from: usize) -> Option<()> {
        let session = self.any(from)?;
        let token = self.sides[from].publish(&session);
        let moment = Duration::from_millis(self.random.below(700) as u64);
        let to = &self.sides[1 - from].device;
        let mut child = Command::new(env!("CARGO_BIN_EXE_cclink"))
            .args(["pickup", &token, "--plan", "bring", "--yes"])
            .env_clear()
            .envs(to.env())
            .current_dir(&to.projects)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        until("the moment", Duration::from_mins(1), || {
            (begun.elapsed() > moment || child.try_wait().unwrap().is_some()).then_some(())
        });
        let _ = child.kill();
        child.wait().unwrap();
        Some(())
    }

    /// The same to the side whose disk has little room left.
    fn runs_out_of_room(&mut self) -> Option<()> {
        let session = self.any(0)?;
        let token = self.sides[0].publish(&session);
        let used: u64 = walk(&self.sides[1].device.claude)
            .iter()
            .filter_map(|path| path.symlink_metadata().ok())
            .filter(fs::Metadata::is_file)
            .map(|meta| meta.len().div_ceil(4096) * 4)
            .sum();
        let room = usize::try_from(used).unwrap() + 100 + self.random.below(600);
        let small = self.small.as_ref()?;
        small.resize(room);
        self.sides[1].device.cmd(&["pickup", &token, "--plan", "bring", "--yes"]).output().exits(&[0, 1]);
        small.resize(ROOM);
        Some(())
    }

    /// One step of whatever kind, in words, and the side that it may change.
    fn step(&mut self) -> (String, usize) {
        let side = self.random.below(2);
        let (name, done, changed) = match self.random.below(14) {
            0..=2 => ("speaks", self.speaks(side), side),
            3 => ("grows", self.grows(side), side),
            4..=7 => ("leaves a file", self.leaves(side), side),
            8..=10 => ("is brought to the other", self.brings(side, None), 1 - side),
            11 | 12 => ("is brought to the other, killed", self.is_killed(side), 1 - side),
            _ => ("or A is brought to B, into little room", self.runs_out_of_room(), 1),
        };
        let possible = if done.is_some() { "" } else { " (not possible)" };
        (format!("{} {name}{possible}", ["A", "B"][side]), changed)
    }

    /// At the end each has all of the other's.
    fn meets(&mut self) {
        for from in [0, 1, 0] {
            for path in self.sides[from].sessions() {
                let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
                self.brings(from, Some(Session { id, path, ..self.first.clone() }));
            }
        }
        assert_eq!(self.sides[0].said, self.sides[1].said);
    }
}

impl Side {
    fn publish(&self, session: &Session) -> String {
        text(&self.device.publish_session(session, &["--ssh", &self.sshd.address()]), "token").to_owned()
    }

    /// The transcripts in its Claude folder.
    fn sessions(&self) -> Vec<PathBuf> {
        let is_session = |path: &PathBuf| {
            let in_project = path.ancestors().nth(2).is_some_and(|folder| folder.ends_with("projects"));
            in_project && path.extension().is_some_and(|ending| ending == "jsonl")
        };
        let mut all = transcripts(&self.device);
        all.retain(is_session);
        all.sort();
        all
    }

    /// Asserts that nothing was lost here, and nothing is half.
    fn is_whole(&mut self) {
        let ours = |path: &PathBuf| {
            let named = path.file_name().unwrap().to_string_lossy().contains(".cclink");
            named || path.extension().is_some_and(|ending| ending == "tmp")
        };
        // The next start tidies what a killed one left.
        let mut rows = Value::Null;
        until("Claude's folder to be tidy", Duration::from_secs(20), || {
            rows = self.device.json(&["sessions", "--all"]);
            (!transcripts(&self.device).iter().any(ours)).then_some(())
        });
        let rows = rows.as_array().unwrap();
        let listed: BTreeSet<&str> = rows.iter().map(|row| text(row, "path")).collect();
        for path in self.sessions() {
            assert!(listed.contains(path.to_str().unwrap()), "{} is not listed", path.display());
            for line in fs::read_to_string(&path).unwrap().lines() {
                assert!(serde_json::from_str::<Value>(line).is_ok(), "{}: {line}", path.display());
            }
        }
        for row in rows {
            assert_eq!(row["resumable"], true, "{row:#}");
        }
        for word in &self.said {
            let found = self.device.json(&["sessions", "--all", "--search", word]);
            assert_ne!(found, json!([]), "{word} is lost: {rows:#?}");
        }
        self.has_no_older_files();
    }

    /// A side file is never older than it was, here or beside a copy.
    fn has_no_older_files(&mut self) {
        let mut now: BTreeMap<PathBuf, u32> = BTreeMap::new();
        for side in self.sessions().iter().map(|path| path.with_extension("")) {
            for path in walk(&side).iter().filter(|path| path.is_file()) {
                let name = path.strip_prefix(&side).unwrap().to_owned();
                let content: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
                let version = u32::try_from(content["version"].as_u64().unwrap()).unwrap();
                let newest = now.entry(name).or_default();
                *newest = version.max(*newest);
            }
        }
        for (name, was) in &self.versions {
            let is = now.get(name).copied().unwrap_or_default();
            assert!(is >= *was, "{}: {was} became {is}", name.display());
        }
        self.versions = now;
    }
}

fn words_in(transcript: &str) -> BTreeSet<String> {
    let parts = transcript.split("WORD").skip(1);
    parts.filter_map(|part| Some(format!("WORD{}END", part.split_once("END")?.0))).collect()
}

#[test]
fn nothing_is_lost_in_any_sequence() {
    let first = seed();
    rounds(count(), 3, |round| {
        let seed = first.wrapping_add(round as u64);
        println!("CCLINK_TEST_SEED={seed}");
        let Some(mut world) = World::new(seed) else { return };
        world.sides.iter_mut().for_each(Side::is_whole);
        for number in 1..=STEPS {
            let (step, changed) = world.step();
            println!("{seed}, {number}: {step}");
            world.sides[changed].is_whole();
        }
        world.meets();
        world.sides.iter_mut().for_each(Side::is_whole);
        let sessions = world.sides.each_ref().map(|side| side.sessions().len());
        println!("{seed}: {} words, sessions: {sessions:?}", world.sides[0].said.len());
    });
}
