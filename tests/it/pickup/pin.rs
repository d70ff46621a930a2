//! PIN handoffs: right, wrong, weak, and over the turn of a week.

use crate::pickup::devices::same_handoff;
use crate::support::{Device, Pty, now, text, tokens, until};

const PIN: &str = "tree-lamp 42 under the stairs";
const WEEK: i64 = 604_800;

#[test]
fn the_right_pin_opens_and_a_wrong_one_does_not() {
    let (a, b) = (Device::new(), Device::new());
    let session = a.session("secret-project", "A title that nobody else may see");
    let published = a.publish_session(&session, &[&format!("--pin={PIN}")]);
    assert_eq!(published["audience"]["kind"], "pin");
    assert!(text(&published, "token").starts_with('p'));
    assert!(published.get("pin").is_none_or(serde_json::Value::is_null), "only a generated PIN is shown");
    assert!(!published.to_string().contains("stairs"));
    let (link, key) = (text(&published, "link"), a.public_key());

    // By link, by public key; from the environment, from the command line.
    same_handoff(&b.cmd(&["pickup", link, "--pin", "--json"]).pin(PIN).ok().json(), &published);
    same_handoff(&b.cmd(&["pickup", &key, "--pin", "--json"]).pin(PIN).ok().json(), &published);
    same_handoff(&b.json(&["pickup", link, &format!("--pin={PIN}")]), &published);

    let hidden = [session.title.as_str(), &session.id, "secret-project"];
    for wrong in ["tree-lamp 43 under the stairs", "Tree-lamp 42 under the stairs"] {
        for what in [link, &key] {
            b.cmd(&["pickup", what, "--pin", "--json"]).pin(wrong).fails(4).hides(&hidden).error();
        }
    }
    // Without a PIN the key has shared nothing with b; nobody asks, no prompt hangs.
    b.cmd(&["pickup", &key]).fails(3).hides(&hidden);
    b.cmd(&["pickup", link]).fails(2).says(&["--pin"]);
}

#[test]
fn a_generated_pin_is_four_words() {
    let (a, b) = (Device::new(), Device::new());
    let published = a.publish(&["--pin"]);
    let pin = text(&published, "pin");
    let words: Vec<&str> = pin.split('-').collect();
    assert_eq!(words.len(), 4, "{pin}");
    assert!(words.iter().all(|w| w.bytes().all(|b| b.is_ascii_lowercase())), "{pin}");
    let link = text(&published, "link");
    assert!(!link.contains(words[0]), "the PIN is not in the link");
    // Four words of the list are one PIN however they are written.
    let spaces = pin.replace('-', " ");
    for typed in
        [pin, &pin.to_uppercase(), &spaces, &format!("{} {}-{} {}", words[0], words[1], words[2], words[3])]
    {
        b.cmd(&["pickup", link, "--pin", "--json"]).pin(typed).ok();
    }
    // Another one each time.
    assert_ne!(a.publish(&["--pin"])["pin"], published["pin"]);
}

#[test]
fn pin_and_token_stand_below_the_code_too() {
    // On a small terminal the code pushes the words above it off the screen.
    let a = Device::new();
    let session = a.session("uploader", "x");
    let args = ["publish", &session.id, "--pin"];
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &args, &a.env(), &a.projects);
    assert!(pty.asks_for_a_secret(), "{}", pty.said());
    pty.types("\r");
    assert_eq!(pty.code(), 0, "{}", pty.said());
    let whole = || (pty.said().matches("PIN: ").count() == 2).then_some(());
    until("the end of what it says", std::time::Duration::from_secs(5), whole);
    let said = pty.said();
    let word = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let below = &said[said.rfind('▀').expect("a code")..];
    let last = below.lines().last().unwrap();
    assert!(last.contains(word("PIN: ").unwrap()) && last.contains(word("Token: ").unwrap()), "{said}");
}

