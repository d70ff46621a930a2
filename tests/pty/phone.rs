//! The phone pass: what a phone can open lives as long as it is shown.

use crate::support::{Device, text};
use crate::terminal::{Terminal, until};

/// A way to leave, and its name.
type End = (&'static str, fn(&mut Terminal));

/// A device with a page for phones and one handoff to its own devices.
fn device() -> Device {
    let device = Device::new();
    std::fs::write(device.home.join("config.toml"), "web = \"https://example.org/cclink/\"\n").unwrap();
    device.publish(&[]);
    device
}

/// The QR of the only handoff, where a phone pass is asked for.
fn ask_for_pass(device: &Device, env: &[(&str, &str)]) -> Terminal {
    // below a shell, so that a signal has somebody to go to
    let mut terminal = Terminal::shell_of(device, "\"$0\"; exit $?", env);
    terminal.types("2");
    terminal.shows("1 active");
    terminal.types("\r");
    terminal.shows("p makes a phone pass");
    terminal.types("p");
    terminal
}

/// The same with its pass.
fn show_pass(device: &Device) -> Terminal {
    let terminal = ask_for_pass(device, &[]);
    terminal.shows("or until you close this");
    terminal
}

/// The link of the newest pass, as the journal has it: of several of one second the
/// one that is alive.
fn link(device: &Device) -> String {
    let rows = device.json(&["list", "--all"]);
    let mut passes: Vec<_> = rows.as_array().unwrap().iter().collect();
    passes.retain(|row| row["audience"]["kind"] == "link");
    let alive = passes.iter().find(|row| row["state"] == "live");
    text(alive.or(passes.first()).expect("the pass is listed"), "link").to_owned()
}

#[test]
fn a_pass_is_gone_from_the_network_however_its_view_goes() {
    let (device, phone) = (device(), Device::new());
    let ends: [End; 4] = [
        ("Esc", |terminal| {
            terminal.types("\x1b");
            terminal.shows("The phone pass is revoked");
            terminal.types("q");
        }),
        ("q", |terminal| terminal.types("q")),
        ("Ctrl-C", |terminal| terminal.types("\x03")),
        ("SIGTERM", |terminal| terminal.signal("TERM")),
    ];
    for (how, end) in ends {
        let mut terminal = show_pass(&device);
        let link = link(&device);
        end(&mut terminal);
        assert_eq!(terminal.code(), if how == "SIGTERM" { 143 } else { 0 }, "{how}");
        assert_eq!(terminal.modes(), "", "{how}");
        let refused = phone.cmd(&["pickup", &link]).fails(3);
        assert!(refused.stderr.contains("revoked"), "{how}: {}", refused.stderr);
    }
    // What it was made of lives on.
    let rows = device.json(&["list"]);
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
}

#[test]
fn a_pass_opens_once_and_its_use_is_told() {
    let (device, phone) = (device(), Device::new());
    let mut terminal = show_pass(&device);
    let link = link(&device);
    let taken = phone.json(&["pickup", &link]);
    assert_eq!(taken["burned"], true);
    assert_eq!(taken["ttl"], 900);
    assert_eq!(taken["title"], "Retry with jitter");
    phone.cmd(&["pickup", &link]).fails(3);
    terminal.types("\x1b");
    terminal.shows("Picked up by");
    terminal.types("o");
    terminal.shows("burned");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn a_contacts_handoff_and_another_devices_have_one_too() {
    let (device, phone) = (device(), Device::new());
    device.cmd(&["revoke", "--all", "--yes"]).ok();
    device.publish(&["--share", &phone.public_key()]);
    let mut terminal = show_pass(&device);
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    device.cmd(&["revoke", "--all", "--yes"]).ok();
    let other = Device::copy_of(&device);
    other.publish(&["--note", "as it was said there"]);
    let mut terminal = show_pass(&device);
    let taken = phone.json(&["pickup", &link(&device)]);
    assert_eq!(taken["note"], "as it was said there");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn without_a_network_it_says_so_and_leaves_nothing_behind() {
    let device = device();
    let mut terminal = ask_for_pass(&device, &[("CCLINK_BOOTSTRAP", "127.0.0.1:1")]);
    terminal.hides("making a phone pass");
    until("its failure to be told", || terminal.text().contains("network").then_some(()));
    terminal.shows("p makes a phone pass");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn a_link_is_taken_out_of_what_is_pasted_around_it() {
    let (device, other) = (Device::new(), Device::new());
    let (one, second) = (other.publish(&["--link"]), other.publish(&["--link"]));
    let (link, second) = (text(&one, "link"), text(&second, "link"));
    let mut terminal = Terminal::of(&device, &[]);
    terminal.types("3");
    terminal.shows("link or key");
    terminal.types("i");
    terminal.types(&format!("\x1b[200~Hi,\n> see <{}=\n{}>.\nbye\n\x1b[201~", &link[..40], &link[40..]));
    terminal.shows("✓ a link, from");
    terminal.types("\x15");
    terminal.types(&format!("\x1b[200~this {link}\nor that {second}?\x1b[201~"));
    terminal.shows("This holds 2 links");
    terminal.types("\x15");
    terminal.types(&format!("\x1b[200~cclink pickup '{link}'\x1b[201~"));
    terminal.shows("✓ a link, from");
    terminal.types("\r");
    terminal.shows("signed by");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn a_web_link_is_picked_up_in_the_form_as_it_is_pasted() {
    let (device, reader) = (device(), Device::new());
    let published = device.publish(&["--link", "--title", "By its page"]);
    let link = text(&published, "web_link");
    let (page, secret) = link.split_once('#').unwrap();
    let (first, rest) = secret.split_at(30);
    let mut terminal = Terminal::of(&reader, &[]);
    terminal.types("3");
    terminal.shows("Nothing is waiting for you");
    // As it is, in small letters from another host, and wrapped by a mail program.
    let spellings = [
        link.to_owned(),
        format!("http://elsewhere.example/#{}", secret.to_lowercase()),
        format!("{page}#{first}\r\n  {rest}"),
    ];
    for spelling in spellings {
        terminal.types(&format!("\x1b[200~{spelling}\x1b[201~"));
        terminal.shows("a link, from");
        terminal.types("\r");
        terminal.shows("By its page");
        terminal.shows("✓ signed by pk:");
        terminal.hides("checking for anything newer");
        terminal.types("\x1b");
        terminal.hides("By its page");
        terminal.types("\x15");
    }
    // What was cut off is said before the network is asked.
    terminal.types(&format!("\x1b[200~{page}#{first}\x1b[201~"));
    terminal.shows("cut off");
    terminal.types("\x1b");
    terminal.shows("i link or key");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}
