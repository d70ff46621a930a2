//! How every pane and overlay looks, at four sizes and with data that breaks
//! weaker screens.

use crossterm::event::KeyCode;

use super::{Play, sample};
use crate::tui::message::{
    AudienceKind, CarriedBy, CarriedState, CarryWay, Error, Excerpt, IdentityState, Listed, Report,
    Searching, State, Step, Verb,
};
use crate::tui::parts::theme::{Theme, ThemeName};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 50)];

/// Snapshots a scene at every size, after checking its edges.
fn scene(name: &str, set: impl Fn(&mut Play)) {
    for (width, height) in SIZES {
        let mut play = Play::full(width, height);
        set(&mut play);
        check(&play);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), play.screen());
    }
}

/// Every box on the screen is closed at its right, no wide character hides a
/// border, and nothing but text is in the cells.
pub(super) fn check(play: &Play) {
    let buffer = play.buffer();
    let area = buffer.area;
    for y in 0..area.height {
        let mut covered = 0;
        for x in 0..area.width {
            let symbol = buffer[(x, y)].symbol();
            assert!(!symbol.chars().any(|c| c.is_control() || c == '\u{202e}'), "{symbol:?} at {x},{y}");
            assert!(covered == 0 || symbol == " ", "{symbol:?} at {x},{y} is hidden\n{}", play.screen());
            covered = if covered > 0 { covered - 1 } else { crate::text::width(symbol).saturating_sub(1) };
            if symbol == "╭" {
                check_box(play, &buffer, x, y);
            }
        }
    }
}

fn check_box(play: &Play, buffer: &ratatui::buffer::Buffer, x: u16, y: u16) {
    let right = (x..buffer.area.width).find(|x| buffer[(*x, y)].symbol() == "╮").expect("a box closes");
    let mut below = y + 1;
    while buffer[(x, below)].symbol() != "╰" {
        assert_eq!(buffer[(right, below)].symbol(), "│", "{}", play.screen());
        below += 1;
    }
    assert_eq!(buffer[(right, below)].symbol(), "╯");
}

#[test]
fn sessions() {
    scene("sessions", |_| {});
}

#[test]
fn sessions_being_read() {
    scene("sessions_read", |play| {
        play.press(KeyCode::Down).press(KeyCode::Right);
        if play.last(Verb::Preview).is_some() {
            let path = sample::sessions()[2].path.clone();
            play.done(Verb::Preview, Ok(Report::Preview(path, Excerpt::Last, sample::page())));
        }
    });
}

#[test]
fn sessions_filtered() {
    scene("sessions_filtered", |play| {
        play.text("/upl");
    });
}

#[test]
fn searching() {
    scene("searching", |play| {
        play.ctrl('f').text("network");
        for one in sample::matched() {
            play.step(Verb::Search, Report::Searching(Searching::Found(Box::new(one))));
        }
        play.step(Verb::Search, Report::Searching(Searching::Progress { files: 3120, of: 10_000 }));
    });
}

#[test]
fn a_hit() {
    scene("a_hit", |play| {
        play.ctrl('f').text("network");
        for one in sample::matched() {
            play.step(Verb::Search, Report::Searching(Searching::Found(Box::new(one))));
        }
        play.press(KeyCode::Down).press(KeyCode::Enter);
        let path = sample::matched()[0].session.path.clone();
        play.done(Verb::Preview, Ok(Report::Preview(path, Excerpt::Around(0..100), sample::page_around())));
    });
}

#[test]
fn nothing_searched_yet() {
    let mut play = Play::full(80, 24);
    play.ctrl('f');
    insta::assert_snapshot!(play.screen());
}

#[test]
fn sessions_before_any_is_read() {
    let play = Play::open(80, 24);
    insta::assert_snapshot!(play.screen());
}

#[test]
fn no_sessions() {
    let mut play = Play::open(80, 24);
    play.done(Verb::Scan, Ok(Report::Scanned));
    insta::assert_snapshot!(play.screen());
}

#[test]
fn publish_form() {
    scene("publish", |play| {
        play.press(KeyCode::Enter);
        play.drafted(sample::draft());
    });
}

#[test]
fn publish_form_with_all_that_is_to_be_known() {
    scene("publish_notes", |play| {
        play.press(KeyCode::Enter);
        let mut draft = sample::draft();
        draft.busy = true;
        draft.alive[0].burn_after_read = true;
        draft.continues = Some("00000001-1111-4222-8333-444455556666".to_owned());
        play.drafted(draft);
    });
}

#[test]
fn publish_form_for_a_pin() {
    scene("publish_pin", |play| {
        play.press(KeyCode::Enter)
            .press(KeyCode::Right)
            .press(KeyCode::Right)
            .press(KeyCode::Tab)
            .text("short");
        play.drafted(sample::draft());
    });
}

