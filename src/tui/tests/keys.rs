//! What keys do everywhere: panes, clicks, the palette, notes, the way back.

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Play, sample};
use crate::tui::keymap::{self, Told};
use crate::tui::message::{Context, Effect, Error, Intent, Report, Verb};

#[test]
fn clicks_choose_panes_rows_and_fields() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let click = |column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    };
    let mut play = Play::full(80, 24);
    play.input(click(5, 6));
    assert!(play.shows("▌ 외주 앱의"), "{}", play.screen());
    play.press(KeyCode::Enter);
    let row = play.screen().lines().position(|line| line.contains("  note ")).unwrap();
    play.input(click(20, u16::try_from(row).unwrap()));
    assert!(play.shows("▸ note"), "{}", play.screen());
    play.press(KeyCode::Esc).input(click(25, 0));
    assert!(play.shows("4 active"));
    play.text("m");
    assert!(matches!(play.other.last(), Some(Effect::Mouse(false))));
}

#[test]
fn keycaps_palette_and_plans_can_be_clicked() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let mouse =
        |kind, column, row| Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let click = |column, row| mouse(MouseEventKind::Down(MouseButton::Left), column, row);
    let find = |play: &Play, words: &str| {
        let screen = play.screen();
        let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
        let column = crate::text::width(line.split(words).next().unwrap());
        (u16::try_from(column).unwrap(), u16::try_from(row).unwrap())
    };
    let mut play = Play::full(120, 40);
    let (column, row) = find(&play, "/ filter");
    play.input(click(column + 3, row));
    assert!(play.shows("▸ filter"));
    let (column, row) = find(&play, "Esc back");
    play.input(click(column, row));
    assert!(!play.shows("▸ filter"));
    let (column, row) = find(&play, "? help");
    play.input(click(column, row));
    assert!(play.shows("╭ Keys "));
    play.press(KeyCode::Esc).text(":revoke all");
    let (column, row) = find(&play, "Handoffs: revoke all");
    play.input(click(column, row));
    assert!(play.shows("Revoke all 4 handoffs?"), "{}", play.screen());
    play.press(KeyCode::Esc).text("3").press(KeyCode::Enter);
    play.done(Verb::Find, Ok(Report::Found(vec![sample::found(true, true)])));
    let (column, row) = find(&play, "The command to run");
    play.input(click(column, row));
    assert!(play.shows("▌  The command to run"), "{}", play.screen());
    // the wheel scrolls what it is over
    play.press(KeyCode::Esc).text("1");
    play.input(mouse(MouseEventKind::ScrollDown, 10, 10));
    assert!(play.shows("▌ 외주"));
}

#[test]
fn the_palette_reaches_every_pane() {
    let mut play = Play::full(120, 40);
    play.text(":");
    let told = [Told::Footer, Told::Palette];
    let all = [Context::Sessions, Context::Handoffs, Context::Inbox, Context::Browse, Context::Common];
    let wanted: Vec<_> = keymap::rows(&all, &told).iter().map(|row| row.words).collect();
    for words in wanted.into_iter().filter(|words| *words != "commands") {
        play.text(words);
        let screen = play.screen();
        assert!(
            screen.lines().any(|line| line.contains("│ ▌ ") && line.contains(words)),
            "{words}\n{screen}"
        );
        play.ctrl('u');
    }
    play.text("extend").press(KeyCode::Enter);
    assert!(play.shows("4 active") && play.shows("More time for Retry failed"), "{}", play.screen());
}

#[test]
fn notes_stack_and_go() {
    let mut play = Play::full(80, 24);
    play.text("y").text("t").text("m");
    for words in ["id was sent to the terminal", "Tool calls: ", "Mouse off"] {
        assert!(play.shows(words), "{words}");
    }
    let later = Duration::from_secs(6);
    play.wait(later);
    play.app.tick(&play.now.clone());
    assert!(!play.shows("Mouse off") && play.shows("id was sent to the terminal"));
    play.wait(later);
    play.app.tick(&play.now.clone());
    assert!(!play.shows("id was sent") && !play.shows("╭"));
}

#[test]
fn a_released_key_is_no_key() {
    let mut play = Play::full(80, 24);
    let mut key = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
    key.kind = KeyEventKind::Release;
    play.input(Input::Key(key));
    assert!(play.other.is_empty());
    play.text("q");
    assert!(matches!(play.other.last(), Some(Effect::Quit)));
}

#[test]
fn the_panic_switch_is_off_unless_asked_for() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::F(12));
    assert!(play.other.is_empty());
}

