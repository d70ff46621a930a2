//! Sealed files that somebody else made, in Python, each for a handoff that was really
//! published and signed: whatever is wrong with one, it is said, and nothing stays.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use cclink::handoff::{Carry, Identity, Link, LinkSecret, LinkTarget, Mailbox, Record, Transcript, Ttl};
use cclink::network::{Network, NetworkConfig};
use serde::Deserialize;

use crate::support::device::walk;
use crate::support::{Device, Ring, acts_on_a_terminal, rounds, tool_is_missing};

const ID: &str = "5f0c1b1e-1111-4222-8333-444455556666";
/// Records on their way to the ring at once.
const AT_ONCE: usize = 8;

/// A row of `tests/vectors/carry.py`.
#[derive(Deserialize)]
struct Kind {
    name: String,
    /// What the refusal has to say; none where the file is to be taken.
    says: Option<String>,
    /// What of a file that is taken may not come along.
    never: Option<String>,
    file: PathBuf,
    #[serde(flatten)]
    carry: Carry,
    transcript: Transcript,
}

/// What Python makes; `None` where it cannot.
fn kinds(folder: &Path, outside: &Path) -> Option<Vec<Kind>> {
    if tool_is_missing("python3") {
        return None;
    }
    let python = |args: &[&str]| {
        let mut command = Command::new("python3");
        command.arg("-B").args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    };
    let modules = python(&["-c", "import cryptography, argon2, zstandard"]).stderr(Stdio::null()).status();
    if !modules.unwrap().success() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "CI must have tests/vectors/requirements.txt"
        );
        println!("skipped: python3 lacks the packages of tests/vectors/requirements.txt");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/carry.py");
    let mut child = python(&[script, folder.to_str().unwrap()]).spawn().unwrap();
    let about = serde_json::json!({"id": ID, "outside": outside}).to_string();
    child.stdin.take().unwrap().write_all(about.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "carry.py failed");
    Some(serde_json::from_slice(&out.stdout).unwrap())
}

/// Signs a record for each, and publishes it; gives the links.
#[tokio::main]
async fn published(kinds: &[Kind], project: &Path) -> Vec<String> {
    let network = Network::new(NetworkConfig::parse(Some(Ring::shared()), None).unwrap());
    let links = Mutex::new(vec![String::new(); kinds.len()]);
    let (network, links) = (&network, &links);
    let lane = |first: usize| async move {
        for at in (first..kinds.len()).step_by(AT_ONCE) {
            let link = publish(network, &kinds[at], at, project).await;
            links.lock().unwrap()[at] = link;
        }
    };
    futures::future::join_all((0..AT_ONCE).map(lane)).await;
    links.lock().unwrap().clone()
}

async fn publish(network: &Network, kind: &Kind, at: usize, project: &Path) -> String {
    let creator = Identity::from_seed(&[77; 32]);
    let mut secret = [0; 16];
    secret[..8].copy_from_slice(&u64::try_from(at).unwrap().to_be_bytes());
    // Another for each run: the ring may have met the last one's.
    secret[8..].copy_from_slice(&chrono::Utc::now().timestamp_micros().to_be_bytes());
    let secret = LinkSecret(secret);
    let mailbox = Mailbox::link(&creator.public(), &secret);
    let now = chrono::Utc::now();
    let record = Record {
        session_id: ID.to_owned(),
        hostname: "desk".to_owned(),
        project: project.to_str().unwrap().to_owned(),
        label: None,
        title: None,
        note: None,
        git: None,
        ssh: None,
        claude: None,
        claude_dir: None,
        transcript: kind.transcript.clone(),
        carry: Some(kind.carry.clone()),
        created_at: chrono::DateTime::from_timestamp(now.timestamp(), 0).unwrap(),
        ttl: Ttl::DEFAULT,
        burn_after_read: false,
        pin_protected: false,
    };
    let sequence = u64::try_from(now.timestamp_micros()).unwrap();
    let packet = mailbox.make_record(&creator, &mailbox.link_token(), record, sequence).unwrap();
    assert!(network.put(&packet, None).await.unwrap() > 0, "{}", kind.name);
    Link { creator: creator.public(), target: LinkTarget::Secret(secret) }.to_string()
}

/// Every file and folder of a device.
fn everything(device: &Device) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    walk(&device.path("")).into_iter().map(|path| (path.clone(), fs::read(path).ok())).collect()
}

/// Whether the session is here, was resumed, and nothing came with it that may not.
fn came(device: &Device, never: Option<&str>) -> bool {
    let files: Vec<PathBuf> = walk(&device.claude).into_iter().filter(|path| path.is_file()).collect();
    let is_free = |path: &PathBuf| {
        let holds = |never: &str| {
            path.ends_with(never) || String::from_utf8_lossy(&fs::read(path).unwrap()).contains(never)
        };
        !never.is_some_and(holds)
    };
    files.iter().any(|path| path.ends_with(format!("{ID}.jsonl")))
        && files.iter().all(is_free)
        && device.claude_started().is_some()
}

/// What differs from what it should be.
fn tried(kind: &Kind, link: &str) -> Result<(), String> {
    let device = Device::bare();
    let temporary = device.path("tmp");
    // A try makes this folder; it may stay, empty.
    for folder in [&temporary, &device.home.join("bring")] {
        fs::create_dir_all(folder).unwrap();
    }
    let before = everything(&device);
    let args = ["pickup", link, "--from", kind.file.to_str().unwrap(), "--json"];
    let out = device.cmd(&args).env("TMPDIR", &temporary).output();
    let wrong = |what: &str| Err(format!("{}: {what}\n{}{}", kind.name, out.stdout, out.stderr));
    let Some(says) = &kind.says else {
        let came = came(&device, kind.never.as_deref());
        return if out.code == 0 && came { Ok(()) } else { wrong("was not taken as it should be") };
    };
    if out.code != 1 || out.stderr.contains("panicked") {
        return wrong(&format!("ended with {}", out.code));
    }
    let error = out.error();
    let message = error["message"].as_str().unwrap();
    if !message.contains(&**says) || message.contains('\n') || !message.ends_with('.') {
        return wrong(&format!("does not say {says:?}"));
    }
    if message.contains(acts_on_a_terminal) {
        return wrong("says more than words");
    }
    let after = everything(&device);
    let left: Vec<_> = after.keys().filter(|path| !before.contains_key(*path)).collect();
    if !left.is_empty() {
        return wrong(&format!("left {left:?}"));
    }
    if before != after {
        return wrong("changed something");
    }
    Ok(())
}

#[test]
fn whatever_is_wrong_with_a_sealed_file_is_said_and_nothing_stays() {
    let folder = tempfile::Builder::new().prefix("cclink-test-").tempdir().unwrap();
    let outside = folder.path().join("outside");
    let Some(kinds) = kinds(folder.path(), &outside) else { return };
    let hostile = kinds.iter().filter(|kind| kind.says.is_some() && !kind.name.contains("cut at")).count();
    assert!(hostile >= 200, "only {hostile} kinds");
    let links = published(&kinds, folder.path());
    let wrong = Mutex::new(Vec::new());
    rounds(kinds.len(), 3, |at| {
        if let Err(what) = tried(&kinds[at], &links[at]) {
            wrong.lock().unwrap().push(what);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), kinds.len(), wrong.join("\n"));
    assert!(!outside.exists(), "something was written outside");
}
