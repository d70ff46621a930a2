//! Sessions that were continued in another: by claude's own rule, asked of 2.1.332.

use super::*;

const THIRD: &str = "33333333-2222-4333-8444-555555555555";

fn goes_on(id: &str) -> String {
    line("continued-in", "continuedInSessionId", id)
}

fn ended(text: &str) -> String {
    let message =
        json!({"role": "assistant", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"});
    chain("assistant", &json!(""), &json!({"message": message}))
}

/// Whether the session of these lines is hidden, and where it goes on.
fn seen(home: &Home, lines: &str) -> (bool, Option<String>) {
    home.put("-home-dana-wx", ID, lines);
    let session = home.store.find(ID).remove(0);
    (session.hidden, home.store.successor(&session).map(|next| next.session_id))
}

fn hidden(id: &str) -> (bool, Option<String>) {
    (true, Some(id.to_owned()))
}

#[test]
fn the_last_word_on_it_counts() {
    let home = Home::new();
    let talk = user("x") + &ended("y");
    home.put("-home-dana-wx", OTHER, &talk);
    home.put("-home-dana-wx", THIRD, &talk);
    let api_error = chain("assistant", &json!("z"), &json!({"isApiErrorMessage": true}));
    let command = user("<command-name>/exit</command-name>");
    for (lines, right) in [
        (talk.clone() + &goes_on(OTHER), hidden(OTHER)),
        (talk.clone() + &goes_on(OTHER) + &goes_on(THIRD), hidden(THIRD)),
        (talk.clone() + &goes_on(OTHER) + &user("I went on here"), (false, None)),
        (talk.clone() + &goes_on(OTHER) + &ended("so did claude"), (false, None)),
        (talk.clone() + &goes_on(OTHER) + &user("here") + &goes_on(THIRD), hidden(THIRD)),
        // Neither speaks: the program, an answer that is not whole, a command alone.
        (talk.clone() + &goes_on(OTHER) + &api_error, hidden(OTHER)),
        (talk.clone() + &goes_on(OTHER) + &claude("half"), hidden(OTHER)),
        (talk.clone() + &goes_on(OTHER) + &command, hidden(OTHER)),
        (talk.clone() + &goes_on(OTHER) + &filler(30_000), hidden(OTHER)),
        (talk.clone() + &goes_on(OTHER) + &filler(80_000), (false, None)),
        (talk.clone() + &goes_on(OTHER) + &goes_on(THIRD)[..60], hidden(OTHER)),
    ] {
        assert_eq!(seen(&home, &lines), right, "{}", &lines[..lines.len().min(2000)]);
    }
}

#[test]
fn a_session_without_a_successor_stays() {
    let home = Home::new();
    let talk = user("x") + &ended("y");
    let gone = talk.clone() + &goes_on(OTHER);
    assert_eq!(seen(&home, &gone), (false, None), "missing");
    for nothing in [String::new(), line("mode", "mode", "normal"), "garbage\n".to_owned()] {
        home.put("-home-dana-wx", OTHER, &nothing);
        assert_eq!(seen(&home, &gone), (false, None), "{nothing:?}");
    }
    fs::remove_file(home.folder("-home-dana-wx").join(format!("{OTHER}.jsonl"))).unwrap();
    home.put("-elsewhere", OTHER, &talk);
    assert_eq!(seen(&home, &gone), (false, None), "in another folder");
    for bad in ["", "x", "../../etc/passwd", "99999999222243338444555555555555"] {
        assert_eq!(seen(&home, &(talk.clone() + &goes_on(bad))), (false, None), "{bad}");
    }
    let without = talk.clone() + "{\"type\":\"continued-in\"}\n";
    assert_eq!(seen(&home, &without), (false, None));
    home.put("-home-dana-wx", OTHER, &talk);
    assert_eq!(seen(&home, &gone), hidden(OTHER));
}

#[test]
fn a_chain_is_followed_to_its_end_and_a_circle_hides_nothing() {
    let home = Home::new();
    let talk = user("x") + &ended("y");
    home.put("-home-dana-wx", OTHER, talk.clone() + &goes_on(THIRD));
    home.put("-home-dana-wx", THIRD, &talk);
    let to_other = talk.clone() + &goes_on(OTHER);
    assert_eq!(seen(&home, &to_other), hidden(THIRD));
    home.put("-home-dana-wx", THIRD, talk.clone() + &goes_on(ID));
    assert_eq!(seen(&home, &to_other), (false, None));
    assert_eq!(seen(&home, &(talk + &goes_on(ID))), (false, None), "its own");
    assert!(home.list().iter().any(|session| !session.hidden));
}
