//! Killed at any moment: what is promised is there, what nobody promises goes, and the
//! picker has the old one or the whole new one.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Pair, asked, sealed_in};
use crate::support::repository::git;
use crate::support::{Device, Sshd, text, until, waited};
use crate::transfer::arrive::{put, say};
use crate::transfer::ssh::{grow, sha256};

/// How often; the whole number takes minutes.
fn count() -> usize {
    std::env::var("CCLINK_TEST_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(6)
}

/// Numbers from a seed, which is printed.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let given = std::env::var("CCLINK_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        println!("CCLINK_TEST_SEED={seed}");
        Self(seed)
    }

    /// A moment before `end`.
    fn moment(&mut self, end: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Duration::from_micros((mixed ^ (mixed >> 31)) % u64::try_from(end.as_micros()).unwrap().max(1))
    }
}

fn start(device: &Device, dir: &Path, args: &[&str]) -> Child {
    command(device, dir, args).spawn().unwrap()
}

fn command(device: &Device, dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cclink"));
    command.args(args).env_clear().envs(device.env()).current_dir(dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Kills it then; whether it still ran.
fn kill_after(child: Child, moment: Duration) -> bool {
    end_after(child, moment, Signal::KILL)
}

fn end_after(mut child: Child, moment: Duration, signal: Signal) -> bool {
    let begun = Instant::now();
    let ended = until("the moment", Duration::from_mins(1), || {
        let ended = child.try_wait().unwrap().is_some();
        (ended || begun.elapsed() >= moment).then_some(ended)
    });
    if !ended {
        // It is our child, and not waited for yet.
        let _ = kill_process(Pid::from_child(&child), signal);
    }
    until("its end", Duration::from_mins(1), || child.try_wait().unwrap());
    !ended
}

/// The names of the sealed files that a store holds, halves of some too.
fn there(pair: &Pair, folder: &Path) -> BTreeSet<String> {
    let refs = asked(&pair.bare, &["for-each-ref", "--format=%(refname)", "refs/cclink/"]);
    let refs = refs.lines().map(|name| name.trim_start_matches("refs/cclink/").to_owned());
    let files = fs::read_dir(folder).into_iter().flatten();
    let files = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    refs.chain(files.map(|name| name.trim_end_matches(".cclink").to_owned())).collect()
}

/// The names that the living handoffs of a list promise, by the journal.
fn promised(pair: &Pair, list: &Value) -> BTreeSet<String> {
    let journal = fs::read_to_string(pair.a.home.join("journal.json")).unwrap();
    let journal: Value = serde_json::from_str(&journal).unwrap();
    let Some(carried) = journal["carried"].as_object() else { return BTreeSet::new() };
    let alive: Vec<&str> = list.as_array().unwrap().iter().map(|row| text(row, "token")).collect();
    let of_living = carried.iter().filter(|(_, file)| alive.contains(&text(file, "token")));
    of_living.map(|(name, _)| name.clone()).collect()
}

/// What is left in the folder of state of work that did not end.
fn litter(device: &Device) -> Vec<String> {
    let names = |folder: &Path| -> Vec<String> {
        let entries = folder.read_dir().into_iter().flatten();
        entries.map(|entry| entry.unwrap().path().display().to_string()).collect()
    };
    let mut all = [names(&device.home.join("carry")), names(&device.home.join("bring"))].concat();
    all.extend(names(&device.home).into_iter().filter(|name| name.contains(".cclink-writing-")));
    all
}

/// Nothing is left of it after a few starts.
#[track_caller]
fn is_tidied(device: &Device) {
    let tidied = waited(Duration::from_secs(10), || {
        device.cmd(&["list"]).ok();
        litter(device).is_empty().then_some(())
    });
    assert!(tidied.is_some(), "{:?}", litter(device));
}

fn killed_while_publishing(way: &str) {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, clone, .. } = &pair;
    let (folder, nas) = (a.path("shared"), a.path("nas"));
    let mut carry = format!("[carry]\nfolder = {:?}\n", folder.display().to_string());
    let mut _door = None;
    let folder = if way == "ssh" {
        fs::create_dir(&nas).unwrap();
        let Some(sshd) = Sshd::start(&nas) else { return };
        let _ = writeln!(carry, "ssh = \"{}/sealed\"", sshd.address());
        for device in [a, b] {
            sshd.configure(device, &carry);
        }
        _door = Some(sshd);
        nas.join("sealed")
    } else {
        for device in [a, b] {
            fs::write(device.home.join("config.toml"), &carry).unwrap();
        }
        folder
    };
    grow(session, 3_000_000);
    let args = ["publish", &session.id, "--yes", &format!("--carry={way}")];
    let begun = Instant::now();
    a.cmd(&args).ok();
    let takes = begun.elapsed();
    let mut dice = Dice::new();
    let mut killed = 0;
    // Over SSH each takes its time.
    let count = if way == "ssh" { count() / 3 } else { count() };
    for round in 0..count {
        let moment = dice.moment(takes);
        // Every third time as by Ctrl-C.
        let signal = if round % 3 == 2 { Signal::INT } else { Signal::KILL };
        killed += usize::from(end_after(start(a, &session.project, &args), moment, signal));
        // Nothing is promised that is not there, from the first moment on.
        let list = a.json(&["list"]);
        let (is, said) = (there(&pair, &folder), promised(&pair, &list));
        let lacks: Vec<_> = said.difference(&is).collect();
        assert!(
            lacks.is_empty(),
            "round {round}, killed after {moment:?}: {lacks:?} of {said:?} is not there"
        );
    }
    println!("killed {killed} of {count} while they published by {way}");
    // A push that was on its way may still come; what failed is known to after two minutes.
    until("only what lives", Duration::from_secs(20), || {
        let list = a.cmd(&["list", "--json"]).clock(150).ok().json();
        (there(&pair, &folder) == promised(&pair, &list)).then_some(())
    });
    is_tidied(a);
    // Whatever was killed: the next one goes out and arrives.
    let published = a.json(&args);
    b.cmd(&["pickup", text(&published, "token"), "--plan", "carried"]).cwd(clone).ok();
    a.cmd(&["revoke", "--yes", text(&published, "token")]).ok();
    until("nothing is left", Duration::from_secs(20), || {
        a.cmd(&["list"]).clock(150).ok();
        there(&pair, &folder).is_empty().then_some(())
    });
}

#[test]
fn a_kill_while_publishing_to_a_git_remote_leaves_nothing_for_good() {
    killed_while_publishing("git");
}

#[test]
fn a_kill_while_publishing_to_a_folder_leaves_nothing_for_good() {
    killed_while_publishing("folder");
}

#[test]
fn a_kill_while_publishing_to_another_machine_leaves_nothing_for_good() {
    killed_while_publishing("ssh");
}

#[test]
fn a_kill_while_it_is_taken_away_is_made_up_for() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, session, bare, .. } = &pair;
    let mut dice = Dice::new();
    let keep = |moment| {
        let mut command = command(a, &session.project, &["keep", "--once"]);
        kill_after(command.env("CCLINK_TEST_CLOCK_OFFSET", "120").spawn().unwrap(), moment)
    };
    let mut takes = Duration::from_secs(1);
    for round in 0..count() / 2 {
        pair.publish(&["--carry=git", "--yes", "--ttl=1m"]);
        let begun = Instant::now();
        let killed = keep(if round == 0 { Duration::from_mins(1) } else { dice.moment(takes) });
        if !killed {
            takes = begun.elapsed();
        }
        a.cmd(&["keep", "--once"]).clock(120).ok();
        assert_eq!(sealed_in(bare), 0, "round {round}");
    }
    is_tidied(a);
}

