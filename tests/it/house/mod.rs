//! The walls: who may name whom, and what the tree may hold.

mod circles;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::source::{gives_up, paths};
use crate::support::device::walk;
use crate::support::tool_is_missing;

/// As in `src/architecture.md`, "Who may name whom". A room may always name itself.
/// `tui` alone is `tui/mod.rs`; its other rooms are named with their path.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("main", &["cli", "commands", "tui", "demo"]),
    // Only for the types of `--ttl` and `--plan`.
    ("cli", &["handoff", "resume"]),
    ("commands", &["cli", "service", "text", "qr"]),
    ("service", &["network", "store", "claude", "carry", "resume", "handoff", "text"]),
    ("network", &["handoff", "text"]),
    ("store", &["handoff", "text"]),
    ("claude", &["handoff", "text"]),
    ("carry", &["handoff", "text"]),
    ("resume", &["handoff", "text"]),
    ("demo", &["service", "network", "store", "claude", "resume", "handoff", "text"]),
    ("handoff", &[]),
    ("text", &[]),
    ("qr", &[]),
    (
        "tui",
        &["text", "tui::message", "tui::keymap", "tui::terminal", "tui::worker", "tui::panes", "tui::parts"],
    ),
    ("tui::message", &["service"]),
    ("tui::worker", &["service", "tui::message"]),
    ("tui::panes", &["tui::parts", "tui::message", "text", "qr"]),
    ("tui::parts", &["tui::message", "text", "qr"]),
    // One table of context, key, intent and words: the intents are message's.
    ("tui::keymap", &["tui::message"]),
    ("tui::terminal", &["tui::message", "text"]),
];

