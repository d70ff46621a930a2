//! The screen reads Claude's folder, follows it, and writes nothing there.

use crate::support::Device;
use crate::support::untouched::{cannot_trace, set_writable, snapshot, tracing, writes};
use crate::terminal::Terminal;

/// Reads, filters and searches all there is, and quits.
fn look_around(mut terminal: Terminal) {
    terminal.shows("2 of 2");
    terminal.shows("PURPLE-ELEPHANT is the marker.");
    terminal.types("\x1b[B");
    terminal.types("/birds");
    terminal.shows("1 of 2");
    terminal.types("\x1b");
    terminal.shows("everywhere · 2 of 2");
    terminal.types("\u{6}marker");
    terminal.shows("2 of 2 · ");
    terminal.types("\r");
    terminal.shows("older hit");
    terminal.types("\x1b");
    terminal.shows("Enter open it there");
    terminal.types("\x1b");
    terminal.shows("everywhere · 2 of 2");
    terminal.types("2");
    terminal.types("1");
    terminal.types("q");
    assert_eq!(terminal.code(), 0, "{}", terminal.text());
}

#[test]
fn the_screen_writes_nothing_where_claude_does() {
    let device = Device::new();
    device.session("webshop", "Feed the birds");
    device.session("blog", "Something else");
    let before = snapshot(&device.claude);
    look_around(Terminal::of(&device, &[]));
    assert_eq!(snapshot(&device.claude), before);

    set_writable(&device.claude, false);
    let setpriv = if rustix::process::geteuid().is_root() { "setpriv --bounding-set=-all" } else { "" };
    look_around(Terminal::shell_of(&device, &format!("exec {setpriv} \"$0\""), &[]));
    set_writable(&device.claude, true);

    if cannot_trace() {
        return;
    }
    let trace = device.path("trace");
    look_around(Terminal::shell_of(&device, &format!("exec {} \"$0\"", tracing(&trace).join(" ")), &[]));
    let (tried, looked) = writes(&trace, &device.claude);
    assert!(tried.is_empty(), "{}", tried.join("\n"));
    assert!(looked > 10, "only {looked} calls there were seen at all");
}