#[test]
fn a_kill_while_picking_up_leaves_the_old_one_or_the_whole_new_one() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, bare, clone } = &pair;
    let published = pair.publish(&["--carry=git", "--yes"]);
    b.cmd(&["pickup", text(&published, "token"), "--plan", "carried"]).cwd(clone).ok();
    let here = b.claude.join("projects").join(super::a_folder(b)).join(format!("{}.jsonl", session.id));
    let old = fs::read(&here).unwrap();
    grow(session, 3_000_000);
    say(&session.path, session, "LONELY-HERON", 30);
    let published = pair.publish(&["--carry=git"]);
    let args = ["pickup", text(&published, "token"), "--plan", "carried"];
    let begun = Instant::now();
    b.cmd(&args).cwd(clone).ok();
    let takes = begun.elapsed();
    let whole = sha256(&here);
    assert_ne!(fs::read(&here).unwrap(), old);
    let mut dice = Dice::new();
    let (mut killed, mut swapped) = (0, 0);
    for round in 0..count() {
        fs::write(&here, &old).unwrap();
        let moment = dice.moment(takes);
        killed += usize::from(kill_after(start(b, clone, &args), moment));
        let is_whole = sha256(&here) == whole;
        swapped += usize::from(is_whole);
        assert!(is_whole || fs::read(&here).unwrap() == old, "round {round}, killed after {moment:?}");
        assert_eq!(sealed_in(bare), 1, "round {round}");
    }
    println!("killed {killed} of {}; {swapped} had the new one in place by then", count());
    b.cmd(&args).cwd(clone).ok();
    assert_eq!(sha256(&here), whole);
    is_tidied(b);
    let ours: Vec<_> = crate::transfer::ssh::transcripts(b)
        .into_iter()
        .filter(|path| path.file_name().unwrap().to_string_lossy().contains("cclink"))
        .collect();
    assert!(ours.is_empty(), "{ours:?}");
    a.cmd(&["revoke", "--yes", text(&published, "token")]).ok();
    assert_eq!(sealed_in(bare), 0);
}

