//! Every kind of content of the QR view, read from a picture of the screen at
//! 80×24: the page for phones, SSH, and commands.

use crate::terminal::{Terminal, tool_is_missing, until, zbarimg};

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

#[test]
fn every_content_is_read_at_80_by_24() {
    if tool_is_missing("zbarimg") {
        return;
    }
    let link =
        (" --link", 4, &["https://example.org/cclink/#", "ssh://dana@laptop.example.org", "ssh -t "][..]);
    let devices = (" ", 4, &["ssh://dana@laptop.example.org", "ssh -t ", "cclink pickup d", "PK:"][..]);
    for ((publish, all, starts), more) in [(link, ("A", "")), (link, ("NO_COLOR", "1")), (devices, ("A", ""))]
    {
        let mut terminal = Terminal::shell(DEVICE, &[("PUBLISH", publish), more]);
        terminal.resize(80, 24);
        terminal.shows("Enter publish");
        terminal.types("2");
        terminal.shows("1 alive");
        terminal.types("\r");
        for (place, start) in starts.iter().enumerate() {
            terminal.shows(&format!("{} of {all}", place + 1));
            let read = until("the code to be read", || {
                Some(zbarimg(&terminal.picture(0), terminal.home.path())).filter(|read| !read.is_empty())
            });
            assert!(read.starts_with(start), "{publish} {more:?}: {read}");
            terminal.types("\t");
        }
        if publish == " --link" {
            terminal.shows("The link holds its secret");
        }
        terminal.types("q");
        assert_eq!(terminal.code(), 0);
    }
}
