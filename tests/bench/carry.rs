//! Packing and unpacking a session's sealed file through the library, against the plain
//! tools that do the same (`tar`, `zstd -9`, `age`) on the same files, interleaved in one
//! run; and what memory the whole program takes for it: `cargo bench --bench carry`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod corpus;
#[allow(dead_code)]
mod floor;
#[allow(dead_code)]
#[path = "../it/support/session.rs"]
mod session;

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cclink::carry::{Claim, Item, Key, Manifest, Name, Part, Targets, pack, unpack};
use cclink::claude::{Blanked, files_below};
use cclink::demo::Ring;

use self::corpus::{Sizes, expected, generate};
use self::session::Transcript;

const ID: &str = "11111111-2222-4333-8444-555555555555";
const SEED: u64 = 7;
/// Size of the conversation in MB, and rounds; the medians count.
const CASES: [(usize, usize); 2] = [(10, 7), (200, 3)];
/// Its side files together are so many times smaller.
const BESIDE: usize = 10;

fn main() {
    for tool in ["age", "age-keygen", "zstd", "tar"] {
        if Command::new(tool).arg("--version").output().is_err() {
            println!("skipped: `{tool}` is not installed here");
            return;
        }
    }
    let mut verdicts = Vec::new();
    println!("{:<24} {:>10} {:>10} {:>8} {:>10} {:>10}", "", "tools", "ours", "ratio", "sealed", "ours");
    for (megabytes, rounds) in CASES {
        let bench = Bench::prepare(megabytes);
        let packing = bench.compare("packing", rounds, &|| bench.tools_pack(), &|| bench.pack());
        bench.compare("unpacking", rounds, &|| bench.tools_unpack(), &|| bench.unpack());
        verdicts.push((format!("packing {megabytes} MB / tar, zstd -9, age"), packing, 1.3));
        verdicts.push((format!("peak memory of bundle, {megabytes} MB"), bench.peak_of_bundle(), 64.0));
    }
    println!();
    for (what, value, target) in verdicts {
        let verdict = if value <= target { "holds" } else { "MISSED" };
        println!("{what:<40} {value:>8.2}   target {target:>5.1}   {verdict}");
    }
}

/// A device with one session, and the files that are made of it.
struct Bench {
    megabytes: usize,
    root: PathBuf,
    /// Of the tools.
    key: PathBuf,
    recipient: String,
}