const TOP_LEVEL: [&str; 8] =
    ["Cargo.toml", "Cargo.lock", "src", "assets", "tests", "README.md", "LICENSE", "CHANGELOG.md"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file, by its path under `src`.
fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    let mut all: Vec<(String, String)> = walk(&src)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        // Files that only tests compile may build what they test from anywhere.
        .filter(|path| {
            !path
                .strip_prefix(&src)
                .unwrap()
                .components()
                .any(|part| part.as_os_str().to_string_lossy().starts_with("tests"))
        })
        .map(|path| {
            let name = path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    all.sort();
    assert!(all.len() > 10, "only {} files under src", all.len());
    all
}

/// The module a file is, as path segments: `tui/panes/mod.rs` is `tui::panes`.
fn module(file: &str) -> Vec<String> {
    let mut path: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

/// The room that a module path leads into; `None` where there is none of that name.
fn room(path: &[String]) -> Option<&'static str> {
    let known = |name: &str| MAY_NAME.iter().find(|(room, _)| *room == name).map(|(room, _)| *room);
    match path {
        [first, second, ..] if first == "tui" => known(&format!("tui::{second}")).or_else(|| known("tui")),
        [first, ..] => known(first),
        [] => None,
    }
}

/// What in `file` may not be named there, in words; `panes` are the names of
/// the files of `tui/panes`.
fn forbidden(file: &str, text: &str, panes: &BTreeSet<String>) -> Vec<String> {
    let here = module(file);
    if here == ["lib"] {
        return Vec::new(); // declares the rooms
    }
    let Some(from) = room(&here) else {
        return vec![format!("{file}: a file outside of every room")];
    };
    let allowed = MAY_NAME.iter().find(|(name, _)| *name == from).map(|(_, to)| *to).unwrap_or_default();
    let krate = if from == "main" { "cclink" } else { "crate" };
    let pane_of = |path: &[String]| path.get(2).filter(|name| panes.contains(*name)).cloned();
    let mut found = Vec::new();
    for (line, path) in paths(text, krate, &here) {
        let Some(to) = room(&path) else {
            found.push(format!("{file}:{line}: {} leads into no room", path.join("::")));
            continue;
        };
        // main starts the screen, whatever file of tui that is in.
        let whole_tui = from == "main" && to.starts_with("tui");
        let other_pane = from == "tui::panes"
            && to == "tui::panes"
            && pane_of(&here).is_some()
            && pane_of(&path).is_some_and(|pane| Some(pane) != pane_of(&here));
        if other_pane || !(from == to || whole_tui || allowed.contains(&to)) {
            found.push(format!("{file}:{line}: {from} may not name {}", path.join("::")));
        }
    }
    found
}

fn panes_of(files: &[(String, String)]) -> BTreeSet<String> {
    files
        .iter()
        .filter_map(|(file, _)| file.strip_prefix("tui/panes/"))
        .map(|rest| rest.split('/').next().unwrap().trim_end_matches(".rs").to_owned())
        .filter(|name| name != "mod")
        .collect()
}

#[test]
fn nobody_reaches_through_a_wall() {
    let files = sources();
    let panes = panes_of(&files);
    let found: Vec<String> = files.iter().flat_map(|(file, text)| forbidden(file, text, &panes)).collect();
    assert!(found.is_empty(), "forbidden edges:\n{}", found.join("\n"));
}

#[test]
fn a_planted_edge_is_reported() {
    let panes: BTreeSet<String> = ["sessions", "handoffs", "pickup", "qr"].map(str::to_owned).into();
    // Each line names one thing that it may not.
    for (file, planted) in [
        ("tui/panes/sessions.rs", "use crate::network::Network;"),
        ("tui/panes/sessions.rs", "use crate::{text, service::Service};"),
        ("tui/panes/sessions.rs", "use crate::tui::{message::Action, parts::form, worker};"),
        ("tui/panes/sessions.rs", "use crate::tui::panes::handoffs::Handoffs;"),
        ("tui/panes/sessions.rs", "use super::pickup::Form;"),
        ("tui/panes/sessions.rs", "fn f() { super::super::worker::start() }"),
        ("tui/panes/sessions/draw.rs", "use crate::tui::{panes::{qr, sessions}};"),
        ("tui/panes/mod.rs", "use super::terminal;"),
        ("tui/panes/mod.rs", "use crate::tui::App;"),
        ("tui/parts/form.rs", "use crate::tui::panes;"),
        ("tui/worker.rs", "fn f() { let _ = crate::store::paths(); }"),
        ("tui/message.rs", "pub use crate::claude::Session;"),
        ("tui/mod.rs", "use crate::commands;"),
        ("commands/list.rs", "use crate::tui;"),
        ("commands/list.rs", "use crate::{cli::{self, Cli}, service as s, handoff::Ttl as T};"),
        ("commands/list.rs", "type T = Vec<crate::store::journal::Entry>;"),
        ("service/publish.rs", "use crate::demo::Ring;"),
        ("network.rs", "use crate::store;"),
        ("store/journal.rs", "use crate /* hidden */ :: network::Dht;"),
        ("claude/scan.rs", "use crate::resume::Plan;"),
        ("handoff/link.rs", "use crate::text::clean;"),
        ("handoff/link.rs", "#[cfg(test)]\nmod tests {\n use super::super::super::text;\n}"),
        ("text.rs", "use crate::qr;"),
        ("demo.rs", "use crate::tui;"),
        ("cli.rs", "use crate::service::Service;"),
        ("main.rs", "use cclink::network::Network;"),
        ("main.rs", "fn main() { cclink::service::run() }"),
        ("text.rs", "use crate::*;"),
        // What a macro or an attribute is given has no grammar of its own.
        ("text.rs", "fn f() { println!(\"{}\", [crate::qr::grid(1)]) }"),
        (
            "text.rs",
            "thread_local! { static A: u8 = { use crate::{qr::Grid as G, text}; super::text::f() }; }",
        ),
        ("text.rs", "macro_rules! m { ($x:expr) => { $crate::qr::grid::<Vec<$x>>() }; }"),
        ("cli.rs", "struct A { #[arg(value_parser = crate::store::parse::<u8>)] a: u8 }"),
        ("kitchen.rs", "fn f() {}"),
    ] {
        let found = forbidden(file, planted, &panes);
        assert_eq!(found.len(), 1, "{file}: {planted}: {found:?}");
    }
    // And these are as they should be.
    for (file, fine) in [
        (
            "tui/panes/sessions.rs",
            "use crate::{qr, text::{self, fit}, tui::{message::Action, parts::{form, list::List}}};",
        ),
        ("tui/panes/sessions.rs", "use super::{Pane, Effect};\nuse crate::tui::panes::Pane;"),
        ("tui/panes/sessions/draw.rs", "use super::Sessions;\nuse crate::tui::panes::sessions::Row;"),
        (
            "tui/panes/mod.rs",
            "mod sessions; pub use sessions::Sessions; use self::sessions::X; use super::message::Event;",
        ),
        ("tui/mod.rs", "use self::panes::Sessions; use crate::tui::{worker, keymap, terminal};"),
        ("tui/worker.rs", "use crate::service::{Service, Job}; use super::message::{Action, Event};"),
        (
            "service/publish.rs",
            "use super::Service; use crate::{network, store, claude, resume, handoff, text};",
        ),
        (
            "commands/mod.rs",
            "// crate::tui is not ours\n/* crate::network /* nor */ crate::store */\nuse crate::service;",
        ),
        (
            "commands/mod.rs",
            "fn f() -> &'static str { \"crate::tui\" }\nconst C: char = '\"'; // \" crate::tui",
        ),
        (
            "commands/mod.rs",
            "const R: &str = r#\"use crate::tui; \"quoted\" \"#; pub(crate) fn g<'a>(x: &'a str) {}",
        ),
        ("text.rs", "#[cfg(test)]\nmod tests { use super::*; use super::clean; }"),
        ("main.rs", "use cclink::{cli, commands, tui::terminal, demo};"),
        ("lib.rs", "pub mod tui;"),
    ] {
        assert_eq!(forbidden(file, fine, &panes), Vec::<String>::new(), "{file}: {fine}");
    }
}

/// The first block under a heading of `src/architecture.md`, line by line.
fn written(heading: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join("src/architecture.md")).unwrap();
    let (_, part) = page.split_once(&format!("\n## {heading}\n")).expect(heading);
    let (_, block) = part.split_once("```text\n").expect("a block");
    let (block, _) = block.split_once("```").expect("its end");
    block.lines().map(str::to_owned).collect()
}

#[test]
fn the_architecture_tells_who_may_name_whom() {
    type Edges = BTreeMap<String, BTreeSet<String>>;
    let kept: Edges = MAY_NAME
        .iter()
        .map(|(from, to)| ((*from).to_owned(), to.iter().map(|to| (*to).to_owned()).collect()))
        .collect();
    let told: Edges = written("Who may name whom")
        .iter()
        .map(|line| {
            let (from, to) = line.split_once(" → ").expect(line);
            (from.to_owned(), to.split(", ").filter(|to| *to != "nobody").map(str::to_owned).collect())
        })
        .collect();
    assert_eq!(told, kept);
}

#[test]
fn the_architecture_tells_every_room() {
    let src = root().join("src");
    let told: BTreeSet<String> = written("Rooms")
        .iter()
        .map(|line| line.split_whitespace().next().expect("a room").to_owned())
        .collect();
    let mut there = BTreeSet::new();
    for inside in ["", "claude", "service", "tui", "network"] {
        for entry in fs::read_dir(src.join(inside)).unwrap() {
            let path = entry.unwrap().path();
            let is_module = inside.is_empty() && path.extension().is_some_and(|e| e == "rs");
            let is_for_tests = path.file_stem().is_some_and(|stem| stem == "tests");
            if (path.is_dir() || is_module) && !is_for_tests {
                let room = path.with_extension("");
                there.insert(room.strip_prefix(&src).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    let untold: Vec<&String> = there.difference(&told).collect();
    assert!(untold.is_empty(), "not in src/architecture.md: {untold:?}");
    let is_there = |room: &str| src.join(room).is_dir() || src.join(format!("{room}.rs")).is_file();
    let gone: Vec<&String> = told.iter().filter(|room| !is_there(room)).collect();
    assert!(gone.is_empty(), "in src/architecture.md, and nowhere else: {gone:?}");
}

#[test]
fn nothing_in_src_gives_up_or_is_unfinished() {
    let mut found = Vec::new();
    for (file, text) in sources() {
        if file.ends_with("/tests.rs") || file.contains("/tests/") {
            continue;
        }
        found.extend(gives_up(&text).into_iter().map(|place| format!("src/{file}:{place}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_unwrap_is_reported() {
    let text = "fn a() { x.unwrap(); }\n// y.unwrap()\n#[cfg(test)]\nmod tests { fn b() { z.unwrap(); } }\nfn c() { todo!() }\n\
                #[cfg(test)]\nuse std::fs;\nfn d() { w.unwrap_or(1); x.\n unwrap() }";
    assert_eq!(gives_up(text), ["1: unwrap", "5: todo", "9: unwrap"]);
    let text = "impl A {\n #[cfg(all(test, unix))]\n pub fn a(&self) { x.unwrap() }\n #[cfg(not(test))]\n fn b() { dbg!(1); }\n}\n\
                fn c() {\n #[cfg(test)]\n let x = y.unwrap();\n println!(\"{}\", [x.unwrap()]);\n}";
    assert_eq!(gives_up(text), ["5: dbg", "10: unwrap"]);
}

/// Lines that keep a secret in what prints it: where a type derives `Debug`, whoever
/// prints it prints all of its fields.
fn bare_secrets(text: &str) -> Vec<String> {
    const NAMES: [&str; 7] = ["pin", "passphrase", "password", "secret", "link", "web_link", "mnemonic"];
    // "Absent where it carries a secret."
    const NO_SECRET: &str = "    pub link: Option<String>,";
    let is_bare = |line: &&str| {
        let field = line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
        let named = field.trim_start_matches("pub ").split_once(": ");
        let holds = |kind: &str| kind.contains("String") || kind.contains("Vec<u8>");
        named.is_some_and(|(name, kind)| NAMES.contains(&name) && holds(kind) && !kind.contains("Hidden"))
            || line.contains("Zeroizing")
    };
    let text = text.replacen(NO_SECRET, "", 1);
    text.lines().filter(is_bare).map(str::to_owned).collect()
}

#[test]
fn secrets_are_hidden() {
    for (file, text) in sources() {
        if file != "handoff/hidden.rs" {
            assert_eq!(bare_secrets(&text), Vec::<String>::new(), "{file}: `Hidden` holds secrets");
        }
    }
    for planted in ["    pub pin: Option<String>,", "passphrase: String,", "    Unlock(Zeroizing<String>),"] {
        assert_eq!(bare_secrets(planted).len(), 1, "{planted}");
    }
    assert!(bare_secrets("    pub pin: Option<Hidden<String>>,\n    pin: Option<&str>,").is_empty());
}

#[test]
fn no_file_outgrows_its_room() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > 600)
        .map(|(file, lines)| format!("src/{file} has {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
    let tests = root().join("tests/it");
    for entry in fs::read_dir(&tests).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.is_dir() || path.ends_with("main.rs"), "{}: tests lie in areas", path.display());
    }
    for path in walk(&tests).iter().filter(|path| path.is_file()) {
        let lines = fs::read_to_string(path).unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines: one topic a file", path.display());
    }
}

#[test]
fn the_top_level_holds_what_belongs_there() {
    if tool_is_missing("git") {
        return;
    }
    let out = Command::new("git").arg("ls-files").current_dir(root()).output().unwrap();
    if !out.status.success() {
        println!("skipped: not a git repository: {}", String::from_utf8_lossy(&out.stderr));
        return;
    }
    let names: BTreeSet<String> = String::from_utf8(out.stdout)
        .unwrap()
        .lines()
        .map(|path| Path::new(path).iter().next().unwrap().to_string_lossy().into_owned())
        .collect();
    let strange: Vec<&String> =
        names.iter().filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str())).collect();
    assert!(strange.is_empty(), "at the top level: {strange:?}");
}
