//! Calling back: one, all, after a restart, and never unasked.

use std::time::Duration;

use crate::support::{Device, Pty, row, text, tokens, until};

#[test]
fn what_is_revoked_says_so() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&[]);
    let kept = a.publish(&[]);
    let token = text(&published, "token");
    let out = a.cmd(&["revoke", token, "--yes", "--json"]).ok().json();
    assert_eq!(out, serde_json::json!({"revoked": [token], "failed": []}));
    for device in [&a, &b] {
        device.cmd(&["pickup", text(&published, "link")]).fails(3).says(&["revoked"]);
        let error = device.cmd(&["pickup", token, "--json"]).fails(3).error();
        assert!(text(&error, "message").contains("revoked"), "{error:#}");
        assert_eq!(tokens(&device.json(&["list"])), [text(&kept, "token")]);
    }
    assert_eq!(row(&a.json(&["list", "--all"]), token).expect("among the ended")["state"], "revoked");
    assert_eq!(b.json(&["pickup"])["token"], kept["token"]);
}

#[test]
fn my_other_device_revokes_too() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&[]);
    b.cmd(&["revoke", text(&published, "token"), "--yes"]).ok();
    a.cmd(&["pickup", text(&published, "link")]).fails(3).says(&["revoked"]);
    assert_eq!(a.json(&["list"]), serde_json::json!([]));
}

#[test]
fn a_prefix_is_enough() {
    let a = Device::new();
    let published = a.publish(&[]);
    let token = text(&published, "token");
    a.cmd(&["revoke", &token[..3], "--yes"]).fails(2);
    let out = a.cmd(&["revoke", &token[..6], "--yes", "--json"]).ok().json();
    assert_eq!(out["revoked"], serde_json::json!([token]));
}

#[test]
fn without_a_token_it_names_what_could_be_revoked() {
    let a = Device::new();
    a.cmd(&["revoke"]).fails(2).says(&["no active handoffs", "cclink list"]);
    let mine = a.publish(&["--title", "Retry with jitter"]);
    let link = a.publish(&["--link"]);
    let ended = a.publish(&[]);
    a.cmd(&["revoke", text(&ended, "token"), "--yes"]).ok();
    a.cmd(&["list"]).ok().says(&["Copies"]).hides(&["Conversation"]);
    let out = a.cmd(&["revoke", "--yes"]).fails(2);
    let out = out.says(&["--all", text(&mine, "token"), "“Retry with jitter” for my devices", "for link"]);
    let out = out.says(&[text(&link, "token")]);
    out.hides(&[text(&ended, "token"), text(&link, "link")]);
    let error = a.cmd(&["revoke", "--json"]).fails(2).error();
    assert!(text(&error, "advice").contains(text(&mine, "token")), "{error:#}");
    for _ in 0..9 {
        a.publish(&["--link"]);
    }
    a.cmd(&["revoke"]).fails(2).says(&["and 3 more: cclink list"]);
    assert_eq!(tokens(&a.json(&["list"])).len(), 11, "nothing was revoked");
}

#[test]
fn without_a_terminal_nothing_is_revoked_unasked() {
    // The first cclink revoked without a word.
    let a = Device::new();
    let all: Vec<String> = (0..3).map(|_| text(&a.publish(&[]), "token").to_owned()).collect();
    a.cmd(&["revoke", "--all"]).fails(2).says(&["--yes"]);
    a.cmd(&["revoke", "--all", "--json"]).fails(2).says(&["--yes"]).error();
    a.cmd(&["revoke", &all[0]]).fails(2).says(&["--yes"]);
    // What is wrong with the token comes before a question about it.
    for args in [&["revoke", "d111111111111y"][..], &["revoke", &all[0], "lybndrfg8ejk99"]] {
        a.cmd(args).fails(3).says(&["No handoff of yours"]).hides(&["--yes"]);
    }
    // An answer on stdin is no answer: there is no terminal.
    a.cmd(&["revoke", "--all"]).stdin("y\n").fails(2);
    let mut all = all;
    all.sort();
    assert_eq!(tokens(&a.json(&["list"])), all);
}

