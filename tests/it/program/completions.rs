//! `completions` in the shells that they are for, and `man`.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use crate::support::session::Transcript;
use crate::support::untouched::snapshot;
use crate::support::{Device, Output, text, tool_is_missing};

/// What is proposed for the last word, as fish is told.
fn proposed(a: &Device, words: &[&str]) -> Output {
    let out = a.cmd(&["--"]).args(words).env("CCLINK_COMPLETE", "fish").ok();
    assert_eq!(out.stderr, "", "{words:?}");
    out
}

/// The words of an answer without what is said of them, and without options.
fn words(out: &Output) -> Vec<String> {
    let words = out.stdout.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned());
    words.filter(|word| !word.starts_with("--")).collect()
}

/// What a shell prints.
fn shell(a: &Device, name: &str, args: &[&str]) -> String {
    let out = Command::new(name)
        .args(args)
        .env_clear()
        .envs(a.env())
        .env("P", env!("CARGO_BIN_EXE_cclink"))
        .current_dir(&a.projects)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && stderr.is_empty(), "{name}: {}: {stderr}", out.status);
    String::from_utf8(out.stdout).unwrap()
}

/// A device with a contact, two handoffs and a session, and what is proposed of these.
fn busy() -> (Device, [String; 2], String) {
    let a = Device::new();
    a.cmd(&["contacts", "add", "anna", &Device::new().public_key()]).ok();
    let one = text(&a.publish(&[]), "token").to_owned();
    let two = text(&a.publish(&["--link"]), "token").to_owned();
    let id = "a26e0000-0000-4000-8000-000000000001";
    Transcript::named(id, &a.project("uploader")).says("Name: with 'odd' $words").write(&a.claude);
    (a, [one, two].map(|token| token[..6].to_owned()), id[..8].to_owned())
}

#[test]
fn what_is_on_this_device_is_proposed() {
    let (a, [devices, link], id) = busy();
    assert_eq!(words(&proposed(&a, &["cclink", "revoke", ""])), [link.as_str(), &devices], "newest first");
    assert_eq!(words(&proposed(&a, &["cclink", "revoke", &devices, &link[..2]])), [link.as_str()]);
    // A link's token opens nothing.
    assert_eq!(words(&proposed(&a, &["cclink", "pickup", ""])), ["anna", &devices]);
    assert_eq!(words(&proposed(&a, &["cclink", "publish", "--share", ""]))[0], "anna");
    fs::write(a.home.join("config.toml"), "[teams]\nannas = [\"anna\"]\nbackend = [\"anna\"]\n").unwrap();
    let shared = |typed: &str| words(&proposed(&a, &["cclink", "publish", "--share", typed]));
    assert_eq!(shared("a"), ["anna", "annas"]);
    assert_eq!(shared("b"), ["backend"]);
    assert_eq!(shared("anna,"), ["anna,annas", "anna,backend"]);
    assert_eq!(words(&proposed(&a, &["cclink", "contacts", "remove", "a"])), ["anna"]);
    for command in ["publish", "resume", "bundle"] {
        assert_eq!(words(&proposed(&a, &["cclink", command, "A26e"])), [id.as_str()], "{command}");
        assert_eq!(words(&proposed(&a, &["cclink", command, "a26"])), [id.as_str()], "{command}");
        assert_eq!(words(&proposed(&a, &["cclink", command, ""])).len(), 3, "{command}");
    }
    let commands = words(&proposed(&a, &["cclink", ""]));
    assert!(commands.contains(&"doctor".to_owned()) && !commands.contains(&id), "{commands:?}");
    assert!(!commands.contains(&"hook".to_owned()), "{commands:?}");
    // The command line understands what was proposed.
    a.cmd(&["resume", "--print", &id]).ok();
    a.cmd(&["revoke", &link, &devices, "--yes"]).ok();
    assert_eq!(words(&proposed(&a, &["cclink", "revoke", ""])), Vec::<String>::new());
}

#[test]
fn it_is_fast_and_asks_starts_writes_and_tells_nothing() {
    let (mut a, ..) = busy();
    let link = text(&a.publish(&["--link"]), "link").to_owned();
    let (_, secret) = link.split_once("/cclink/l").expect("a secret");
    let project = a.project("many");
    for number in 0..500 {
        let id = format!("{number:08x}-1111-4222-8333-444444444444");
        Transcript::named(&id, &project).says("x").write(&a.claude);
    }
    let network = UdpSocket::bind("127.0.0.1:0").unwrap();
    network.set_nonblocking(true).unwrap();
    a.bootstrap = network.local_addr().unwrap().to_string();
    let started = a.path("started");
    fs::write(a.fake_claude(), format!("#!/bin/sh\ntouch '{}'\n", started.display())).unwrap();
    fs::set_permissions(a.fake_claude(), fs::Permissions::from_mode(0o755)).unwrap();
    let before = (snapshot(&a.home), snapshot(&a.claude));
    for asked in [
        &["cclink", ""][..],
        &["cclink", "publish", ""],
        &["cclink", "pickup", ""],
        &["cclink", "revoke", ""],
        &["cclink", "publish", "--share", ""],
        &["cclink", "publish", "--pin="],
    ] {
        let out = proposed(&a, asked).hides(&[secret]);
        assert!(out.took < Duration::from_secs(3), "{asked:?} took {:?}", out.took);
        assert!(words(&out).len() < 60, "{asked:?}: {}", words(&out).len());
    }
    assert!(network.recv(&mut [0; 2000]).is_err(), "the network was asked");
    assert!(!started.exists(), "claude was started");
    assert_eq!(before, (snapshot(&a.home), snapshot(&a.claude)), "something was written");
}

