//! cclink on many sessions, measured against what the disk alone allows, in one
//! run: `cargo bench`. `CCLINK_BENCH_SESSIONS=10000` for the size that counts.
//!
//! Each case runs in a process of its own, so that its peak memory is its own.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod corpus;
mod floor;
mod screen;
#[allow(dead_code)] // the tests need all of it
#[path = "../it/support/session.rs"]
mod session;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use cclink::claude::{Excerpt, Query, Searching, Store, preview};

use self::corpus::{NEEDLE, Sizes, generate};
use self::session::Transcript;

/// Rounds of a case; the median counts.
const ROUNDS: usize = 5;
const CWD: &str = "/home/dana/src/uploader";
const SEED: u64 = 7;
/// One long session, for previews, and its size.
const LONG: &str = "long/projects/-home-dana-long/11111111-2222-4333-8444-555555555555.jsonl";
const BYTES: usize = 100 << 20;

/// Sessions of which a message is as hostile as a reader of Markdown fears, and one
/// of plain words.
const HOSTILE: &str = "hostile";
const PLAIN: &str = "plain";
/// What is repeated in each of them, and how large the message is: lines of a megabyte and
/// more are not read whole.
const MARKS: [&str; 8] = ["*", "> ", "[", "- ", "a**b", "`a", "|a", "**a *b "];
const MESSAGE: usize = 900_000;

/// What one round took: to the first thing and to the end.
type Took = (Duration, Duration);
type Case = (&'static str, fn(&Path) -> Took);

fn cases() -> Vec<Case> {
    vec![
        ("stat+sort (floor)", |root| whole(|| drop(floor::newest_first(root)))),
        ("first rows", |root| {
            let started = Instant::now();
            let mut first = None;
            // As the screen: rows are drawn as soon as the first batch is there.
            Store::new(root)
                .scan(Path::new(CWD), &mut |_| {
                    first.get_or_insert(started.elapsed());
                })
                .unwrap();
            let first = first.unwrap();
            (first, first)
        }),
        ("head+tail, 1 thread (floor)", |root| whole(|| floor::heads_and_tails(root, 1))),
        ("head+tail, all cores (floor)", |root| whole(|| floor::heads_and_tails(root, floor::cores()))),
        ("all metadata", |root| {
            whole(|| {
                Store::new(root).scan(Path::new(CWD), &mut |rows| drop(std::hint::black_box(rows))).unwrap()
            })
        }),
        ("memmem, all cores (floor)", |root| floor::memmem(root, NEEDLE)),
        ("search, rare phrase", |root| search(root, &format!("\"{NEEDLE}\""))),
        ("search, no hit, other case", |root| search(root, "QUIZZICALLY zephyrs")),
        ("search, not ASCII", |root| search(root, "übergrößenträger")),
        ("search, common word", |root| search(root, "monli")),
        ("preview of 100 MB", |root| whole(|| drop(preview(&root.join(LONG), &Excerpt::Last, 200).unwrap()))),
    ]
}

fn whole<T>(work: impl FnOnce() -> T) -> Took {
    let started = Instant::now();
    std::hint::black_box(work());
    (started.elapsed(), started.elapsed())
}

fn search(root: &Path, query: &str) -> Took {
    let started = Instant::now();
    let first = Mutex::new(None);
    let sink = |event| {
        if matches!(event, Searching::Found(_)) {
            first.lock().unwrap().get_or_insert(started.elapsed());
        }
    };
    let cancel = AtomicBool::new(false);
    Store::new(root).search(&Query::parse(query), None, &sink, &cancel).unwrap();
    let end = started.elapsed();
    (first.into_inner().unwrap().unwrap_or(end), end)
}

fn main() {
    let count = std::env::var("CCLINK_BENCH_SESSIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sessions-{SEED}-{count}"));
    if let Ok(case) = std::env::var("CCLINK_BENCH_CASE") {
        run(&case, &root);
        return;
    }
    prepare(&root, count);
    let bytes =
        floor::newest_first(&root).iter().map(|(_, path)| path.metadata().unwrap().len()).sum::<u64>();
    println!("{count} sessions, {} MB, {} cores; median of {ROUNDS}", bytes >> 20, floor::cores());
    println!("{:<32} {:>10} {:>10} {:>8}", "", "first", "whole", "peak");
    let mut took = std::collections::BTreeMap::new();
    for (name, _) in cases() {
        let out =
            Command::new(std::env::current_exe().unwrap()).env("CCLINK_BENCH_CASE", name).output().unwrap();
        assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
        let numbers: Vec<f64> =
            String::from_utf8(out.stdout).unwrap().split_whitespace().map(|n| n.parse().unwrap()).collect();
        println!("{name:<32} {:>7.1} ms {:>7.1} ms {:>5.1} MB", numbers[0], numbers[1], numbers[2]);
        took.insert(name, numbers);
    }
    let first = |name: &str| took[name][0];
    let all = |name: &str| took[name][1];
    let memory = ["first rows", "all metadata", "search, rare phrase", "search, common word"]
        .map(|name| took[name][2])
        .into_iter()
        .fold(0.0, f64::max);
    let mut verdicts = vec![
        ("first rows over stat+sort, ms", first("first rows") - all("stat+sort (floor)"), 20.0),
        (
            "all metadata / head+tail on 1 thread",
            all("all metadata") / all("head+tail, 1 thread (floor)"),
            1.5,
        ),
        ("rare phrase / memmem", all("search, rare phrase") / all("memmem, all cores (floor)"), 1.5),
        (
            "first hit over memmem's own, ms",
            first("search, rare phrase") - first("memmem, all cores (floor)"),
            50.0,
        ),
        ("peak memory, MB", memory, 64.0),
        ("preview of 100 MB, ms", all("preview of 100 MB"), 10.0),
        ("preview of 100 MB, MB", took["preview of 100 MB"][2], 10.0),
    ];
    verdicts.extend(screen::measure(
        &root,
        &root.join("long"),
        &(0..MARKS.len()).map(|n| hostile_root(&root, n)).collect::<Vec<_>>(),
        &root.join(PLAIN),
    ));
    println!();
    println!(
        "{:<40} {:>8.2}   for information",
        "all metadata / head+tail on all cores",
        all("all metadata") / all("head+tail, all cores (floor)")
    );
    for (what, value, target) in verdicts {
        let verdict = if value <= target { "holds" } else { "MISSED" };
        println!("{what:<40} {value:>8.2}   target {target:>5.1}   {verdict}");
    }
}