impl Bench {
    /// The same session is not written again.
    fn prepare(megabytes: usize) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("carry-{SEED}-{megabytes}"));
        if !root.join("done").exists() {
            let _ = fs::remove_dir_all(&root);
            write_session(&root, megabytes << 20);
            fs::write(root.join("done"), "").unwrap();
        }
        let key = root.join("key");
        let _ = fs::remove_file(&key);
        let made = Command::new("age-keygen").arg("-o").arg(&key).output().unwrap();
        assert!(made.status.success());
        let said = fs::read_to_string(&key).unwrap();
        let recipient = said.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned();
        Self { megabytes, root, key, recipient }
    }

    fn transcript(&self) -> PathBuf {
        self.root
            .join("claude/projects")
            .join(session::slug(&self.root.join("src")))
            .join(format!("{ID}.jsonl"))
    }

    /// Medians of both, one after the other in each round; gives ours over theirs.
    fn compare(&self, what: &str, rounds: usize, tools: &dyn Fn() -> u64, ours: &dyn Fn() -> u64) -> f64 {
        let (mut theirs, mut own, mut sealed) = (Vec::new(), Vec::new(), [0; 2]);
        for _ in 0..rounds {
            for (at, (all, work)) in [(&mut theirs, tools), (&mut own, ours)].into_iter().enumerate() {
                let start = Instant::now();
                sealed[at] = work();
                all.push(start.elapsed());
            }
        }
        let [theirs, own] = [theirs, own].map(|mut all| {
            all.sort_unstable();
            all[all.len() / 2].as_secs_f64()
        });
        println!(
            "{:<24} {:>7.0} ms {:>7.0} ms {:>8.2} {:>7} KB {:>7} KB",
            format!("{what} {} MB", self.megabytes),
            theirs * 1e3,
            own * 1e3,
            own / theirs,
            sealed[0] >> 10,
            sealed[1] >> 10
        );
        own / theirs
    }

    fn tools_pack(&self) -> u64 {
        let line = "tar -C \"$0\" -cf - projects | zstd -9 -q | age -r \"$1\" > \"$2\"";
        self.shell(line, &[&self.root.join("claude"), Path::new(&self.recipient), &self.root.join("tools")])
    }

    fn tools_unpack(&self) -> u64 {
        let line = "age -d -i \"$1\" \"$2\" | zstd -d -q | tar -C \"$0\" -xf -";
        self.shell(line, &[&self.empty("out"), &self.key, &self.root.join("tools")])
    }

    fn shell(&self, line: &str, args: &[&Path]) -> u64 {
        assert!(Command::new("sh").args(["-c", line]).args(args).status().unwrap().success());
        fs::metadata(self.root.join("tools")).unwrap().len()
    }

    fn pack(&self) -> u64 {
        let transcript = self.transcript();
        let item = |name: Name, path: PathBuf, blank: bool| Item {
            name,
            bytes: fs::metadata(&path).unwrap().len(),
            open: Box::new(move || {
                let file = File::open(path)?;
                let read: Box<dyn Read> = if blank { Box::new(Blanked::new(file)) } else { Box::new(file) };
                Ok(read)
            }),
        };
        let side = transcript.with_extension("");
        let beside = files_below(&side)
            .unwrap()
            .into_iter()
            .map(|name| item(Name::of(Part::Session, &name).unwrap(), side.join(&name), false));
        let items = std::iter::once(item(Name::transcript(), transcript.clone(), true)).chain(beside);
        let out = BufWriter::new(File::create(self.root.join("ours")).unwrap());
        let claim = pack(out, Key::from_bytes([7; 16]), &manifest(), items, &mut |_| true).unwrap();
        fs::write(self.root.join("hash"), claim.hash).unwrap();
        claim.bytes
    }

    fn unpack(&self) -> u64 {
        let file = File::open(self.root.join("ours")).unwrap();
        let bytes = file.metadata().unwrap().len();
        let hash = fs::read(self.root.join("hash")).unwrap().try_into().unwrap();
        let claim = Claim { key: Key::from_bytes([7; 16]), hash, bytes };
        let out = self.empty("out");
        let targets = Targets {
            transcript: out.join("transcript"),
            folders: [(Part::Session, out.join("side"))].into(),
        };
        unpack(BufReader::new(file), &claim, ID, &targets, &mut |_| true).unwrap();
        bytes
    }

    fn empty(&self, name: &str) -> PathBuf {
        let folder = self.root.join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        folder
    }

    /// In MB, of a process that seals and publishes.
    fn peak_of_bundle(&self) -> f64 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let ring = runtime.block_on(Ring::start(10)).unwrap();
        let home = self.empty("home");
        let cclink = |args: &[&str]| -> Child {
            Command::new(env!("CARGO_BIN_EXE_cclink"))
                .args(args)
                .current_dir(self.root.join("src"))
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("HOME", home.join("user"))
                .env("CCLINK_HOME", &home)
                .env("CLAUDE_CONFIG_DIR", self.root.join("claude"))
                .env("CCLINK_BOOTSTRAP", ring.bootstrap().join(","))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        assert!(cclink(&["init", "--no-passphrase"]).wait().unwrap().success());
        let mut child = cclink(&["bundle", ID, "-o", home.join("talk").to_str().unwrap(), "--ssh="]);
        let (process, mut peak) = (child.id().to_string(), 0f64);
        loop {
            peak = peak.max(floor::peak(&process));
            if let Some(ended) = child.try_wait().unwrap() {
                assert!(ended.success());
                return peak;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn manifest() -> Manifest {
    Manifest {
        version: 1,
        session_id: ID.to_owned(),
        hostname: "desk".to_owned(),
        project: "/home/dana/src/uploader".to_owned(),
        created_at: chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        claude: None,
        title: None,
        git: None,
        left_out: Vec::new(),
        changes: None,
    }
}

/// One long session of what many short ones hold, as if all was said in it; and what its
/// sub-agents said, of others.
fn write_session(root: &Path, bytes: usize) {
    println!("writing a session of {} MB …", bytes >> 20);
    let cwd = root.join("src");
    fs::create_dir_all(&cwd).unwrap();
    let claude = root.join("claude");
    let path = Transcript::named(ID, &cwd).says("Go on").titled("A long one").write(&claude).path;
    let side = path.with_extension("").join("subagents");
    fs::create_dir_all(&side).unwrap();
    let mut talk = File::options().append(true).open(&path).unwrap();
    let (mut written, mut beside) = (0, 0);
    for round in 0.. {
        let invented = root.join("invented");
        generate(&invented, SEED + round, 100, Sizes::Real);
        for entry in expected(&invented).iter().filter(|entry| entry.resumable) {
            let said = fs::read(invented.join("projects").join(&entry.path)).unwrap();
            let said = String::from_utf8_lossy(&said).replace(&entry.id, ID);
            if beside * BESIDE < written {
                fs::write(side.join(format!("agent-{}.jsonl", entry.id)), &said).unwrap();
                beside += said.len();
            } else {
                talk.write_all(said.as_bytes()).unwrap();
                written += said.len();
            }
            if written >= bytes {
                let last = Transcript::named(ID, &cwd).says("And on").answers("Done.").to_string();
                talk.write_all(last.as_bytes()).unwrap();
                fs::remove_dir_all(&invented).unwrap();
                return;
            }
        }
        fs::remove_dir_all(&invented).unwrap();
    }
}