#[test]
fn a_pin_from_the_environment_is_used_for_publishing_too() {
    let (a, b) = (Device::new(), Device::new());
    let session = a.session("uploader", "x");
    let published = a.cmd(&["publish", &session.id, "--pin", "--json"]).pin(PIN).ok().json();
    assert!(published.get("pin").is_none_or(serde_json::Value::is_null));
    b.cmd(&["pickup", text(&published, "link"), "--pin"]).pin(PIN).ok();
}

#[test]
fn a_weak_pin_is_refused() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    for weak in ["4821", "1234567", "12345678", "password1", "aaaaaaaaaaaaaaaa", "qwertyuiop", "        "] {
        a.cmd(&["publish", &session.id, "--json", &format!("--pin={weak}")]).fails(2).error();
    }
    assert_eq!(a.json(&["list", "--all"]), serde_json::json!([]), "nothing went out");
}

#[test]
fn a_pin_behind_a_space_is_explained() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    for args in [
        vec!["--pin", "4821"],
        vec!["publish", &session.id, "--pin", "4821"],
        vec!["pickup", "pk:x", "--pin", "4821"],
        vec!["pickup", "--pin", "4821"],
    ] {
        a.cmd(&args).fails(2).says(&["--pin="]);
    }
}

#[test]
fn composed_and_decomposed_letters_are_one_pin() {
    let (a, b) = (Device::new(), Device::new());
    let published = a.publish(&["--pin=caf\u{e9} cr\u{e8}me 47 tables"]);
    b.cmd(&["pickup", text(&published, "link"), "--pin"]).pin("cafe\u{301} cre\u{300}me 47 tables\n").ok();
}

#[test]
fn a_pin_holds_over_the_turn_of_a_week() {
    let turn = (now() / WEEK + 1) * WEEK - now();
    for (published_at, read_at) in [(turn - 300, turn + 300), (turn + 300, turn - 300)] {
        let (a, b) = (Device::new(), Device::new());
        let session = a.session("uploader", "x");
        let published =
            a.cmd(&["publish", &session.id, "--pin", "--json"]).pin(PIN).clock(published_at).ok().json();
        let key = a.public_key();
        for what in [text(&published, "link"), &key] {
            let picked = b.cmd(&["pickup", what, "--pin", "--json"]).pin(PIN).clock(read_at).ok().json();
            same_handoff(&picked, &published);
        }
        // Its publisher revokes it after the turn as well.
        a.cmd(&["revoke", text(&published, "token"), "--yes"]).clock(read_at).ok();
        b.cmd(&["pickup", text(&published, "link"), "--pin"])
            .pin(PIN)
            .clock(read_at)
            .fails(3)
            .says(&["revoked"]);
    }
}

#[test]
fn one_pin_used_twice_is_said() {
    let (a, b) = (Device::new(), Device::new());
    let pin = format!("--pin={PIN}");
    let first = a.publish(&[&pin]);
    assert!(first.get("warnings").is_none(), "{first:#}");
    let session = a.session("uploader", "x");
    let again = a.cmd(&["publish", &session.id, &pin]).ok();
    again.says(&["already", "both"]);
    let second = a.publish(&[&pin]);
    let picked = b.cmd(&["pickup", &a.public_key(), "--pin", "--json"]).pin(PIN).ok().json();
    assert_eq!(picked["token"], second["token"], "the newest of one mailbox");
    assert_eq!(tokens(&a.json(&["list"])).len(), 3);
}

#[test]
fn a_burning_pin_handoff_is_picked_up_once() {
    // The first cclink gave it to two readers.
    let (a, b, c) = (Device::new(), Device::new(), Device::new());
    let published = a.publish(&[&format!("--pin={PIN}"), "--burn"]);
    let link = text(&published, "link");
    assert_eq!(b.cmd(&["pickup", link, "--pin", "--json"]).pin(PIN).ok().json()["burned"], true);
    for device in [&b, &c] {
        device.cmd(&["pickup", link, "--pin"]).pin(PIN).fails(3).says(&["already picked up"]);
    }
}