/// Runs a case and prints its medians in ms, and the peak memory in MB.
fn run(case: &str, root: &Path) {
    let (_, work) = cases().into_iter().find(|(name, _)| *name == case).unwrap();
    let mut rounds: Vec<Took> = (0..ROUNDS).map(|_| work(root)).collect();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    rounds.sort_by_key(|round| round.0);
    let first = ms(rounds[ROUNDS / 2].0);
    rounds.sort_by_key(|round| round.1);
    println!("{first} {} {}", ms(rounds[ROUNDS / 2].1), floor::peak("self"));
}

/// The same sessions are not written again.
fn prepare(root: &Path, count: usize) {
    for name in [HOSTILE, PLAIN] {
        let _ = std::fs::remove_dir_all(root.join(name));
    }
    if !root.join("done").exists() {
        let _ = std::fs::remove_dir_all(root);
        println!("writing {count} sessions …");
        generate(root, SEED, count, Sizes::Real);
        std::fs::write(root.join("done"), "").unwrap();
    }
    let long = root.join(LONG);
    if long.metadata().map_or(0, |there| there.len()) < BYTES as u64 {
        let talk = Transcript::new(Path::new("/home/dana/long"));
        let turn = |words| talk.clone().says(words).to_string();
        let many = turn("so many words");
        std::fs::create_dir_all(long.parent().unwrap()).unwrap();
        let mut file = std::fs::File::create(&long).unwrap();
        file.write_all(many.repeat(BYTES / many.len() + 1).as_bytes()).unwrap();
        file.write_all(turn(screen::LAST_WORDS).as_bytes()).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(24)).unwrap();
        // Newer, and so the one that is selected first.
        std::fs::write(long.with_file_name("22222222-2222-4333-8444-555555555555.jsonl"), many).unwrap();
    }
    for (n, mark) in MARKS.iter().enumerate() {
        one_message(&hostile_root(root, n), mark);
    }
    one_message(&root.join(PLAIN), "word ");
}

fn hostile_root(root: &Path, n: usize) -> PathBuf {
    root.join(HOSTILE).join(n.to_string())
}

/// A session with such a message below a newer one, which is selected first.
fn one_message(root: &Path, mark: &str) {
    let cwd = Path::new("/home/dana/hostile");
    let talk = Transcript::new(cwd).says("read this").answers(&mark.repeat(MESSAGE / mark.len()));
    let old = talk.answers(screen::LAST_WORDS).write(root);
    let yesterday = SystemTime::now() - Duration::from_hours(24);
    std::fs::File::options().append(true).open(old.path).unwrap().set_modified(yesterday).unwrap();
    Transcript::new(cwd).says("nothing").answers("of note").write(root);
}
