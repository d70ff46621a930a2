//! The archives, and what installs them: made here from a stand-in for the program, then used.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

use crate::support::tool_is_missing;

const VERSION: &str = "1.2.3";
/// Target, `uname -s`, `uname -m`.
const TARGETS: [(&str, &str, &str); 5] = [
    ("x86_64-unknown-linux-musl", "Linux", "x86_64"),
    ("aarch64-unknown-linux-musl", "Linux", "aarch64"),
    ("x86_64-apple-darwin", "Darwin", "x86_64"),
    ("aarch64-apple-darwin", "Darwin", "arm64"),
    ("x86_64-pc-windows-gnu", "MINGW64_NT-10.0", "x86_64"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn make(args: &[&str]) -> Output {
    let script = root().join("assets/release/make.sh");
    Command::new("sh").arg(script).args(args).output().unwrap()
}

#[track_caller]
fn made(args: &[&str]) {
    let out = make(args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

fn executable(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A release in a folder that is its repository's address, too.
struct Release {
    root: tempfile::TempDir,
    dist: PathBuf,
}

impl Release {
    fn new() -> Self {
        Self::of(VERSION)
    }

    fn of(version: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let dist = root.path().join("releases/download").join(format!("v{version}"));
        let release = Self { root, dist };
        let manual = release.path("manual");
        made(&["manual", env!("CARGO_BIN_EXE_cclink"), &manual]);
        for (target, _, _) in TARGETS {
            let program = release.root.path().join(target);
            executable(&program, &format!("#!/bin/sh\necho {target}\n"));
            made(&[
                "pack",
                program.to_str().unwrap(),
                &manual,
                target,
                version,
                release.dist.to_str().unwrap(),
            ]);
        }
        made(&["files", release.dist.to_str().unwrap(), version, &release.address()]);
        release
    }

    fn path(&self, name: &str) -> String {
        self.root.path().join(name).to_str().unwrap().to_owned()
    }

    fn address(&self) -> String {
        format!("file://{}", self.root.path().display())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dist.join(name)).unwrap()
    }

    /// Runs the installer as that machine, into a prefix.
    fn install(&self, system: &str, machine: &str, prefix: &Path) -> Output {
        let bin = self.root.path().join(format!("{system}-{machine}"));
        fs::create_dir_all(&bin).unwrap();
        let uname = format!("#!/bin/sh\n[ \"$1\" = -s ] && echo {system} || echo {machine}\n");
        executable(&bin.join("uname"), &uname);
        // One that looks where the last prefix of these puts its completions.
        let zsh = format!(
            "#!/bin/sh\necho /usr/share/zsh\necho '{}/known/share/zsh/site-functions'\n",
            self.path("prefix")
        );
        executable(&bin.join("zsh"), &zsh);
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        Command::new("sh")
            .arg(self.dist.join("install.sh"))
            .env("PATH", path)
            .env("PREFIX", prefix)
            .output()
            .unwrap()
    }
}

fn archive(target: &str) -> String {
    format!("cclink-{VERSION}-{target}.tar.gz")
}

fn sha256(path: &Path) -> String {
    use std::fmt::Write;
    Sha256::digest(fs::read(path).unwrap()).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// GNU tar packs on the machine that releases; macOS has another one.
fn cannot_pack() -> bool {
    let about = Command::new("tar").arg("--version").output();
    let is_gnu = about.is_ok_and(|about| String::from_utf8_lossy(&about.stdout).contains("GNU"));
    !is_gnu || tool_is_missing("tar")
}

/// Where a tool that looks at files is there.
fn checked(tool: &str, args: &[&str], file: &Path) {
    let Ok(out) = Command::new(tool).args(args).arg(file).output() else {
        println!("skipped: `{tool}` is not installed here");
        return;
    };
    let said = [out.stdout, out.stderr].concat();
    assert!(out.status.success(), "{tool} {}: {}", file.display(), String::from_utf8_lossy(&said));
}

#[test]
fn every_file_names_the_checksums_that_the_archives_have() {
    if cannot_pack() {
        return;
    }
    let release = Release::new();
    let sums = release.read("SHA256SUMS");
    let files = ["install.sh", "cclink.rb", "PKGBUILD", "cclink.nix"].map(|name| (name, release.read(name)));
    for (target, _, _) in TARGETS {
        let sum = sha256(&release.dist.join(archive(target)));
        assert!(sums.contains(&format!("{sum}  {}\n", archive(target))), "{sums}");
        for (name, text) in &files {
            let is_in = match *name {
                "PKGBUILD" => target.contains("linux"),
                _ => !target.contains("windows"),
            };
            assert_eq!(text.contains(&sum), is_in, "{name}, {target}:\n{text}");
        }
    }
    let [_, (_, formula), (_, arch), _] = &files;
    let mac = archive("aarch64-apple-darwin");
    let sum = sha256(&release.dist.join(&mac));
    let stanza = format!("/v{VERSION}/{mac}\"\n      sha256 \"{sum}\"");
    assert!(formula.contains(&stanza), "{formula}");
    assert!(arch.contains(&format!("pkgver='{VERSION}'")), "{arch}");
    let notes = release.read("notes.md");
    assert!(
        notes.contains(&format!("{}/releases/download/v{VERSION}/install.sh | sh", release.address())),
        "{notes}"
    );
    checked("sh", &["-n"], &release.dist.join("install.sh"));
    checked("bash", &["-n"], &release.dist.join("PKGBUILD"));
    checked("ruby", &["-c"], &release.dist.join("cclink.rb"));
    checked("nix-instantiate", &["--parse"], &release.dist.join("cclink.nix"));
    checked("shellcheck", &[], &root().join("assets/release/make.sh"));
    checked("shellcheck", &[], &release.dist.join("install.sh"));
    checked("shellcheck", &["--shell=bash"], &release.dist.join("PKGBUILD"));
}

/// As `vercmp` of pacman has it: what follows a number at once comes before it.
#[test]
fn a_pre_release_is_older_for_pacman_and_keeps_its_tag() {
    if cannot_pack() {
        return;
    }
    let release = Release::of("1.2.3-rc.1");
    let arch = release.read("PKGBUILD");
    assert!(arch.contains("pkgver='1.2.3rc1'\n"), "{arch}");
    for words in [
        "/releases/download/v1.2.3-rc.1/cclink-1.2.3-rc.1-x86_64-unknown-linux-musl.tar.gz'",
        "cd \"$srcdir/cclink-1.2.3-rc.1-$CARCH-unknown-linux-musl\"",
    ] {
        assert!(arch.contains(words), "{words}: {arch}");
    }
    checked("bash", &["-n"], &release.dist.join("PKGBUILD"));
    for (version, pkgver) in
        [("1.0.0-beta.2.3", "1.0.0beta2.3"), ("1.0.0-alpha", "1.0.0alpha"), ("1.0.0-1", "1.0.0pre1")]
    {
        for (target, _, _) in TARGETS {
            let (old, new) = ("1.2.3-rc.1", version);
            let name = |version: &str| release.dist.join(format!("cclink-{version}-{target}.tar.gz"));
            fs::copy(name(old), name(new)).unwrap();
        }
        made(&["files", release.dist.to_str().unwrap(), version, &release.address()]);
        let arch = release.read("PKGBUILD");
        assert!(arch.contains(&format!("pkgver='{pkgver}'\n")), "{version}: {arch}");
    }
}

#[test]
fn an_archive_holds_program_manual_completions_and_is_the_same_each_time() {
    if cannot_pack() {
        return;
    }
    let release = Release::new();
    let (target, _, _) = TARGETS[0];
    let path = release.dist.join(archive(target));
    let list = Command::new("tar").arg("-tf").arg(&path).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let files = ["cclink", "LICENSE", "README.md", "man/cclink.1", "man/cclink-publish.1"];
    let completions = ["completions/cclink.bash", "completions/_cclink", "completions/cclink.fish"];
    for file in files.iter().chain(&completions) {
        let line = format!("cclink-{VERSION}-{target}/{file}");
        assert!(list.lines().any(|known| known == line), "{file}: {list}");
    }
    let again = release.path("again");
    made(&["pack", &release.path(target), &release.path("manual"), target, VERSION, &again]);
    assert_eq!(sha256(&path), sha256(&Path::new(&again).join(archive(target))));
    // On Windows it has the name that runs there.
    let list = Command::new("tar").arg("-tf").arg(release.dist.join(archive(TARGETS[4].0))).output().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains("/cclink.exe\n"));
}

#[test]
fn the_installer_takes_the_build_of_the_machine() {
    if cannot_pack() || tool_is_missing("curl") {
        return;
    }
    let release = Release::new();
    for (target, system, machine) in TARGETS {
        let prefix = release.root.path().join("prefix").join(target);
        let out = release.install(system, machine, &prefix);
        let said = String::from_utf8_lossy(&out.stderr);
        if target.contains("windows") {
            assert!(!out.status.success() && said.contains("no build for MINGW64"), "{said}");
            assert!(!prefix.exists());
            continue;
        }
        assert!(out.status.success(), "{target}: {said}");
        let words = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(words.contains("is not in your PATH"));
        let fpath = format!("  fpath=('{}/share/zsh/site-functions' $fpath)\n", prefix.display());
        assert!(words.contains(&fpath) && words.contains("~/.zshrc"), "{words}");
        let ran = Command::new(prefix.join("bin/cclink")).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), target);
        for file in [
            "man/man1/cclink.1",
            "bash-completion/completions/cclink",
            "zsh/site-functions/_cclink",
            "fish/vendor_completions.d/cclink.fish",
        ] {
            assert!(prefix.join("share").join(file).is_file(), "{file}");
        }
    }
}

#[test]
fn zsh_that_finds_the_completions_needs_no_hint() {
    if cannot_pack() || tool_is_missing("curl") {
        return;
    }
    let release = Release::new();
    let out = release.install("Linux", "x86_64", &release.root.path().join("prefix/known"));
    let words = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && !words.contains("fpath"), "{words}");
}

#[test]
fn the_installer_refuses_what_has_another_checksum_or_is_not_there() {
    if cannot_pack() || tool_is_missing("curl") {
        return;
    }
    let release = Release::new();
    let (target, system, machine) = TARGETS[0];
    let prefix = release.root.path().join("prefix");
    let path = release.dist.join(archive(target));
    // Another build, whole in itself.
    fs::copy(release.dist.join(archive(TARGETS[1].0)), &path).unwrap();
    let out = release.install(system, machine, &prefix);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success() && said.contains("wrong checksum"), "{said}");
    fs::remove_file(&path).unwrap();
    let out = release.install(system, machine, &prefix);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success() && said.contains("cannot be fetched"), "{said}");
    assert!(!prefix.exists(), "nothing was installed");
}

#[test]
fn what_is_incomplete_or_no_version_makes_no_files() {
    if cannot_pack() {
        return;
    }
    let release = Release::new();
    let dist = release.dist.to_str().unwrap().to_owned();
    for version in ["", "1;id", "1.2.3/.."] {
        let out = make(&["files", &dist, version, &release.address()]);
        assert!(!out.status.success(), "{version}");
    }
    fs::remove_file(release.dist.join(archive(TARGETS[2].0))).unwrap();
    let out = make(&["files", &dist, VERSION, &release.address()]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success() && said.contains("missing: "), "{said}");
    assert!(!make(&["pack"]).status.success());
}
