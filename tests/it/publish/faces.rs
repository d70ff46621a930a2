//! Form, command line, hook and exit publish the same, and what was named for one
//! handoff is named again for the next.

use std::fs;
use std::time::Duration;

use cclink::handoff::{Identity, Mailbox, Record, Standing, Token, mailbox};
use cclink::network::{Network, NetworkConfig};
use serde_json::{Value, json};

use crate::claude::hook::submitted;
use crate::publish::draft::{in_worktree, prompted, repository};
use crate::support::session::Session;
use crate::support::{Device, Pty, Run, hostname, rounds, text, until};

const SOON: Duration = Duration::from_secs(30);

/// The record of a handoff to my devices, as it lies on the ring.
pub fn record(device: &Device, token: &str) -> Record {
    let seed = fs::read(device.key_file()).unwrap();
    let identity = Identity::from_seed(&cclink::store::identity::parse_seed(&seed).unwrap());
    let mailbox = Mailbox::devices(&identity.devices_secret());
    let token: Token = token.parse().unwrap();
    let network = Network::new(NetworkConfig::parse(Some(&device.bootstrap), Some("none")).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = mailbox::address(&mailbox.record_key(&token));
    let packets = runtime.block_on(network.lookup(&address, &mut |_| {})).unwrap().packets();
    match mailbox.judge(&token, &[identity.public()], &packets) {
        Standing::Record { record, .. } => *record,
        other => panic!("{token}: {other:?}"),
    }
}

/// The same as bytes, but for what differs each time.
fn proposed(device: &Device, token: &str) -> String {
    let mut record = serde_json::to_value(record(device, token)).unwrap();
    assert!(record.as_object_mut().unwrap().remove("created_at").is_some());
    record.to_string()
}

pub fn as_ada(run: Run) -> Run {
    run.env("USER", "ada")
}

/// The one handoff of a device, when it is out.
fn token_of(device: &Device) -> String {
    let list = until("a handoff", SOON, || {
        let list = device.json(&["list"]);
        (list != json!([])).then_some(list)
    });
    assert_eq!(list.as_array().unwrap().len(), 1, "{list:#}");
    text(&list[0], "token").to_owned()
}

/// `shown` is what the form shows when it has the proposal.
fn by_form(device: &Device, session: &Session, shown: &str) {
    let mut env = device.env();
    env.push(("USER".to_owned(), "ada".to_owned()));
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &[], &env, &session.project);
    assert!(pty.waits_for(&[&session.title]), "{}", pty.said());
    pty.types("\r");
    assert!(pty.waits_for(&[shown]), "{}", pty.said());
    pty.types("\r");
    assert!(pty.waits_for(&["pick it up until"]), "{}", pty.said());
    token_of(device);
    pty.types("q");
    assert_eq!(pty.code(), 0);
}

fn by_leaving(device: &Device, session: &Session) {
    let input = json!({
        "session_id": session.id, "transcript_path": session.path, "cwd": session.project,
        "hook_event_name": "SessionEnd", "reason": "prompt_input_exit",
    });
    as_ada(device.cmd(&["hook", "session-end"])).stdin(input.to_string()).ok();
}

fn by_hook(device: &Device, session: &Session) {
    let input = submitted(session, "/cclink:handoff").to_string();
    assert_eq!(as_ada(device.cmd(&["hook", "prompt"])).stdin(input).ok().json()["decision"], "block");
}

/// A session, asked for under an id that may be an older one, and its record.
struct Asked {
    session: Session,
    older: Option<Session>,
    /// What the form shows when it has the proposal.
    shown: String,
    /// What the record holds.
    sent: Vec<String>,
}

/// Makes a device's session what it is, and says what is asked for.
type Situation<'a> = &'a (dyn Fn(&Device) -> Asked + Sync);

/// Publishes by form, command line, hook and exit, one after the other.
fn all_send_the_same(a: &Device, asked: &Asked) {
    let named = asked.older.as_ref().unwrap_or(&asked.session);
    let mut first: Option<String> = None;
    for face in ["publish --json", "the form", "/cclink:handoff", "on exit"] {
        match face {
            "the form" => by_form(a, &asked.session, &asked.shown),
            "/cclink:handoff" => by_hook(a, named),
            "on exit" => by_leaving(a, named),
            _ => drop(as_ada(a.cmd(&["publish", &named.id, "--json"])).ok()),
        }
        let token = token_of(a);
        let sent = proposed(a, &token);
        println!("{face}: {sent}");
        for part in &asked.sent {
            assert!(sent.contains(part), "{face}: {part} is not in {sent}");
        }
        assert_eq!(first.get_or_insert_with(|| sent.clone()), &sent, "{face}");
        // The next one replaces nothing.
        a.cmd(&["revoke", &token, "--yes"]).ok();
    }
}

