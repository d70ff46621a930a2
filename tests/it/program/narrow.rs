//! On a narrow terminal sentences break at words, and what is copied stays whole.

use crate::support::{Device, Pty, text};

/// What a command says on a terminal of so many columns, line by line.
fn on_terminal(device: &Device, columns: u16, args: &[&str]) -> Vec<String> {
    let script = format!("stty cols {columns}; TERM=dumb exec \"$0\" \"$@\"");
    let args = [&["-c", &script, env!("CARGO_BIN_EXE_cclink")], args].concat();
    let mut pty = Pty::spawn("/bin/sh", &args, &device.env(), &device.projects);
    pty.code();
    pty.said().lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn sentences_break_at_words_and_commands_links_and_tokens_nowhere() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let lines = on_terminal(&a, 44, &["publish", &session.id, "--link", "--no-qr"]);
    let whole = lines.join(" ");
    let link = &a.json(&["list"])[0]["link"];
    let link = link.as_str().unwrap_or_default();
    // each on a line of its own, though longer than the terminal
    for copied in [format!("Link:   {link}"), format!("There:  cclink pickup {link}")] {
        assert!(lines.contains(&copied), "{copied}\n{lines:#?}");
    }
    assert!(whole.contains("`cclink keep`, `cclink watch` or an open screen keeps it"), "{lines:#?}");
    let too_long = |line: &&String| line.chars().count() > 44 && !line.contains(link);
    assert_eq!(lines.iter().find(too_long), None, "{lines:#?}");
    // An error and its advice, with a command that is longer than a line's rest.
    let lines = on_terminal(&a, 30, &["resume", "ffffffff-0000"]);
    assert!(lines.iter().any(|line| line.contains("`cclink sessions`")), "{lines:#?}");
    assert!(lines.iter().all(|line| line.chars().count() <= 30), "{lines:#?}");
    // What clap refuses, too.
    let lines = on_terminal(&a, 40, &["publish", "--pin=tree-lamp-42", "--link"]);
    assert!(lines.len() > 2 && lines.join(" ").contains("cannot be used with"), "{lines:#?}");
    // Nothing is broken where it is read by a program.
    let piped = a.cmd(&["resume", "ffffffff-0000"]).output();
    assert!(piped.stderr.lines().any(|line| line.chars().count() > 40), "{}", piped.stderr);
    assert!(!text(&a.publish(&[]), "token").is_empty());
}
