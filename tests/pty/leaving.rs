//! However the program ends, the terminal is as it was.

use crate::terminal::{Terminal, until};

/// `stty -g` before and after the program, each on a line of its own.
const BETWEEN: &str = "before=$(stty -g); \"$0\" --demo; code=$?; after=$(stty -g); \
     [ \"$before\" = \"$after\" ] && echo \"same modes\" || echo \"other modes\"; echo \"code $code.\"";

fn ends(how: &str, env: &[(&str, &str)], end: impl FnOnce(&mut Terminal)) -> String {
    let mut terminal = Terminal::shell(BETWEEN, env);
    terminal.shows("Retry with jitter for the uploader");
    assert!(terminal.modes().contains("alternate screen"), "it is on the screen");
    end(&mut terminal);
    terminal.code();
    let said = until("what the shell says", || Some(terminal.text()).filter(|text| text.contains("code ")));
    assert!(said.contains("same modes"), "{how}: {said}");
    assert_eq!(terminal.modes(), "", "{how} leaves modes behind");
    said
}

#[test]
fn quitting_leaves_a_clean_terminal() {
    assert!(ends("q", &[], |terminal| terminal.types("q")).contains("code 0."));
    ends("Ctrl-C", &[], |terminal| terminal.types("\x03"));
}

#[test]
fn signals_leave_a_clean_terminal() {
    for (name, code) in [
        ("TERM", "code 143."),
        ("HUP", "code 129."),
        ("INT", "code 130."),
        ("QUIT", "code 131."),
        ("USR1", "code 138."),
        ("USR2", "code 140."),
        ("ALRM", "code 142."),
        ("XCPU", "code 152."),
    ] {
        let said = ends(name, &[], |terminal| terminal.signal(name));
        assert!(said.contains(code), "{name}: {said}");
    }
}

#[test]
fn a_panic_leaves_a_clean_terminal_and_says_why() {
    let said = ends("a panic", &[("CCLINK_TEST_PANIC", "1")], |terminal| terminal.types("\x1b[24~"));
    assert!(said.contains("on purpose"), "{said}");
    assert!(!said.contains("code 0."), "{said}");
}

#[test]
fn ctrl_z_steps_back_and_comes_again() {
    let mut terminal = Terminal::shell("PS1='prompt> ' exec sh -i", &[]);
    terminal.shows("prompt>");
    let line = format!("{} --demo\n", crate::terminal::program().display());
    terminal.types(&line);
    terminal.shows("Retry with jitter for the uploader");
    terminal.types("\x1a");
    until("a clean terminal", || terminal.modes().is_empty().then_some(()));
    terminal.types("echo still $((20 + 22))\n");
    terminal.shows("still 42");
    terminal.types("fg\n");
    until("the screen again", || terminal.modes().contains("alternate screen").then_some(()));
    terminal.shows("Retry with jitter for the uploader");
    // Its keys work again, the second one too.
    terminal.types("2");
    terminal.shows("Handoffs");
    terminal.types("1");
    terminal.shows("Enter publish");
    terminal.types("q");
    until("a clean terminal", || terminal.modes().is_empty().then_some(()));
    terminal.types("exit\n");
    terminal.code();
}