#[test]
fn handoffs() {
    scene("handoffs", |play| {
        play.press(KeyCode::Char('2'));
    });
}

#[test]
fn handoff_in_detail() {
    scene("handoffs_detail", |play| {
        play.press(KeyCode::Char('2')).press(KeyCode::Down).press(KeyCode::Right);
    });
}

#[test]
fn what_happened_to_a_handoff() {
    scene("handoffs_log", |play| {
        play.press(KeyCode::Char('2')).press(KeyCode::Down).press(KeyCode::Right);
        let mut rows = sample::handoffs();
        rows[1].carry =
            Some(CarriedBy { way: CarryWay::Git, bytes: 120_000, state: Some(CarriedState::There) });
        play.done(Verb::Journal, Ok(Report::Listed(rows, true)));
        play.step(Verb::List, Report::Log(sample::log()));
    });
}

#[test]
fn no_handoffs() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Char('2'));
    play.done(Verb::Journal, Ok(Report::Listed(Vec::new(), true)));
    insta::assert_snapshot!(play.screen());
}

#[test]
fn revoking_asks() {
    scene("revoke", |play| {
        play.press(KeyCode::Char('2')).text("D");
    });
}

#[test]
fn extending() {
    scene("extend", |play| {
        play.press(KeyCode::Char('2')).text("e");
    });
}

#[test]
fn inbox() {
    scene("inbox", |play| {
        play.press(KeyCode::Char('3'));
    });
}

#[test]
fn inbox_form() {
    scene("inbox_form", |play| {
        play.press(KeyCode::Char('3')).text("i").text("nonsense");
        let error = Error::usage("“nonsense” is no link, key, contact or token.");
        play.done(Verb::Contacts, Err(error));
    });
}

#[test]
fn found() {
    scene("found", |play| {
        play.press(KeyCode::Char('3')).press(KeyCode::Enter);
        play.done(Verb::Find, Ok(Report::Found(vec![sample::found(false, true)])));
    });
}

#[test]
fn several_found() {
    scene("found_several", |play| {
        play.press(KeyCode::Char('3')).press(KeyCode::Enter);
        play.done(Verb::Find, Ok(Report::Found(vec![sample::found(false, true), sample::found(true, true)])));
    });
}

#[test]
fn qr() {
    scene("qr", |play| {
        play.press(KeyCode::Char('2')).press(KeyCode::Enter);
    });
}

#[test]
fn qr_that_must_not_be_drawn() {
    scene("qr_link", |play| {
        play.press(KeyCode::Char('2')).press(KeyCode::End).press(KeyCode::Enter);
    });
}

/// A handoff with all that a QR can hold.
fn with_every_content() -> Listed {
    let mut row = sample::listed(1, Some("Retry failed uploads"), AudienceKind::Pin, State::Live, 28_121);
    row.ssh = Some("dana@framework-desktop.local:2222".to_owned());
    let creator = sample::CREATOR.trim_start_matches("pk:").to_uppercase();
    row.web_link =
        Some(format!("https://handoff.example.org/cclink/#{creator}/P{}", row.token.to_uppercase()).into());
    row
}

#[test]
fn every_content_of_the_qr() {
    for at in 0..5 {
        scene(&format!("qr_content_{at}"), |play| {
            play.press(KeyCode::Char('2'));
            play.done(Verb::Journal, Ok(Report::Listed(vec![with_every_content()], true)));
            play.press(KeyCode::Enter);
            for _ in 0..at {
                play.press(KeyCode::Tab);
            }
            // the longest command is more than 24 rows hold, and says so
            let holds = play.size.1 > 24 || play.size.1 == 24 && at != 2;
            assert!(!holds || !play.shows("needs"), "{}", play.screen());
            assert!(play.shows(&format!(" {} of 5", at + 1)) || play.shows("needs"), "{}", play.screen());
        });
    }
}

#[test]
fn themes_change_no_word() {
    let told = |name| {
        let mut play = Play::with(80, 24, Theme::named(name));
        play.fill();
        play.text("2D");
        play.screen()
    };
    for name in ThemeName::ALL {
        assert_eq!(told(name), told(ThemeName::Terminal), "{name}");
    }
    let mut play = Play::with(80, 24, Theme::named(ThemeName::HighContrast));
    play.fill();
    let reset = ratatui::style::Color::Reset;
    let bare = |cell: &ratatui::buffer::Cell| cell.fg == reset || cell.bg == reset;
    // a cell under a wide character is not sent to the terminal
    let buffer = play.buffer();
    let wide = |cell: &ratatui::buffer::Cell| crate::text::width(cell.symbol()) > 1;
    let found = buffer.content.windows(2).filter(|pair| bare(&pair[1]) && !wide(&pair[0])).count();
    assert_eq!(found, 0, "all of it is painted");
}

