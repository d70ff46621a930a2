//! `cclink plugin`: Claude Code's settings are changed as shown, and back.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::claude::hook::submitted;
use crate::support::device::walk;
use crate::support::{Device, Pty, text};
use serde_json::{Value, json};

const SETTINGS: &str = "{\n\t\"model\": \"opus\",\n\t\"cleanupPeriodDays\": 3e3,\n\t\"hooks\": {\n\t\t\"Stop\": [ {\"hooks\": []} ]\n\t},\n\t\"env\": {\"KEY\": \"sk-invented\"}\n}";

fn settings(device: &Device) -> PathBuf {
    device.claude.join("settings.json")
}

/// Every file of Claude's folder and what it holds.
fn snapshot(device: &Device) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let mut all: Vec<_> =
        walk(&device.claude).into_iter().map(|path| (path.clone(), fs::read(path).ok())).collect();
    all.sort();
    all
}

fn status(device: &Device) -> Value {
    device.json(&["plugin", "status"])
}

#[test]
fn installed_and_removed_nothing_is_left() {
    for content in [None, Some(SETTINGS), Some("{}"), Some("{\"model\":\"opus\"}\n")] {
        let a = Device::new();
        if let Some(content) = content {
            fs::write(settings(&a), content).unwrap();
            fs::set_permissions(settings(&a), fs::Permissions::from_mode(0o640)).unwrap();
        }
        let before = snapshot(&a);
        for option in [&[][..], &["--on-exit", "--carry"], &["--on-exit"]] {
            a.cmd(&["plugin", "install", "--yes"]).args(option).ok().says(&["/cclink:handoff"]);
            let installed = status(&a);
            assert_eq!((&installed["installed"], &installed["command"]), (&json!(true), &json!("current")));
            assert_eq!(installed["on_exit"], json!(!option.is_empty()));
            assert_eq!(installed["hooks"][0]["program"], env!("CARGO_BIN_EXE_cclink"));
            assert_eq!(installed["hooks"][0]["exists"], true);
            // Once more changes nothing.
            let once = snapshot(&a);
            let again = a.cmd(&["plugin", "install", "--yes", "--json"]).args(option).ok().json();
            assert_eq!(again["changed"], false, "{again:#}");
            assert_eq!(snapshot(&a), once);
        }
        let written: Value = serde_json::from_slice(&fs::read(settings(&a)).unwrap()).unwrap();
        let hook = &written["hooks"]["SessionEnd"][0]["hooks"][0];
        assert_eq!(hook["type"], "command");
        assert!(text(hook, "command").ends_with(" hook session-end"), "{hook:#}");
        if let Some(content) = content {
            // Everything else kept its bytes; the mode stays; a copy is kept.
            let text = fs::read_to_string(settings(&a)).unwrap();
            assert!(content != SETTINGS || text.contains("\t\"cleanupPeriodDays\": 3e3,\n"), "{text}");
            assert!(content != SETTINGS || text.contains("\"Stop\": [ {\"hooks\": []} ]"), "{text}");
            assert_eq!(settings(&a).metadata().unwrap().permissions().mode() & 0o777, 0o640);
            assert_eq!(fs::read_to_string(a.claude.join("settings.json.before-cclink")).unwrap(), content);
        }
        a.cmd(&["plugin", "remove", "--yes"]).ok();
        assert_eq!(snapshot(&a), before, "{content:?}");
        assert_eq!(status(&a)["installed"], false);
        assert_eq!(a.json(&["plugin", "remove", "--yes"])["changed"], false);
    }
}

#[test]
fn the_hook_works_as_it_stands_there() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    a.cmd(&["plugin", "install", "--yes"]).ok();
    let command = text(&status(&a)["hooks"][0], "command").to_owned();
    let input = a.path("input.json");
    fs::write(&input, submitted(&session, "/cclink:handoff").to_string()).unwrap();
    let out = Command::new("sh")
        .args(["-c", &command])
        .env_clear()
        .envs(a.env())
        .stdin(fs::File::open(&input).unwrap())
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(answer["decision"], "block", "{answer:#}");
    assert_eq!(a.json(&["list"])[0]["session_id"], json!(session.id));
}

