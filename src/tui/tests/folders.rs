//! The form that asks where a project is on this machine.

use std::path::Path;

use crossterm::event::{Event as Input, KeyCode};

use super::{Play, sample};
use crate::tui::message::{Action, Effect, Report, Verb};

const REMOTE: &str = "https://example.org/x/webshop.git";

/// The form, opened by Enter on a handoff whose project is nowhere.
fn asked(size: (u16, u16), remote: Option<&str>) -> Play {
    let mut play = Play::full(size.0, size.1);
    play.text("3").press(KeyCode::Enter);
    play.done(Verb::Find, Ok(Report::Found(vec![sample::found_nowhere(remote)])));
    play.press(KeyCode::Enter);
    assert!(play.shows("Where is it on this machine?"), "{}", play.screen());
    play
}

/// What is cloned, by the command that is run, and where it is looked for then.
fn cloned(play: &Play) -> Option<(Vec<String>, &Path)> {
    match play.other.last()? {
        Effect::StepAside(aside, Some(then)) => match &**then {
            Action::Place(_, folder) => Some((aside.command.clone(), folder)),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn a_typed_folder_is_where_it_is() {
    let mut play = asked((100, 30), None);
    assert!(!play.shows("clone it there"), "there is no repository");
    play.press(KeyCode::Enter);
    assert!(play.shows("Enter a folder.") && play.shows("Where is it on this machine?"));
    play.text("~/x y");
    assert!(!play.shows("Enter a folder."));
    play.press(KeyCode::Enter);
    assert!(!play.shows("Where is it on this machine?"));
    let Some((_, Action::Place(_, folder))) = play.last(Verb::Place) else { panic!("no answer") };
    assert_eq!(folder, Path::new("~/x y"));
}

#[test]
fn it_is_cloned_where_the_user_said() {
    for (typed, into) in [
        ("", "/home/dana/webshop"),
        ("mine", "/home/dana/mine"),
        ("~/a", "/home/dana/a"),
        ("/srv/x", "/srv/x"),
    ] {
        let mut play = asked((100, 30), Some(REMOTE));
        play.text(typed).press(KeyCode::Tab).press(KeyCode::Right);
        assert!(play.shows("Enter runs: git clone -- https://example.org"), "{}", play.screen());
        assert!(play.screen().replace('\n', "").contains(into), "{typed}: {}", play.screen());
        play.press(KeyCode::Enter);
        let (command, folder) = cloned(&play).expect("git is run");
        assert_eq!(command, ["git", "clone", "--progress", "--", REMOTE, into], "{typed}");
        assert_eq!(folder, Path::new(into), "{typed}");
        assert!(play.last(Verb::Place).is_none(), "not before it is there");
    }
}

#[test]
fn esc_takes_nothing_and_a_pasted_enter_neither() {
    let mut play = asked((80, 24), Some(REMOTE));
    play.burst("/srv/x\n");
    assert!(play.shows("That looked pasted.") && play.last(Verb::Place).is_none(), "{}", play.screen());
    play.input(Input::Paste("/y\n".into()));
    assert!(play.shows("/srv/x/y") && play.last(Verb::Place).is_none(), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(!play.shows("Where is it on this machine?") && play.last(Verb::Place).is_none());
}

#[test]
fn it_fits_where_the_screen_does() {
    for size in [(60, 16), (80, 24), (200, 50)] {
        let mut play = asked(size, Some(REMOTE));
        play.press(KeyCode::Tab).press(KeyCode::Right);
        for words in ["▸ project", "‹clone it there›", "Enter runs: git clone", "/home/dana/webshop"] {
            assert!(play.shows(words), "{size:?}: {words}: {}", play.screen());
        }
    }
}