#[test]
fn all_four_audiences_are_revoked_after_a_restart() {
    // Every command is a new process: what it needs is in the sealed journal.
    let (a, b) = (Device::new(), Device::new());
    let pin = "tree-lamp 42 under the stairs";
    let handoffs = [
        a.publish(&[]),
        a.publish(&["--share", &b.public_key()]),
        a.publish(&[&format!("--pin={pin}")]),
        a.publish(&["--link"]),
    ];
    let mut wanted: Vec<String> = handoffs.iter().map(|h| text(h, "token").to_owned()).collect();
    wanted.sort();
    assert_eq!(tokens(&a.json(&["list"])), wanted);

    let out = a.cmd(&["revoke", "--all", "--yes", "--json"]).ok().json();
    let mut revoked: Vec<String> =
        out["revoked"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect();
    revoked.sort();
    assert_eq!(revoked, wanted);
    assert_eq!(out["failed"], serde_json::json!([]));
    assert_eq!(a.json(&["list"]), serde_json::json!([]));

    let [mine, share, with_pin, link] = &handoffs;
    Device::copy_of(&a).cmd(&["pickup", text(mine, "link")]).fails(3).says(&["revoked"]);
    b.cmd(&["pickup", text(share, "link")]).fails(3).says(&["revoked"]);
    b.cmd(&["pickup", text(with_pin, "link"), "--pin"]).pin(pin).fails(3).says(&["revoked"]);
    b.cmd(&["pickup", text(link, "link")]).fails(3).says(&["revoked"]);
}

#[test]
fn pin_and_link_are_revoked_one_by_one() {
    let (a, b) = (Device::new(), Device::new());
    let pin = a.publish(&["--pin"]);
    let link = a.publish(&["--link"]);
    a.cmd(&["revoke", text(&pin, "token"), "--yes"]).ok();
    b.cmd(&["pickup", text(&pin, "link"), "--pin"]).pin(text(&pin, "pin")).fails(3).says(&["revoked"]);
    b.cmd(&["pickup", text(&link, "link")]).ok();
    a.cmd(&["revoke", text(&link, "token"), "--yes"]).ok();
    b.cmd(&["pickup", text(&link, "link")]).fails(3).says(&["revoked"]);
}

#[test]
fn a_token_must_be_one_that_is_known() {
    let a = Device::new();
    let kept = a.publish(&[]);
    for malformed in ["d", "dab", "hello world", "x234", "d!!!!", "dlllllllllllll"] {
        a.cmd(&["revoke", malformed, "--yes", "--json"]).output().exits(&[2]).error();
    }
    a.cmd(&["revoke", "dyyyyyyyyyyyyy", "--yes"]).fails(3);
    a.cmd(&["revoke", "--yes"]).fails(2);
    assert_eq!(tokens(&a.json(&["list"])), [text(&kept, "token")]);
}

#[test]
fn what_is_revoked_is_named_before_it_is_asked_about() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let first = a.publish_session(&session, &[]);
    let token = text(&first, "token");
    let ask = |args: &[&str], answer: &str, last: &str| {
        let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), args, &a.env(), &a.projects);
        if pty.waits_for(&["[y/n]"]) {
            pty.types(answer);
        }
        let code = pty.code();
        until(last, Duration::from_secs(5), || pty.said().contains(last).then_some(()));
        (code, pty.said())
    };
    // By its beginning: the whole token, and which one that is.
    let (code, said) = ask(&["revoke", &token[..6]], "n\r", "Cancelled");
    assert!(code == 1 && said.contains("Retry with jitter") && said.contains(token), "{said}");
    // No token: told at once, nothing is asked.
    let (code, said) = ask(&["revoke", "x234"], "y\r", "x234");
    assert!(code == 2 && !said.contains("[y/N]"), "{said}");
    let second = a.publish(&["--link"]);
    let (code, said) = ask(&["revoke", "--all"], "y\r", "Revoked");
    assert!(code == 0 && said.contains("these 2 handoffs"), "{said}");
    for one in [token, text(&second, "token")] {
        assert!(said.split("[y/N]").next().unwrap().contains(one), "{said}");
    }
    assert_eq!(a.json(&["list"]), serde_json::json!([]));
    let (code, said) = ask(&["revoke", "--all"], "y\r", "nothing to revoke");
    assert!(code == 0 && said.contains("nothing to revoke"), "{said}");
}