#[test]
fn the_change_is_shown_before_it_is_made() {
    let a = Device::new();
    fs::write(settings(&a), SETTINGS).unwrap();
    let before = snapshot(&a);
    // Nobody can answer: nothing happens.
    let out =
        a.cmd(&["plugin", "install"]).stdin("y\n").fails(2).says(&["--yes", "settings.json", "handoff.md"]);
    assert!(out.stderr.contains("\n+ "), "{}", out.stderr);
    assert!(!out.stderr.contains("\n- \t\t\"Stop"), "{}", out.stderr);
    a.cmd(&["plugin", "install", "--json"]).fails(2).error();
    assert_eq!(snapshot(&a), before);
    // On a terminal it is asked.
    for (answer, changes) in [("n\n", false), ("y\n", true)] {
        let cclink = env!("CARGO_BIN_EXE_cclink");
        let mut pty = Pty::spawn(cclink, &["plugin", "install"], &a.env(), &a.projects);
        assert!(pty.waits_for(&["[Y/n]"]), "{}", pty.said());
        pty.types(answer);
        assert_eq!(pty.code(), u32::from(!changes));
        assert_eq!(snapshot(&a) != before, changes);
    }
    let out = a.cmd(&["plugin", "remove"]).fails(2);
    assert!(out.stderr.contains("\n- "), "{}", out.stderr);
    assert_eq!(status(&a)["installed"], true);
}

#[test]
fn what_changed_since_stays() {
    let a = Device::new();
    fs::write(settings(&a), SETTINGS).unwrap();
    a.cmd(&["plugin", "install", "--yes", "--on-exit"]).ok();
    let text = fs::read_to_string(settings(&a)).unwrap();
    fs::write(settings(&a), text.replace("opus", "sonnet")).unwrap();
    a.cmd(&["plugin", "remove", "--yes"]).ok();
    assert_eq!(fs::read_to_string(settings(&a)).unwrap(), SETTINGS.replace("opus", "sonnet"));
}

#[test]
fn a_file_that_cannot_be_read_is_never_written() {
    for (content, said) in [
        (&b"{\n  \"a\": 1,\n}"[..], "line 3 column 1"),
        (b"// comment\n{}", "line 1"),
        (b"", "line 1"),
        (b"[]", "not an object"),
        (b"{\"hooks\":{\"UserPromptSubmit\":{}}}", "not a list"),
        (b"{\"a\":\"\xff\"}", "utf-8"),
    ] {
        let a = Device::new();
        fs::write(settings(&a), content).unwrap();
        let before = snapshot(&a);
        a.cmd(&["plugin", "install", "--yes"]).fails(1).says(&[said, "settings.json"]);
        a.cmd(&["plugin", "remove", "--yes"]).fails(1);
        a.cmd(&["plugin", "status"]).fails(1);
        assert_eq!(snapshot(&a), before);
    }
    let a = Device::new();
    fs::write(settings(&a), "{}").unwrap();
    fs::set_permissions(settings(&a), fs::Permissions::from_mode(0o000)).unwrap();
    a.cmd_without_privileges(&["plugin", "install", "--yes"]).fails(1);
    // A command that is somebody else's, a link that leads nowhere, no folder.
    let a = Device::new();
    let command = a.claude.join("commands").join("cclink").join("handoff.md");
    fs::create_dir_all(command.parent().unwrap()).unwrap();
    fs::write(&command, "mine").unwrap();
    a.cmd(&["plugin", "install", "--yes"]).fails(1).says(&["handoff.md"]);
    assert!(!settings(&a).exists());
    let a = Device::new();
    symlink(a.path("nowhere"), settings(&a)).unwrap();
    a.cmd(&["plugin", "install", "--yes"]).fails(1).says(&["link"]);
    let a = Device::new();
    fs::remove_dir_all(&a.claude).unwrap();
    a.cmd(&["plugin", "install", "--yes"]).fails(1).says(&["CLAUDE_CONFIG_DIR"]);
    assert!(!a.claude.exists());
}

#[test]
fn a_link_stays_a_link() {
    let a = Device::new();
    let dotfiles = a.path("dotfiles.json");
    fs::write(&dotfiles, SETTINGS).unwrap();
    symlink(&dotfiles, settings(&a)).unwrap();
    a.cmd(&["plugin", "install", "--yes"]).ok();
    assert!(settings(&a).is_symlink());
    assert!(fs::read_to_string(&dotfiles).unwrap().contains("hook prompt"));
    a.cmd(&["plugin", "remove", "--yes"]).ok();
    assert!(settings(&a).is_symlink());
    assert_eq!(fs::read_to_string(&dotfiles).unwrap(), SETTINGS);
}

