//! Link handoffs: the secret, and every way a link arrives.

use crate::bytes::vectors::vectors;
use crate::pickup::devices::same_handoff;
use crate::support::{Device, text};

#[test]
fn a_link_opens_however_it_arrives() {
    let (a, b) = (Device::new(), Device::new());
    let published = a.publish(&["--link"]);
    assert_eq!(published["audience"]["kind"], "link");
    let (link, token) = (text(&published, "link"), text(&published, "token"));
    let (creator, secret) = link.split_once("/cclink/l").expect("a link handoff's link");
    assert_eq!(secret.len(), 26, "{link}");
    assert!(token.starts_with('l') && token.len() == 14, "{token}");
    assert_ne!(&secret[..13], &token[1..], "the token says nothing of the secret");

    let capitals = link.to_uppercase();
    let web = format!("https://x.example/c#{}/L{}", &creator[3..].to_uppercase(), secret.to_uppercase());
    let forms = [
        link.to_owned(),
        format!("{}\n{}", &link[..50], &link[50..]),
        format!("  {}\r\n    {}\n", &link[..30], &link[30..]),
        capitals.clone(),
        format!("{}\n{}", &capitals[..60], &capitals[60..]),
        format!("{}\n{}", &web[..40], &web[40..]),
        format!("https://x.example/a#b#{}/l{secret}", &creator[3..]),
        web,
    ];
    for form in forms {
        same_handoff(&b.json(&["pickup", &form]), &published);
        let picked = b.cmd(&["pickup", "-", "--json"]).stdin(form).ok().json();
        same_handoff(&picked, &published);
    }
}

#[test]
fn tokens_are_listed_and_secrets_are_not() {
    let a = Device::new();
    let published = a.publish(&["--link"]);
    let secret = text(&published, "link").rsplit('/').next().unwrap()[1..].to_owned();
    a.cmd(&["list"]).ok().says(&[text(&published, "token")]).hides(&[&secret]);
    let list = a.json(&["list"]);
    assert_eq!(list[0]["token"], published["token"]);
    // The publisher can still give the link away: the JSON has it, in one place.
    assert_eq!(list[0]["link"], published["link"]);
    assert_eq!(list.to_string().matches(&secret).count(), 1);
    // Another device of mine does not see it: only this one published it.
    assert_eq!(Device::copy_of(&a).json(&["list"]), serde_json::json!([]));
    // A token is not enough to read it elsewhere.
    Device::new().cmd(&["pickup", text(&published, "token")]).output().exits(&[3, 4]);
    // On disk the secret is sealed.
    for file in a.files() {
        let content = std::fs::read(&file).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains(&secret), "in {}", file.display());
    }
}

#[test]
fn a_wrong_link_is_refused_before_the_network_is_asked() {
    let mut a = Device::new();
    // Nothing answers here: so exit 2 comes from looking at the text alone.
    a.bootstrap = crate::support::ring::nowhere();
    for row in vectors()["links_refused"].as_array().unwrap() {
        let (link, part) = (text(row, "text"), text(row, "part"));
        if link.is_empty() {
            continue;
        }
        let out = a.cmd(&["pickup", "--json", link]).output();
        assert_eq!(out.code, 2, "{}: {link}: {}", row["why"], out.said());
        let error = out.error();
        if part == "key" {
            // It says which part is wrong.
            assert!(text(&error, "message").contains("key"), "{}: {error:#}", row["why"]);
        }
        let out = a.cmd(&["pickup", "-"]).stdin(link).output();
        assert_eq!(out.code, 2, "{}: {link} from stdin: {}", row["why"], out.said());
    }
    a.cmd(&["pickup", ""]).fails(2);
    a.cmd(&["pickup", "-"]).stdin("").fails(2);
}

#[test]
fn another_secret_finds_nothing() {
    let (a, b) = (Device::new(), Device::new());
    let published = a.publish(&["--link"]);
    let link = text(&published, "link");
    let at = link.find("/cclink/l").unwrap() + 9;
    let other = if link[at..].starts_with('y') { "b" } else { "y" };
    let wrong = format!("{}{other}{}", &link[..at], &link[at + 1..]);
    b.cmd(&["pickup", &wrong]).output().exits(&[3]).hides(&[text(&published, "session_id")]);
    // The right secret under another creator is another mailbox.
    let (_, rest) = link.split_once('/').unwrap();
    b.cmd(&["pickup", &format!("{}/{rest}", b.public_key())]).fails(3);
}

#[test]
fn a_qr_is_drawn_of_what_carries_no_secret() {
    let a = Device::new();
    let blocks = |said: &str| said.chars().filter(|c| ('\u{2580}'..='\u{259f}').contains(c)).count();
    let session = a.session("uploader", "x");
    assert!(blocks(&a.cmd(&["publish", &session.id, "--qr"]).ok().said()) > 100);
    assert_eq!(blocks(&a.cmd(&["publish", &session.id]).ok().said()), 0, "not asked for, no terminal");
    // Without a page there is no QR of a link handoff: it says so instead.
    let out = a.cmd(&["publish", &session.id, "--link", "--qr"]).ok();
    assert_eq!(blocks(&out.said()), 0, "{}", out.said());
    out.says(&["web"]);
}

#[test]
fn a_link_is_taken_out_of_what_is_around_it() {
    let a = Device::new();
    let b = Device::new();
    let (one, other) = (a.publish(&["--link"]), a.publish(&["--link"]));
    let (link, second) = (text(&one, "link"), text(&other, "link"));
    let mail = format!("Hi,\n> {}=\n{}\nbye", &link[..40], &link[40..]);
    for pasted in [format!("<{link}>."), format!("cclink pickup '{link}'"), mail] {
        let by_argument = b.cmd(&["pickup", "--json", &pasted]).ok().json();
        let by_stdin = b.cmd(&["pickup", "-", "--json"]).stdin(pasted).ok().json();
        assert_eq!(by_argument["token"], one["token"]);
        assert_eq!(by_stdin["token"], one["token"]);
    }
    let both = format!("this {link} or that {second}?");
    let out = b.cmd(&["pickup", &both]).fails(2).says(&[text(&one, "token"), text(&other, "token")]);
    out.hides(&[&link[link.len() - 26..], &second[second.len() - 26..]]);
}
