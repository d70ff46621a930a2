//! Every kind of content of the QR view, read from a picture of the screen at
//! 80×24: the page for phones, SSH, and commands. What is read is to the last
//! character what `publish --json` gave and what `y` copies.

use std::fs;

use serde_json::Value;

use crate::support::text;
use crate::support::tool_is_missing;
use crate::terminal::{Terminal, until, zbarimg};

/// A device on a ring of its own, with one link handoff, a page and an SSH
/// address; then the screen. The ring ends with it.
const DEVICE: &str = r#"
id=11111111-2222-4333-8444-555555555555
mkdir -p cclink .claude/projects/p src
line() { printf '{"parentUuid":null,"isSidechain":false,"cwd":"%s","sessionId":"%s","type":"%s","message":{"role":"%s","content":"words"},"uuid":"%s","timestamp":"2026-11-20T10:00:00.000Z"}\n' "$PWD/src" "$id" "$1" "$1" "$2"; }
{ line user a; line assistant b; } > .claude/projects/p/$id.jsonl
"$0" testnet --nodes 6 > net & ring=$!
while [ ! -s net ]; do sleep 0.1; done
export CCLINK_BOOTSTRAP=$(head -n 1 net | cut -d= -f2)
"$0" init --no-passphrase > /dev/null
printf 'web = "https://example.org/cclink/"\nssh = "dana@laptop.example.org"\n' > cclink/config.toml
"$0" publish $id $PUBLISH --json > published
"$0"
kill $ring
"#;

const SSH: [&str; 2] = ["ssh://dana@laptop.example.org", "ssh -t "];

/// The text that the terminal was last asked to put on the clipboard.
fn copied(terminal: &Terminal, from: usize) -> String {
    until("something to be copied", || {
        let said = String::from_utf8_lossy(&terminal.since(from)).into_owned();
        let (_, rest) = said.rsplit_once("\u{1b}]52;c;")?;
        let (encoded, _) = rest.split_once(['\u{7}', '\u{1b}'])?;
        Some(decode64(encoded))
    })
}

fn decode64(encoded: &str) -> String {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = encoded.trim_end_matches('=').bytes().map(digit).collect();
    let bytes = digits.chunks(4).flat_map(|group| {
        let value =
            group.iter().fold(0u32, |value, digit| value << 6 | u32::from(*digit)) << (6 * (4 - group.len()));
        value.to_be_bytes()[1..group.len()].to_vec()
    });
    String::from_utf8(bytes.collect()).unwrap()
}

#[test]
fn every_content_is_read_at_80_by_24() {
    if tool_is_missing("zbarimg") {
        return;
    }
    let link = (" --link", vec!["https://example.org/cclink/#", SSH[0], SSH[1], "pk:"]);
    let pin = (
        " --pin=tree-lamp-42-under-the-stairs",
        vec!["https://example.org/cclink/#", SSH[0], SSH[1], "cclink pickup --pin pk:", "PK:"],
    );
    let devices = (" ", vec![SSH[0], SSH[1], "cclink pickup d", "PK:"]);
    let plain = ("A", "");
    for ((publish, starts), more) in
        [(&link, plain), (&link, ("NO_COLOR", "1")), (&pin, plain), (&devices, plain)]
    {
        let mut terminal = Terminal::shell(DEVICE, &[("PUBLISH", publish), more]);
        terminal.resize(80, 24);
        terminal.shows("Enter publish");
        let published = fs::read(terminal.home.path().join("published")).unwrap();
        let published: Value = serde_json::from_slice(&published).unwrap();
        terminal.types("2");
        terminal.shows("1 active");
        terminal.types("\r");
        for (place, start) in starts.iter().enumerate() {
            // A link's own form holds its secret: as text alone.
            let hint = format!("{} of {}", place + 1, starts.len());
            terminal.shows(if *start == "pk:" { "This link contains its secret" } else { &hint });
            let before = terminal.written();
            terminal.types("y");
            let copied = copied(&terminal, before);
            let known = match *start {
                "https://example.org/cclink/#" => text(&published, "web_link"),
                "PK:" | "pk:" => text(&published, "link"),
                _ => &copied,
            };
            assert_eq!(copied, known, "{publish} {more:?}");
            if *start == "pk:" {
                continue;
            }
            let read = until("the code to be read", || {
                Some(zbarimg(&terminal.picture(0), terminal.home.path())).filter(|read| !read.is_empty())
            });
            // Capitals pack best where letter case means nothing.
            let drawn = if *start == "PK:" { known.to_uppercase() } else { known.to_owned() };
            assert_eq!(read, drawn, "{publish} {more:?}");
            assert!(read.starts_with(start), "{publish} {more:?}: {read}");
            terminal.types("\t");
        }
        terminal.types("q");
        assert_eq!(terminal.code(), 0);
    }
}