#[test]
fn a_cclink_that_went_away_is_said() {
    let a = Device::new();
    let elsewhere = a.path("it's mine");
    fs::create_dir(&elsewhere).unwrap();
    let moved = elsewhere.join("cclink");
    copy_to(&moved);
    let out =
        Command::new(&moved).args(["plugin", "install", "--yes"]).env_clear().envs(a.env()).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let command = text(&status(&a)["hooks"][0], "command").to_owned();
    assert!(
        Command::new("sh")
            .args(["-c", &command])
            .env_clear()
            .envs(a.env())
            .stdin(std::process::Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    fs::remove_file(&moved).unwrap();
    assert_eq!(status(&a)["hooks"][0]["exists"], false);
    a.cmd(&["plugin", "status"]).ok().says(&["no longer exists", "plugin install"]);
    // Installing puts it right, and does not add a second one.
    a.cmd(&["plugin", "install", "--yes"]).ok();
    let hooks = status(&a)["hooks"].clone();
    assert_eq!((hooks.as_array().unwrap().len(), &hooks[0]["exists"]), (1, &json!(true)));
    fs::write(
        settings(&a),
        fs::read_to_string(settings(&a)).unwrap().replacen('{', "{\"disableAllHooks\":true,", 1),
    )
    .unwrap();
    a.cmd(&["plugin", "status"]).ok().says(&["disableAllHooks"]);
}

#[test]
fn settings_are_read_as_claude_reads_them_or_it_is_said_what_is_wrong() {
    let a = Device::new();
    for content in ["\u{feff}{\n  \"model\": \"opus\"\n}\n", "\u{feff}{\"model\":\"opus\"}", "\u{feff}{}"] {
        fs::write(settings(&a), content).unwrap();
        a.cmd(&["plugin", "install", "--yes"]).ok();
        let installed = fs::read_to_string(settings(&a)).unwrap();
        assert!(installed.starts_with('\u{feff}') && status(&a)["installed"] == true, "{installed:?}");
        assert!(
            serde_json::from_str::<Value>(installed.trim_start_matches('\u{feff}')).is_ok(),
            "{installed}"
        );
        a.cmd(&["plugin", "remove", "--yes"]).ok();
        assert_eq!(fs::read_to_string(settings(&a)).unwrap(), content);
    }
    let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (content, why) in [
        (&utf16[..], "UTF-16"),
        (b"{\"a\": 1e999}", "number out of range at line 1 column"),
        (b"{\"a\": \"\\ud800\"}", "half a character"),
        (b"{\"a\": \xff}", "not in UTF-8"),
    ] {
        fs::write(settings(&a), content).unwrap();
        for args in
            [&["plugin", "install", "--yes"][..], &["plugin", "remove", "--yes"], &["plugin", "status"]]
        {
            a.cmd(args).fails(1).says(&["settings.json", why]);
        }
        assert_eq!(fs::read(settings(&a)).unwrap(), content);
    }
}

/// Copies the program by another process: one that any child of the tests still
/// has open for writing cannot be started.
fn copy_to(path: &Path) {
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_cclink")).arg(path).status();
    assert!(copied.unwrap().success());
}

/// The hooks are found again by the program's name: another one is said, and the
/// settings are not blamed.
#[test]
fn a_program_of_another_name() {
    let a = Device::new();
    fs::write(settings(&a), "{\"model\":\"opus\"}\n").unwrap();
    let before = snapshot(&a);
    let install = |name: &str, args: &[&str]| {
        let program = a.path("bin").join(name);
        copy_to(&program);
        // In place of the one that the tests start.
        a.cmd_by(&["sh", "-c", "shift; exec \"$@\"", "sh"], &[]).arg(&program).args(args)
    };
    let out = install("ccl", &["plugin", "install", "--yes"]).fails(1);
    out.says(&["named `ccl`", "rename"]).hides(&["settings.json"]);
    assert_eq!(snapshot(&a), before);
    for name in ["cclink-0.2", ".cclink-wrapped"] {
        install(name, &["plugin", "install", "--yes"]).ok();
        assert_eq!(status(&a)["installed"], true, "{name}");
        a.cmd(&["plugin", "remove", "--yes"]).ok();
        assert_eq!(snapshot(&a), before, "{name}");
    }
}