/// Every key that a footer shows does something that can be seen or counted.
#[test]
fn every_key_of_a_footer_is_answered() {
    type Excerpt = (Context, fn(&mut Play));
    let places: [Excerpt; 8] = [
        (Context::KeyedQr, |play| {
            play.text("2").press(KeyCode::Enter);
        }),
        (Context::Qr, |play| {
            play.text("2").press(KeyCode::End).press(KeyCode::Enter);
        }),
        (Context::Sessions, |_| {}),
        (Context::Handoffs, |play| {
            play.text("2");
        }),
        (Context::Inbox, |play| {
            play.text("3");
        }),
        (Context::Qr, |play| {
            play.text("2").press(KeyCode::Enter);
        }),
        (Context::PickupForm, |play| {
            play.text("3i");
        }),
        (Context::PublishForm, |play| {
            play.press(KeyCode::Enter);
        }),
    ];
    for (context, go) in places {
        for row in keymap::rows(keymap::chain(context, context == Context::PublishForm), &[Told::Footer]) {
            let mut play = Play::full(120, 40);
            go(&mut play);
            let before = (play.buffer(), play.jobs.len(), play.other.len());
            play.wait(Duration::from_millis(300)).press_key(row.keys[0]);
            let after = (play.buffer(), play.jobs.len(), play.other.len());
            let quiet = matches!(row.intent, Intent::Reveal);
            assert!(quiet || before != after, "{:?} in {context:?} does nothing", row.intent);
        }
    }
}

#[test]
fn escape_always_finds_its_way_back() {
    let ways = ["2", "2\n", "2d", "2e", "3i", "3\n", "?", ":", "/x", "\n", "2\n?"];
    for way in ways {
        let mut play = Play::full(80, 24);
        for c in way.chars() {
            play.press(if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) });
        }
        for _ in 0..20 {
            play.press(KeyCode::Esc);
            let cancelled = std::mem::take(&mut play.cancelled);
            for id in cancelled {
                if let Some((_, action)) = play.jobs.iter().find(|(job, _)| *job == id).cloned() {
                    play.done(action.verb(), Err(Error::cancelled()));
                }
            }
        }
        play.wait(Duration::from_mins(1));
        play.app.tick(&play.now.clone());
        play.text("1");
        assert!(play.shows("▌ ● Retry") && play.shows("publish"), "{way:?}\n{}", play.screen());
    }
}

#[test]
fn remarks_on_one_thing_take_each_others_place() {
    let mut play = Play::full(120, 40);
    play.text("ttt");
    assert!(play.shows("one line each") && !play.shows("hidden."), "{}", play.screen());
}

#[test]
fn a_double_click_is_enter() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let click = |column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    };
    let mut play = Play::full(80, 24);
    // slowly, and on two rows: only chosen
    play.input(click(5, 6)).wait(Duration::from_secs(1)).input(click(5, 6));
    play.wait(Duration::from_millis(150)).input(click(5, 4));
    assert!(!play.shows("Publish:"), "{}", play.screen());
    play.wait(Duration::from_secs(1)).input(click(5, 6));
    play.wait(Duration::from_millis(150)).input(click(6, 6));
    assert!(play.shows("Publish: 외주"), "{}", play.screen());
    // nothing is there to be entered
    play.press(KeyCode::Esc).wait(Duration::from_secs(1)).input(click(5, 20));
    play.wait(Duration::from_millis(150)).input(click(5, 20));
    assert!(!play.shows("Publish:"), "{}", play.screen());
    play.text("2").wait(Duration::from_secs(1)).input(click(5, 2));
    play.wait(Duration::from_millis(150)).input(click(5, 2));
    assert!(play.shows("Enter done"), "{}", play.screen());
}

#[test]
fn help_begins_with_the_pane_and_is_narrowed_by_typing() {
    for (width, height) in [(60, 16), (80, 24), (120, 40)] {
        let mut play = Play::full(width, height);
        play.text("2?");
        let screen = play.screen();
        let first = screen.lines().nth(4).unwrap_or_default();
        assert!(first.contains("Handoffs"), "{screen}");
        play.text("announ");
        assert!(play.shows("announce now") && !play.shows("first"), "{}", play.screen());
        play.ctrl('u').text("quokka");
        assert!(play.shows("No key does that."), "{}", play.screen());
        // what was typed goes first, then the help
        play.press(KeyCode::Esc);
        assert!(play.shows("╭ Keys"), "{}", play.screen());
        play.press(KeyCode::Esc);
        assert!(!play.shows("╭ Keys"), "{}", play.screen());
        play.text("??");
        assert!(!play.shows("╭ Keys"), "the key that opens it closes it: {}", play.screen());
    }
}

#[test]
fn k_is_up_everywhere() {
    for pane in ["1", "2", "3"] {
        let mut play = Play::full(120, 40);
        play.text(pane);
        play.press(KeyCode::Home);
        let top = play.screen();
        play.text("j");
        assert_ne!(play.screen(), top);
        play.text("k");
        let marked = |screen: &str| screen.lines().position(|line| line.starts_with('▌'));
        assert_eq!(marked(&play.screen()), marked(&top), "in pane {pane}: {}", play.screen());
    }
}

#[test]
fn a_selected_entry_is_lit_whole() {
    let play = Play::full(80, 24);
    let buffer = play.buffer();
    let reversed = ratatui::style::Modifier::REVERSED;
    let lit = |y: u16| (0..80).filter(|x| buffer[(*x, y)].modifier.contains(reversed)).count();
    let row = play.screen().lines().position(|line| line.starts_with('▌')).unwrap();
    let row = u16::try_from(row).unwrap();
    assert_eq!((lit(row), lit(row + 1)), (80, 80), "{}", play.screen());
}
