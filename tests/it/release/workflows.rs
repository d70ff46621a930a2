//! What runs on GitHub when a version is released.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn workflows() -> impl Iterator<Item = (PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
}

/// A tag of somebody else's repository can be another commit tomorrow.
#[test]
fn actions_of_others_are_named_by_their_commit() {
    for (path, text) in workflows() {
        let mut seen = 0;
        for used in text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("uses: "))
        {
            seen += 1;
            if used.starts_with("./") {
                continue;
            }
            let (commit, tag) =
                used.split_once('@').and_then(|(_, at)| at.split_once(" # ")).unwrap_or((used, ""));
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && !tag.is_empty(), "{}: {used}", path.display());
        }
        assert!(seen > 0, "{}", path.display());
    }
}

/// The script of the release's first step, in a folder with these files.
fn tagged(tag: &str, cargo: &str, changelog: &str) -> (Output, String) {
    let (_, text) = workflows().find(|(path, _)| path.ends_with("release.yml")).unwrap();
    let (_, rest) = text.split_once("- id: version\n        run: |\n").expect("the step");
    let script: Vec<&str> = rest.lines().map_while(|line| line.strip_prefix("          ")).collect();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Cargo.toml"), cargo).unwrap();
    fs::write(dir.path().join("CHANGELOG.md"), changelog).unwrap();
    let told = dir.path().join("output");
    let out = Command::new("bash")
        .args(["-e", "-c", &script.join("\n")])
        .current_dir(dir.path())
        .env("GITHUB_REF_NAME", tag)
        .env("GITHUB_OUTPUT", &told)
        .output()
        .unwrap();
    (out, fs::read_to_string(told).unwrap_or_default())
}

#[test]
fn a_tag_without_its_version_or_its_changes_is_refused_in_words() {
    if Command::new("bash").arg("--version").output().is_err() {
        println!("skipped: `bash` is not installed here");
        return;
    }
    let cargo = "[package]\nversion = \"1.2.3\"\n[dependencies]\nother = \"4\"\n";
    let headed = "## [Unreleased]\n\n## [1.2.3] - 2026-12-01\n";
    let (out, told) = tagged("v1.2.3", cargo, headed);
    assert!(out.status.success(), "{out:?}");
    assert_eq!(told, "version=1.2.3\n");
    for (tag, changelog, words) in [
        ("v1.2.4", headed, "::error::the tag is v1.2.4, Cargo.toml says 1.2.3"),
        ("v1.2.3", "## [Unreleased]\n", "::error file=CHANGELOG.md::CHANGELOG.md has no heading `## [1.2.3]"),
        ("v1.2.3", "## [1.2.30] - 2026-12-01\n", "has no heading `## [1.2.3]"),
    ] {
        let (out, told) = tagged(tag, cargo, changelog);
        let said = String::from_utf8_lossy(&out.stdout);
        assert!(!out.status.success() && said.contains(words) && told.is_empty(), "{out:?}");
    }
}