#[test]
fn a_kill_while_it_is_taken_for_good_loses_nothing() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, bare, clone } = &pair;
    let mut dice = Dice::new();
    let mut takes = Duration::from_secs(1);
    for round in 0..count() / 2 {
        let published = pair.publish(&["--carry=git", "--yes", "--burn"]);
        let _ = fs::remove_dir_all(b.claude.join("projects"));
        let args = ["pickup", text(&published, "token"), "--plan", "carried"];
        let begun = Instant::now();
        let moment = if round == 0 { Duration::from_mins(1) } else { dice.moment(takes) };
        if !kill_after(start(b, clone, &args), moment) {
            takes = begun.elapsed();
        }
        // Once more by the same device, wherever it was cut off.
        b.cmd(&args).cwd(clone).output();
        let folder = b.claude.join("projects").join(super::a_folder(b));
        let here = fs::read(folder.join(format!("{}.jsonl", session.id))).unwrap();
        assert_eq!(here.len(), fs::read(&session.path).unwrap().len(), "round {round} after {moment:?}");
    }
    // Who was killed did not take it away: its publisher does.
    a.cmd(&["list"]).clock(3700).ok();
    assert_eq!(sealed_in(bare), 0);
    is_tidied(b);
}

#[test]
fn a_kill_while_work_arrives_loses_none_of_it() {
    let Some(pair) = Pair::new() else { return };
    let Pair { b, session, clone, .. } = &pair;
    put(&session.project.join("file"), "changed\n");
    let new = |dir: &Path, number: usize| dir.join(format!("new/{number}"));
    for number in 0..50 {
        put(&new(&session.project, number), &format!("{number}\n").repeat(1000));
    }
    let published = pair.publish(&["--carry=git", "--with-changes", "--yes"]);
    let args = ["pickup", text(&published, "token"), "--plan", "carried"];
    let beside = b.home.join("changes").join(&session.id);
    let mut dice = Dice::new();
    let mut takes = Duration::from_secs(1);
    let mut waited = 0;
    for round in 0..count() {
        git(clone, &["reset", "-q", "--hard"]);
        git(clone, &["clean", "-q", "-d", "-f"]);
        let _ = fs::remove_dir_all(b.claude.join("projects"));
        let _ = fs::remove_dir_all(&beside);
        let begun = Instant::now();
        let moment = if round == 0 { Duration::from_mins(1) } else { dice.moment(takes) };
        if !kill_after(start(b, clone, &args), moment) {
            takes = begun.elapsed();
        }
        let said = b.cmd(&args).cwd(clone).ok().stderr;
        assert!(!clone.join(".git/index.lock").exists(), "round {round} after {moment:?}");
        // In the tree, or whole beside it where a part of it was in the tree already.
        if beside.exists() {
            waited += 1;
            let all = crate::support::device::walk(&beside).into_iter().filter(|path| path.is_file());
            assert_eq!(all.count(), 51, "round {round} after {moment:?}: {said}");
        } else {
            assert_eq!(fs::read_to_string(clone.join("file")).unwrap(), "changed\n", "round {round}: {said}");
            for number in 0..50 {
                let (is, was) = (new(clone, number), new(&session.project, number));
                assert_eq!(fs::read(is).unwrap(), fs::read(was).unwrap(), "round {round}: {said}");
            }
        }
    }
    println!("{waited} of {} waited beside the tree", count());
}

#[test]
fn what_comes_after_the_kill_is_taken_away_later() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, bare, session, .. } = &pair;
    pair.publish(&["--carry=git", "--yes"]);
    // As a killed publishing leaves it: noted, not out; its push is still on its way.
    let journal = a.home.join("journal.json");
    let mut book: Value = serde_json::from_str(&fs::read_to_string(&journal).unwrap()).unwrap();
    let (name, mut file) =
        book["carried"].as_object().unwrap().iter().next().map(|(n, f)| (n.clone(), f.clone())).unwrap();
    let late = format!("{}yyyy", &name[..22]);
    file["token"] = "dyyyyyyyyyyyyy".into();
    book["carried"][&late] = file;
    fs::write(&journal, book.to_string()).unwrap();
    a.cmd(&["keep", "--once"]).ok();
    let commit = asked(bare, &["for-each-ref", "--format=%(objectname)", "refs/cclink/"]);
    git(bare, &["update-ref", &format!("refs/cclink/{late}"), commit.trim()]);
    assert_eq!(sealed_in(bare), 2);
    a.cmd(&["keep", "--once"]).ok();
    assert_eq!(sealed_in(bare), 1);
    // An hour later it is believed that nothing comes any more.
    let book = fs::read_to_string(&journal).unwrap();
    let noted =
        |book: &str| serde_json::from_str::<Value>(book).unwrap()["carried"][&late]["taken_away"].clone();
    assert_eq!(noted(&book), true, "{book} {}", session.id);
}