/// Whoever is asked, it is the same proposal.
#[test]
fn form_command_line_hook_and_exit_send_the_same() {
    let guess = format!("\"ssh\":\"ada@{}\"", hostname());
    let asked = |session: Session, shown: &str, sent: &[&str]| {
        let sent = sent.iter().map(|part| (*part).to_owned()).collect();
        Asked { session, older: None, shown: shown.to_owned(), sent }
    };
    let plain = |a: &Device| {
        fs::write(a.home.join("config.toml"), "ttl = \"3h\"\n").unwrap();
        let session = a.session("uploader", "Retry with jitter");
        repository(&session.project);
        fs::write(session.project.join("main.rs"), "changed").unwrap();
        let claude_dir = format!("\"claude_dir\":{:?}", a.claude.display().to_string());
        asked(session, "SSH (guess)", &["\"ttl\":10800", &guess, "\"dirty\":true", &claude_dir])
    };
    let configured = |a: &Device| {
        fs::write(a.home.join("config.toml"), "title = \"never\"\nssh = \"ada@desk:2222\"\n").unwrap();
        let session = a.session("uploader", "Retry with jitter");
        asked(session, "ada@desk:2222", &["\"ssh\":\"ada@desk:2222\""])
    };
    let left_by_a_command = |a: &Device| {
        let exit = json!({"type": "last-prompt", "lastPrompt": "/exit"});
        let session = prompted(a, &[json!("Refactor it"), json!("and test it"), exit]);
        let session = Session { title: "/exit".to_owned(), ..session };
        asked(session, "and test it", &["\"title\":\"and test it\""])
    };
    let in_a_worktree = |a: &Device| {
        let session = a.session("uploader", "Retry with jitter");
        in_worktree(&session);
        asked(session, "SSH (guess)", &["\"branch\":\"worktree-fix1\"", "\"dirty\":true"])
    };
    let went_on = |a: &Device| {
        let older = a.session("uploader", "An older one");
        let session = a.session("uploader", "Retry with jitter");
        older.grows(|more| more.state("continued-in", "continuedInSessionId", session.id.as_str()));
        let id = session.id.clone();
        Asked { older: Some(older), ..asked(session, "SSH (guess)", &[&id]) }
    };
    let situations: [(&str, Situation<'_>); 5] = [
        ("plain", &plain),
        ("configured", &configured),
        ("left by a command", &left_by_a_command),
        ("in a worktree", &in_a_worktree),
        ("went on under another id", &went_on),
    ];
    rounds(situations.len(), 2, |at| {
        let (name, situation) = situations[at];
        let a = Device::new();
        println!("{name}");
        let asked = situation(&a);
        all_send_the_same(&a, &asked);
        if name == "configured" {
            let published = a.publish_session(&asked.session, &[]);
            assert_eq!(published["title"], Value::Null);
        }
    });
}

/// What was named for a handoff is proposed again for the one that replaces it.
#[test]
fn what_was_named_is_named_again() {
    let a = Device::new();
    let anna = Device::new().public_key();
    let session = a.session("uploader", "Retry with jitter");
    let named = ["--ssh", "dana@desk:2222", "--title", "Mine", "--project", "shop", "--note", "once"];
    a.publish_session(&session, &named);
    let of = |published: &Value| {
        let record = record(&a, text(published, "token"));
        (record.ssh, record.title, record.label, record.note)
    };
    let same = |record: (Option<String>, Option<String>, Option<String>, Option<String>)| {
        let is = |value: &Option<String>, right: &str| value.as_deref() == Some(right);
        is(&record.0, "dana@desk:2222")
            && is(&record.1, "Mine")
            && is(&record.2, "shop")
            && record.3.is_none()
    };
    // Twice, so that it is kept for the one after the next as well.
    for _ in 0..2 {
        let again = as_ada(a.cmd(&["publish", &session.id, "--json"])).ok();
        let again = again.says(&["As you chose before", "dana@desk:2222", "Mine"]);
        assert!(same(of(&again.json())), "{:?}", of(&again.json()));
    }
    let input = submitted(&session, "/cclink:handoff").to_string();
    let reason = text(&as_ada(a.cmd(&["hook", "prompt"])).stdin(input).ok().json(), "reason").to_owned();
    assert!(reason.contains("dana@desk:2222"), "{reason}");
    assert!(same(of(&json!({"token": token_of(&a)}))));
    by_leaving(&a, &session);
    a.cmd(&["hook", "worker", "--wait", "0"]).ok();
    assert!(same(of(&json!({"token": token_of(&a)}))));
    // For somebody else it is another handoff.
    let shared = as_ada(a.cmd(&["publish", &session.id, "--share", &anna, "--json"])).ok();
    assert_eq!(shared.hides(&["dana@desk"]).json()["title"], "Retry with jitter");
    // Of a PIN nobody knows beforehand that it is the same: then it is said.
    let pin = "--pin=tree-lamp 42 under the stairs";
    a.publish_session(&session, &[pin, "--ssh", "ada@there"]);
    let other = as_ada(a.cmd(&["publish", &session.id, pin])).ok();
    other.says(&[&format!("had the SSH address ada@there; this one has the SSH address ada@{}", hostname())]);
    // Not what was guessed or is in the configuration, and not what is named anew.
    let none = a.publish_session(&session, &["--ssh", "", "--title", ""]);
    assert_eq!((of(&none).0, of(&none).1), (None, None));
    let none = a.publish_session(&session, &[]);
    assert_eq!((of(&none).0, of(&none).1), (None, None));
    let other = a.session("uploader", "Another");
    let guessed = as_ada(a.cmd(&["publish", &other.id, "--json"])).ok().json();
    assert_eq!(of(&guessed).0, Some(format!("ada@{}", hostname())));
    fs::write(a.home.join("config.toml"), "ssh = \"ada@set\"\n").unwrap();
    let set = a.publish_session(&other, &[]);
    assert_eq!(of(&set).0.as_deref(), Some("ada@set"));
    fs::write(a.home.join("config.toml"), "ssh = \"ada@reset\"\n").unwrap();
    let reset = a.publish_session(&other, &[]);
    assert_eq!(of(&reset).0.as_deref(), Some("ada@reset"));
}