#[test]
fn help() {
    scene("help", |play| {
        play.text("?");
    });
}

#[test]
fn palette() {
    scene("palette", |play| {
        play.text(":rev");
    });
}

#[test]
fn a_pin_stays_on_the_screen() {
    scene("pin_toast", |play| {
        play.press(KeyCode::Enter).press(KeyCode::Enter);
        let published = sample::published(AudienceKind::Pin, Some("velvet-orbit-cactus-lamp"));
        play.done(Verb::Publish, Ok(Report::Published(Box::new(published), false)));
        play.wait(std::time::Duration::from_hours(1));
        play.app.tick(&play.now.clone());
    });
}

#[test]
fn a_job_is_told() {
    scene("job", |play| {
        play.press(KeyCode::Enter).press(KeyCode::Enter);
        play.step(Verb::Publish, Report::Step(Step::Doing("storing it on the network".into())));
        play.wait(std::time::Duration::from_millis(3300));
    });
}

#[test]
fn welcome() {
    for (width, height) in SIZES {
        let mut play = Play::without_key(width, height);
        play.press(KeyCode::Enter);
        check(&play);
        insta::assert_snapshot!(format!("welcome_{width}x{height}"), play.screen());
    }
}

#[test]
fn welcome_with_a_key_of_mine() {
    for (width, height) in SIZES {
        let mut play = Play::without_key(width, height);
        play.press(KeyCode::Enter)
            .press(KeyCode::Left)
            .press(KeyCode::Tab)
            .text("~/외주/secret_key")
            .press(KeyCode::Tab)
            .text("x");
        check(&play);
        insta::assert_snapshot!(format!("welcome_import_{width}x{height}"), play.screen());
    }
}

#[test]
fn unlock() {
    for (width, height) in SIZES {
        let mut play = Play::open(width, height);
        play.done(Verb::Identity, Ok(Report::Identity(IdentityState::Locked, "public network".into())));
        play.text("3").text("secret");
        check(&play);
        assert!(!play.shows("secret"));
        insta::assert_snapshot!(format!("unlock_{width}x{height}"), play.screen());
    }
}

#[test]
fn a_demo_says_so() {
    let theme = Theme::sixteen();
    let demo = Some("demo: nothing here is yours".to_owned());
    let mut play = Play::full(80, 24);
    play.app = super::App::new(super::Setup { theme, demo, ..super::Setup::default() });
    play.app.resize(80, 24);
    assert!(play.shows("demo: nothing here is yours"));
    play.app.resize(60, 16);
    play.size = (60, 16);
    assert!(play.shows("demo"));
}

#[test]
fn without_colour_the_selection_still_shows() {
    let mut play = Play::with(80, 24, Theme::plain());
    play.fill();
    let buffer = play.buffer();
    let reversed = ratatui::style::Modifier::REVERSED;
    assert!(buffer.content.iter().any(|cell| cell.modifier.contains(reversed) && cell.symbol() == "R"));
    assert!(buffer.content.iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
    assert!(play.shows("▌ "));
}

#[test]
fn the_qr_keeps_its_own_colours() {
    use ratatui::style::Color::Indexed;
    let mut play = Play::with(80, 24, Theme::plain());
    play.fill();
    play.text("2").press(KeyCode::Enter);
    let buffer = play.buffer();
    let lit: Vec<_> = buffer.content.iter().filter(|cell| cell.bg != ratatui::style::Color::Reset).collect();
    assert!(
        lit.len() > 600
            && lit.iter().all(|cell| matches!((cell.fg, cell.bg), (Indexed(16 | 231), Indexed(16 | 231))))
    );
    play.text("f");
    assert!(play.shows("needs") && play.shows("more row"), "{}", play.screen());
}

#[test]
fn any_size_is_drawn_without_panic() {
    let scenes: [fn(&mut Play); 9] = [
        |_| {},
        |play| {
            play.press(KeyCode::Enter);
        },
        |play| {
            play.text("2");
        },
        |play| {
            play.text("2").press(KeyCode::Enter);
        },
        |play| {
            play.text("2D");
        },
        |play| {
            play.text("3i");
        },
        |play| {
            play.text("?");
        },
        |play| {
            play.text(":");
        },
        |play| {
            play.text("3").press(KeyCode::Enter);
            play.done(Verb::Find, Ok(Report::Found(vec![sample::found(false, true)])));
        },
    ];
    for set in scenes {
        let mut play = Play::full(80, 24);
        set(&mut play);
        for width in (1..=62).chain([79, 99, 100, 101, 250]) {
            for height in [1, 2, 3, 4, 5, 8, 15, 16, 17, 80] {
                play.resize(width, height);
                play.screen();
            }
        }
        play.resize(1, 1);
        play.press(KeyCode::Down).press(KeyCode::PageDown).press(KeyCode::Esc);
        play.screen();
    }
}
