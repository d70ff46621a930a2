//! The configuration file: created, checked, and what its settings change.

use std::fs;

use cclink::handoff::{Link, LinkTarget};

use crate::support::{Device, text};

fn configured(content: &str) -> Device {
    let a = Device::new();
    fs::write(a.home.join("config.toml"), content).unwrap();
    a
}

#[test]
fn it_is_created_once_and_never_overwritten() {
    let a = Device::new();
    let first = a.json(&["config"]);
    assert_eq!(first["created"], true);
    let path = text(&first, "path");
    let template = fs::read_to_string(path).unwrap();
    assert!(template.contains("web") && template.contains("receipts"), "{template}");
    fs::write(path, format!("{template}\nttl = \"2h\"\n")).unwrap();
    let again = a.json(&["config"]);
    assert_eq!(again["created"], false);
    assert!(fs::read_to_string(path).unwrap().ends_with("ttl = \"2h\"\n"));
    assert_eq!(a.publish(&[])["ttl"], 7200);
    assert_eq!(a.publish(&["--ttl", "90m"])["ttl"], 5400, "what is said wins");
}

#[test]
fn a_mistake_is_named_with_line_and_column() {
    let a = configured("ttl = \"2h\"\nwbe = \"https://example.org\"\n");
    for command in [&["config"][..], &["whoami"], &["publish"]] {
        a.cmd(command).fails(1).says(&["config.toml", "line 2, column 1", "wbe"]);
    }
}

#[test]
fn a_theme_that_the_screen_refuses_is_no_valid_file() {
    let a = configured("theme = \"foo\"\n");
    a.cmd(&["config"]).fails(1).says(&["config.toml", "`foo` is not a theme", "high-contrast"]);
    // What is no screen does not mind.
    a.cmd(&["whoami"]).ok();
    configured("theme = \"light\"\n").cmd(&["config"]).ok().says(&["is valid"]);
}

#[test]
fn with_a_page_links_that_a_phone_can_open_are_web_links() {
    let a = configured("web = \"https://example.org/c/\"\n");
    let devices = a.publish(&[]);
    assert!(devices.get("web_link").is_none(), "{devices:#}");
    let link = a.publish(&["--link"]);
    let web = text(&link, "web_link");
    let (page, fragment) = web.split_once('#').unwrap();
    assert_eq!((page, fragment.to_uppercase()), ("https://example.org/c/", fragment.to_owned()));
    let (plain, read): (Link, Link) = (text(&link, "link").parse().unwrap(), web.parse().unwrap());
    assert_eq!(plain, read);
    assert!(matches!(read.target, LinkTarget::Secret(_)));
    let b = Device::new();
    assert_eq!(b.json(&["pickup", web])["token"], link["token"]);
    let pin = a.publish(&["--pin"]);
    let opened =
        b.cmd(&["pickup", text(&pin, "web_link"), "--pin", "--json"]).pin(text(&pin, "pin")).ok().json();
    assert_eq!(opened["token"], pin["token"]);
}

#[test]
fn what_travels_is_the_users_to_say() {
    let a = configured("title = \"never\"\nssh = \"dana@laptop\"\n");
    let published = a.publish(&[]);
    assert_eq!(published["title"], serde_json::Value::Null);
    let picked = a.json(&["pickup"]);
    assert_eq!((&picked["ssh"], &picked["title"]), (&"dana@laptop".into(), &serde_json::Value::Null));
    let said = a.publish(&["--title", "Mine", "--ssh", "other@host"]);
    assert_eq!(said["title"], "Mine");
    assert_eq!(a.json(&["pickup"])["ssh"], "other@host");
}

#[test]
fn a_reader_may_keep_to_themselves_that_they_picked_up() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    fs::write(b.home.join("config.toml"), "receipts = []\n").unwrap();
    a.publish(&[]);
    b.json(&["pickup"]);
    assert_eq!(a.json(&["list"])[0]["state"], "live");
    fs::remove_file(b.home.join("config.toml")).unwrap();
    b.json(&["pickup"]);
    assert_eq!(a.json(&["list"])[0]["state"], "picked_up");
}
