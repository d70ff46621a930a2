//! No two files name each other, in whatever number of steps. What a file says of
//! those below it in its own folder, and they of it, is one room: a circle through
//! what a room's own file gives out again is not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::source::paths;
use super::{module, sources};

type Edges = BTreeMap<String, BTreeSet<String>>;

/// The file that a path leads into: that of the longest module that is one.
fn file_of<'a>(path: &[String], files: &'a BTreeMap<Vec<String>, String>) -> Option<&'a String> {
    (1..=path.len()).rev().find_map(|length| files.get(&path[..length]))
}

fn edges(sources: &[(String, String)]) -> Edges {
    let files: BTreeMap<_, _> = sources.iter().map(|(file, _)| (module(file), file.clone())).collect();
    let mut edges = Edges::new();
    for (file, text) in sources {
        let here = module(file);
        let named = paths(text, "crate", &here).into_iter().filter_map(|(_, path)| file_of(&path, &files));
        // a parent and what it is made of
        let apart = |other: &&String| {
            let other = module(other);
            !here.starts_with(&other) && !other.starts_with(&here)
        };
        edges.insert(file.clone(), named.filter(apart).cloned().collect());
    }
    edges
}

/// The files that lead back to themselves, each with one that it names on the way.
fn circles(edges: &Edges) -> Vec<String> {
    let reached = |from: &String| {
        let (mut all, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(file) = next.pop() {
            next.extend(edges.get(file).into_iter().flatten().filter(|to| all.insert((*to).clone())));
        }
        all
    };
    let reach: BTreeMap<_, _> = edges.keys().map(|file| (file, reached(file))).collect();
    edges
        .iter()
        .filter(|(file, _)| reach[file].contains(*file))
        .map(|(file, to)| {
            let back: Vec<_> = to.iter().filter(|to| reach[to].contains(file)).cloned().collect();
            format!("{file} → {}", back.join(", "))
        })
        .collect()
}

#[test]
fn no_two_files_name_each_other() {
    let found = circles(&edges(&sources()));
    assert!(found.is_empty(), "circles:\n{}", found.join("\n"));
}

#[test]
fn a_planted_circle_is_reported() {
    let plant = |files: &[(&str, &str)]| {
        let files: Vec<_> =
            files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
        circles(&edges(&files))
    };
    let found = plant(&[
        ("text/a.rs", "use super::b::B;"),
        ("text/b.rs", "use crate::text::c;"),
        ("text/c.rs", "fn f() { super::a::A::new() }"),
        ("text/d.rs", "use super::a::A;"),
    ]);
    assert_eq!(found, ["text/a.rs → text/b.rs", "text/b.rs → text/c.rs", "text/c.rs → text/a.rs"]);
    assert_eq!(
        plant(&[("text.rs", "mod a; use a::A; use self::a::B;"), ("text/a.rs", "use super::C;")]),
        [""; 0]
    );
}