#[test]
fn whoever_types_meets_no_error() {
    let (a, ..) = busy();
    for (file, content) in [("journal.json", "{"), ("contacts.json", "["), ("config.toml", "wbe = 1")] {
        fs::write(a.home.join(file), content).unwrap();
        for asked in
            [&["cclink", "revoke", ""][..], &["cclink", "pickup", ""], &["cclink", "x", "y", "z"], &["-"]]
        {
            proposed(&a, asked);
        }
    }
    assert!(!a.home.join("journal.json.damaged-1").exists(), "looking moved it");
    for odd in ["nosuch", "/bin/fish", "bash", "zsh", "elvish", "powershell"] {
        let out = a.cmd(&["--", "cclink", "revoke", ""]).env("CCLINK_COMPLETE", odd).ok();
        assert_eq!(out.stderr, "", "{odd}");
    }
    let nowhere = a.cmd(&["--", "cclink", "publish", ""]).env("CCLINK_COMPLETE", "fish");
    let out = nowhere.without("HOME").without("CCLINK_HOME").without("CLAUDE_CONFIG_DIR").ok();
    assert_eq!(out.stderr, "");
    a.cmd(&["completions", "tcsh"]).fails(2);
}

#[test]
fn bash_completes() {
    if tool_is_missing("bash") {
        return;
    }
    let (a, [devices, link], _) = busy();
    let script = r#"source <("$P" completions bash)
        complete -p cclink >/dev/null || exit 1
        ask() {
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9 COMPREPLY=()
            _clap_complete_cclink cclink "${@: -1}" "${@: -2:1}"
            printf '%s\n' "${COMPREPLY[@]}"
        }
        ask cclink rev
        ask cclink revoke """#;
    let said = shell(&a, "bash", &["--norc", "--noprofile", "-c", script]);
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("--")).collect();
    assert_eq!(lines, ["revoke", &link, &devices], "{said}");
}

#[test]
fn zsh_completes() {
    if tool_is_missing("zsh") {
        return;
    }
    let (a, [devices, link], _) = busy();
    // The real registration; what it would show is printed.
    let script = r#"autoload -Uz compinit && compinit -u -D
        source <("$P" completions zsh)
        print -r -- $_comps[cclink]
        _describe() { print -rl -- "${(@P)3}" }
        words=(cclink revoke "") CURRENT=3
        _clap_dynamic_completer_cclink"#;
    let said = shell(&a, "zsh", &["-f", "-c", script]);
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("--")).collect();
    assert_eq!(lines[0], "_clap_dynamic_completer_cclink", "{said}");
    for (line, token) in lines[1..].iter().zip([&link, &devices]) {
        assert!(line.starts_with(&format!("{token}:Retry with jitter")), "{said}");
    }
    assert_eq!(lines.len(), 3, "{said}");
}

#[test]
fn fish_completes() {
    if tool_is_missing("fish") {
        return;
    }
    let (a, [devices, link], id) = busy();
    let script = r#"$P completions fish | source
        complete -C "cclink revoke "
        complete -C "cclink resume a26""#;
    let said = shell(&a, "fish", &["--no-config", "-c", script]);
    let mut lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("--")).collect();
    let last = lines.pop().expect("a session");
    assert!(last.starts_with(&format!("{id}\t")) && last.contains("'odd' $words"), "{said}");
    assert_eq!(lines, [format!("{link}\tRetry with jitter"), format!("{devices}\tRetry with jitter")]);
}

#[test]
fn the_manual_is_printed_or_written() {
    let a = Device::bare();
    let page = a.cmd(&["man"]).ok().stdout;
    assert!(page.contains(".TH cclink 1") && page.contains("cclink\\-pickup(1)"), "{page}");
    assert_eq!(a.json(&["man"])["page"], page);
    assert!(page.contains(".SH EXAMPLES\n  cclink ") && !page.contains("EXTRA"), "{page}");
    let dir = a.path("pages");
    a.cmd(&["man", "--out"]).arg(&dir).ok().says(&["cclink.1"]);
    let pages: Vec<String> =
        fs::read_dir(&dir).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    for command in ["", "-publish", "-pickup", "-doctor", "-log", "-contacts-add"] {
        assert!(pages.contains(&format!("cclink{command}.1")), "{pages:?}");
    }
    assert!(!pages.iter().any(|page| page.contains("hook")), "{pages:?}");
    assert_eq!(fs::read_to_string(dir.join("cclink.1")).unwrap(), page);
    assert!(fs::read_to_string(dir.join("cclink-pair.1")).unwrap().contains(".SH NOTES\nThe words"));
    a.cmd(&["man", "--out", "/dev/null/x"]).fails(1).says(&["cannot be written"]);
    assert!(a.files().is_empty(), "it writes nothing of its own");
}
