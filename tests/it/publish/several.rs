//! To several people: a handoff each, one row, ended as one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::repository::git;
use crate::support::{Device, Pty, row, text, tokens, tool_is_missing, until};

/// One who publishes, and two contacts.
fn three(config: &str) -> [Device; 3] {
    let all = [Device::new(), Device::new(), Device::new()];
    for (name, other) in ["anna", "ben"].into_iter().zip(&all[1..]) {
        all[0].cmd(&["contacts", "add", name, &other.public_key()]).ok();
    }
    fs::write(all[0].home.join("config.toml"), config).unwrap();
    all
}

/// The token that a name was given.
fn of<'a>(published: &'a Value, name: &str) -> &'a str {
    let all = published["handoffs"].as_array().unwrap();
    let one = all.iter().find(|one| one["audience"]["name"] == name);
    text(one.unwrap_or_else(|| panic!("{name} in {published:#}")), "token")
}

#[test]
fn each_gets_a_handoff_and_the_list_has_one_row() {
    let [a, anna, ben] = three("");
    let published = a.publish(&["--share", "anna,ben", "--ttl", "2h"]);
    assert_eq!(published["audience"], json!({"kind": "share", "name": "anna, ben"}));
    assert_eq!((&published["ttl"], &published["failed"]), (&json!(7200), &json!([])));
    assert_eq!(published["title"], "Retry with jitter");
    for field in ["token", "link"] {
        assert!(published.get(field).is_none(), "{field} is each one's own: {published:#}");
    }
    let (to_anna, to_ben) = (of(&published, "anna"), of(&published, "ben"));
    anna.cmd(&["pickup", &a.public_key()]).ok();
    let picked = ben.json(&["pickup", text(&published["handoffs"][1], "link")]);
    assert_eq!(picked["session_id"], published["session_id"]);
    assert_eq!(picked["token"], to_ben);
    a.json(&["revoke", to_ben, "--yes"]);

    // A second one, of which one is picked up.
    let published = a.publish(&["--share", "ben,anna"]);
    let (next_anna, next_ben) = (of(&published, "anna"), of(&published, "ben"));
    assert!(![to_anna, to_ben].contains(&next_anna), "a new one");
    anna.json(&["pickup", next_anna_link(&published)]);
    let list = until("the receipt", Duration::from_secs(20), || {
        let list = a.json(&["list"]);
        (row(&list, next_anna)?["state"] == "picked_up").then_some(list)
    });
    assert_eq!(tokens(&list).len(), 2, "{list:#}");
    let group = |token: &str| row(&list, token).unwrap()["group"].clone();
    assert_eq!(group(next_anna), group(next_ben));
    assert_eq!(
        group(next_ben),
        json!({"id": published["group"], "name": "ben, anna", "of": 2, "picked_up": 1})
    );
    let alone = a.cmd(&["revoke"]).fails(2).says(&["for ben, anna"]);
    assert_eq!(alone.stderr.matches("Retry with jitter").count(), 1, "{}", alone.stderr);
    let table = a.cmd(&["list"]).ok().says(&["ben, anna", "1 of 2 picked up"]);
    assert_eq!(table.stdout.lines().count(), 2, "one row:\n{}", table.stdout);
    let log = a.json(&["log"]);
    let names: Vec<&str> =
        log.as_array().unwrap().iter().map(|one| one["audience"]["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"anna") && names.contains(&"ben"), "the log tells each: {log:#}");
}

fn next_anna_link(published: &Value) -> &str {
    let all = published["handoffs"].as_array().unwrap();
    text(all.iter().find(|one| one["audience"]["name"] == "anna").unwrap(), "link")
}

#[test]
fn one_token_revokes_all_of_them() {
    let [a, anna, ben] = three("[teams]\nbackend = [\"anna\", \"ben\"]\n");
    let alone = a.publish(&["--share", "anna"]);
    let published = a.publish(&["--share", "backend"]);
    assert_eq!(published["audience"]["name"], "backend");
    let to_ben = of(&published, "ben");
    a.cmd(&["revoke", to_ben]).fails(2).says(&["--yes"]);
    let revoked = a.json(&["revoke", &to_ben[..8], "--yes"]);
    let mut ended: Vec<&str> =
        revoked["revoked"].as_array().unwrap().iter().map(|token| token.as_str().unwrap()).collect();
    ended.sort_unstable();
    let mut all = [of(&published, "anna"), to_ben];
    all.sort_unstable();
    assert_eq!(ended, all);
    for (device, at) in [(&anna, 0), (&ben, 1)] {
        device.cmd(&["pickup", text(&published["handoffs"][at], "link")]).fails(3).says(&["revoked"]);
    }
    assert_eq!(tokens(&a.json(&["list"])), [text(&alone, "token")], "what went out alone stays");
    a.cmd(&["list", "--all"]).ok().says(&["backend", "0 of 2 picked up, 2 revoked"]);
}

#[test]
fn what_was_taken_ends_nothing_of_the_others() {
    let [a, anna, ben] = three("[teams]\nbackend = [\"anna\", \"ben\"]\n");
    let published = a.publish(&["--share", "backend", "--burn"]);
    let to_anna = of(&published, "anna");
    assert_eq!(anna.json(&["pickup", text(&published["handoffs"][0], "link")])["burned"], true);
    let list = a.json(&["list"]);
    assert_eq!(tokens(&list), [of(&published, "ben")], "hers is taken");
    assert_eq!(list[0]["group"]["picked_up"], 1, "{list:#}");
    a.cmd(&["list"]).ok().says(&["backend", "1 of 2 picked up"]);
    // Hers stands for the rest of them.
    let revoked = a.json(&["revoke", to_anna, "--yes"]);
    assert_eq!(revoked, json!({"revoked": [of(&published, "ben")], "failed": []}));
    ben.cmd(&["pickup", text(&published["handoffs"][1], "link")]).fails(3);
    // Nothing is left for it to stand for.
    a.cmd(&["revoke", to_anna, "--yes"]).fails(3);
}

#[test]
fn one_that_fails_takes_no_other_along_and_again_doubles_none() {
    let [a, anna, _ben] = three("[teams]\nbackend = [\"anna\", \"ben\"]\n");
    // Another device of mine gave ben the same session, once: that is not replaced unasked.
    let beside = Device::beside(&a);
    beside.cmd(&["contacts", "add", "ben", text(&a.json(&["contacts"])[1], "public_key")]).ok();
    let session = a.session("uploader", "Retry with jitter");
    beside.publish_session(&session, &["--share", "ben", "--burn"]);

    let out = a.cmd(&["publish", &session.id, "--share", "backend", "--json"]).fails(1);
    let published: Value = serde_json::from_str(&out.stdout).unwrap();
    let to_anna = of(&published, "anna");
    assert_eq!(published["handoffs"].as_array().unwrap().len(), 1, "{published:#}");
    assert_eq!(published["failed"][0]["name"], "ben", "{published:#}");
    let error = out.error();
    assert!(text(&error, "message").contains("1 of 2 could not be published. ben: "), "{error:#}");
    assert!(text(&error, "advice").contains(to_anna), "{error:#}");
    let list = a.json(&["list"]);
    assert_eq!(tokens(&list), [to_anna]);
    a.cmd(&["list"]).ok().says(&["0 of 2 picked up, 1 not published"]);

    let again = a.publish_session(&session, &["--share", "backend", "--yes"]);
    let list = a.json(&["list"]);
    let mut live = tokens(&list);
    live.sort_unstable();
    let mut all = vec![of(&again, "anna"), of(&again, "ben")];
    all.sort_unstable();
    assert_eq!(live, all, "each has one");
    anna.cmd(&["pickup", text(&published["handoffs"][0], "link")]).fails(3);
    assert_eq!(anna.json(&["pickup", next_anna_link(&again)])["session_id"], session.id.as_str());
}

#[test]
fn who_is_meant_is_said_before_anything_goes_out() {
    let [a, ..] =
        three("[teams]\nbackend = [\"anna\", \"bne\"]\nboth = [\"anna\"]\nme = [\"anna\", \"self\"]\n");
    for (share, said) in [
        ("anna,bne,xyzzy", "`bne`, `xyzzy`"),
        ("anna,bne", "Did you mean `ben`?"),
        ("backend", "`bne` in the team backend is not a contact"),
        (",", "names nobody"),
    ] {
        a.cmd(&["publish", "--share", share]).cwd(&a.session("uploader", "x").project).fails(2).says(&[said]);
    }
    assert_eq!(a.json(&["list", "--all"]), json!([]), "nothing went out");
    let stranger = Device::new().public_key();
    a.cmd(&["contacts", "add", "both", &stranger]).fails(2).says(&["`both` is the name of a team"]);
    a.cmd(&["contacts", "add", "self", &a.public_key()]).ok();
    // A team that came later.
    fs::write(a.home.join("config.toml"), "[teams]\nanna = [\"ben\"]\nme = [\"anna\", \"self\"]\n").unwrap();
    let both = "`anna` names both a contact and a team.";
    a.cmd(&["publish", "--share", "ben,anna"]).cwd(&a.project("uploader")).fails(2).says(&[both, "Rename"]);
    a.cmd(&["config"]).ok().says(&[both]);
    a.cmd(&["doctor"]).output().says(&[both]);
    let published = a.publish(&["--share", "me"]);
    assert_eq!(published["handoffs"].as_array().unwrap().len(), 1, "{published:#}");
    assert!(published["warnings"][0].as_str().unwrap().contains("You are one of them"), "{published:#}");
}

#[test]
fn a_person_who_is_named_twice_is_one() {
    let [a, anna, _] = three("");
    let published = a.publish(&["--share", &format!("anna,{}", anna.public_key())]);
    assert_eq!(published["audience"]["name"], "anna", "as to one: {published:#}");
    assert!(text(&published, "token").starts_with('s'));
    assert_eq!(a.json(&["list"])[0]["group"], Value::Null);
    let words = a.cmd(&["publish", "--share", "anna, ben"]).cwd(&a.project("uploader")).ok();
    words.says(&["anna, ben can pick this up, for 8h", "cclink pickup pk:", "revokes all of them"]);
}

#[test]
fn each_has_a_sealed_file_that_goes_with_the_handoff() {
    let [a, ..] = three("");
    let shared = a.path("shared");
    fs::create_dir(&shared).unwrap();
    let config =
        format!("[teams]\nbackend = [\"anna\", \"ben\"]\n[carry]\nfolder = \"{}\"\n", shared.display());
    fs::write(a.home.join("config.toml"), config).unwrap();
    let published = a.publish(&["--share", "backend", "--carry=folder", "--yes"]);
    let files = || crate::support::device::walk(&shared).into_iter().filter(|path| path.is_file()).count();
    assert_eq!(published["handoffs"][1]["carry"]["way"], "folder", "{published:#}");
    assert_eq!(files(), 2, "one each");
    a.json(&["revoke", of(&published, "ben"), "--yes"]);
    until("both are taken away", Duration::from_secs(20), || {
        a.cmd(&["keep", "--once"]).output();
        (files() == 0).then_some(())
    });
    let session = a.session("uploader", "x");
    a.cmd(&["bundle", &session.id, "--share", "backend", "-o"])
        .arg(a.path("x"))
        .fails(2)
        .says(&["`backend` is several people", "for each of them"]);
}

#[test]
fn the_question_names_each_that_would_be_replaced() {
    let [a, anna, _ben] = three("[teams]\nbackend = [\"anna\", \"ben\"]\n");
    let session = a.session("uploader", "Retry with jitter");
    let first = a.publish_session(&session, &["--share", "backend", "--burn"]);
    let (to_anna, to_ben) = (of(&first, "anna"), of(&first, "ben"));
    let again = ["publish", &session.id, "--share", "backend"];
    let (anna_is, ben_is) = (format!("anna ({to_anna}, published"), format!("ben ({to_ben}, published"));
    a.cmd(&again).fails(1).says(&["already has 2 one-time handoffs", &anna_is, &ben_is, "replaces them"]);
    assert_eq!(tokens(&a.json(&["list", "--all"])).len(), 2, "nothing went out");
    // On a terminal they are named before the question.
    let args = [&again[..], &["--no-qr"]].concat();
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &args, &a.env(), &session.project);
    for said in [to_anna, to_ben, "Replace?"] {
        assert!(pty.waits_for(&[said]), "{}", pty.said());
    }
    pty.types("n\r");
    assert_eq!(pty.code(), 1, "{}", pty.said());
    // Hers is taken: what is left is one.
    anna.cmd(&["pickup", text(&first["handoffs"][0], "link")]).ok();
    a.cmd(&again).fails(1).says(&[&format!("already has a one-time handoff for {ben_is}"), "replaces it"]);
    let second = a.publish_session(&session, &["--share", "backend", "--yes"]);
    let replaced: Vec<&Value> =
        second["handoffs"].as_array().unwrap().iter().map(|one| &one["replaced"]).collect();
    assert_eq!(replaced, [&Value::Null, &json!([to_ben])], "{second:#}");
}

#[test]
fn who_left_the_team_and_still_has_the_older_one_is_said() {
    let [a, anna, ben] = three("[teams]\nbackend = [\"anna\", \"ben\"]\n");
    let session = a.session("uploader", "Retry with jitter");
    let first = a.publish_session(&session, &["--share", "backend"]);
    let other = a.session("uploader", "Another");
    a.publish_session(&other, &["--share", "backend"]);
    fs::write(a.home.join("config.toml"), "[teams]\nbackend = [\"anna\"]\n").unwrap();
    let second = a.publish_session(&session, &["--share", "backend"]);
    let to_ben = of(&first, "ben");
    let said = format!(
        "ben is no longer in backend but can still pick up an older handoff of this session: `cclink revoke \
         {to_ben}` revokes it."
    );
    assert_eq!(second["warnings"], json!([said]));
    a.cmd(&["publish", &session.id, "--share", "backend"]).ok().says(&[&said]);
    // Nothing that anna has ends with it.
    let third = a.publish_session(&session, &["--share", "backend"]);
    assert_eq!(a.json(&["revoke", to_ben, "--yes"])["revoked"], json!([to_ben]));
    ben.cmd(&["pickup", text(&first["handoffs"][1], "link")]).fails(3);
    assert_eq!(
        anna.json(&["pickup", text(&third["handoffs"][0], "link")])["session_id"],
        session.id.as_str()
    );
    let fourth = a.publish_session(&session, &["--share", "backend"]);
    assert!(fourth.get("warnings").is_none(), "{fourth:#}");
}

#[test]
fn a_place_that_takes_no_file_is_tried_once() {
    if tool_is_missing("git") {
        return;
    }
    let [a, ..] = three("");
    let (carl, session) = (Device::new().public_key(), a.session("uploader", "Retry with jitter"));
    a.cmd(&["contacts", "add", "carl", &carl]).ok();
    let bare = a.path("bare.git");
    git(&a.projects, &["init", "-q", "--bare", bare.to_str().unwrap()]);
    git(&session.project, &["init", "-q"]);
    git(&session.project, &["remote", "add", "origin", bare.to_str().unwrap()]);
    // Takes the first, and no more.
    let hook = bare.join("hooks/pre-receive");
    fs::create_dir_all(bare.join("hooks")).unwrap();
    fs::write(&hook, "#!/bin/sh\necho tried >> \"$0.log\"\ntest \"$(wc -l < \"$0.log\")\" -le 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let tried = || fs::read_to_string(bare.join("hooks/pre-receive.log")).unwrap().lines().count();
    let share = ["publish", &session.id, "--share", "anna,ben,carl", "--carry=git", "--yes", "--json"];
    let out = a.cmd(&share).fails(1);
    let published: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(tokens(&published["handoffs"]), [of(&published, "anna")], "{published:#}");
    assert_eq!(tried(), 2, "not for each of them");
    let message = text(&out.error(), "message").to_owned();
    assert!(message.starts_with("2 of 3 could not be published. ben, carl: "), "{message}");
    assert_eq!(message.matches("does not accept").count(), 1, "{message}");
    // Where nobody gets it, it is that one reason.
    let message = text(&a.cmd(&share).fails(1).error(), "message").to_owned();
    assert!(message.starts_with("The git remote") && message.matches("accept").count() == 1, "{message}");
    assert_eq!(tried(), 3);
}
