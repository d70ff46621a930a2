//! Lines as no claude writes them, but as claude reads them (asked of 2.1.332).

use super::*;

/// What is known of a file's session: its title, what was said, and whether the
/// last word of it is found.
fn read(home: &Home, file: &str) -> (String, Vec<String>, usize) {
    let session = home.session(file);
    assert!(session.resumable && !session.damaged, "{file}");
    let turns = preview(&session.path, &Excerpt::Last, 50).unwrap().turns;
    let (_, found) = search_one(&session.path, &Query::parse("closing"), &false.into()).unwrap();
    (session.title, turns.into_iter().map(|turn| turn.text).collect(), found)
}

fn right(title: &str) -> (String, Vec<String>, usize) {
    (title.to_owned(), vec!["the first words".to_owned(), "the closing words".to_owned()], 1)
}

#[test]
fn objects_without_line_ends_are_read() {
    let home = Home::new();
    let (ask, answer) = (user("the first words"), claude("the closing words"));
    let talk = ask.clone() + &answer;
    let titled = talk.clone() + &line("custom-title", "customTitle", "by hand");
    assert_eq!(read(&home, &talk), right("the first words"));
    for (glue, end) in [("", "\n"), (" ", "\n"), ("", ""), ("", " trailing\n"), ("", ",\n")] {
        let glued = |text: &str| text.trim_end().replace('\n', glue) + end;
        assert_eq!(read(&home, &glued(&talk)), right("the first words"), "{glue:?} {end:?}");
        assert_eq!(read(&home, &glued(&titled)), right("by hand"), "{glue:?} {end:?}");
    }
    assert_eq!(read(&home, &talk.replace("}\n", "},\n")), right("the first words"));
    // Glued behind a line of state.
    let state = line("mode", "mode", "normal").trim_end().to_owned();
    assert_eq!(read(&home, &(ask + &state + &answer)), right("the first words"));
    // In the middle of a large file.
    let glued = talk.trim_end().replace('\n', "");
    let large = filler(70_000) + &state + &glued + "\n" + &filler(70_000);
    assert!(home.session(&large).resumable);
    assert_eq!(search_one(&home.list()[0].path, &Query::parse("closing"), &false.into()).unwrap().1, 1);
}

#[test]
fn objects_over_several_lines_are_read() {
    let home = Home::new();
    let pretty = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        serde_json::to_string_pretty(&value).unwrap() + "\n"
    };
    let (ask, answer) = (user("the first words"), claude("the closing words"));
    assert_eq!(read(&home, &(pretty(&ask) + &pretty(&answer))), right("the first words"));
    assert_eq!(read(&home, &(ask.clone() + &pretty(&answer))), right("the first words"));
    assert_eq!(read(&home, &(pretty(&ask) + &answer)), right("the first words"));
    let file = pretty(&ask) + &pretty(&answer);
    assert_eq!(read(&home, &file.replace('\n', "\r\n")), right("the first words"));
    // One that is never closed hides nothing behind it.
    let open = "{\n  \"a\": [\n".to_owned() + &user("later") + &claude("closing");
    let session = home.session(&open);
    assert!(session.resumable && session.damaged);
    assert_eq!(session.title, "later");
}

#[test]
fn a_title_behind_a_torn_line_counts() {
    let home = Home::new();
    let talk = user("first") + &claude("x");
    let written = "{\"parentUuid\":null,\"isSidechain\":false,\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"to";
    for torn in [&talk[..60], written] {
        behind(&home, &talk, torn);
    }
}

fn behind(home: &Home, talk: &str, torn: &str) {
    let talk = talk.to_owned();
    // The type first, as Claude writes it and looks for it.
    let title = |kind: &str, key: &str| format!("{{\"type\":\"{kind}\",\"{key}\":\"found\"}}\n");
    assert_eq!(home.session(talk.clone() + torn + &title("custom-title", "customTitle")).title, "found");
    assert_eq!(
        home.session(talk.clone() + torn + &title("ai-title", "aiTitle") + &claude("y")).title,
        "found"
    );
    assert_eq!(
        home.session(talk.clone() + torn + &title("tag", "tag") + &talk).tag.as_deref(),
        Some("found")
    );
    assert_eq!(home.session(talk.clone() + torn + &title("summary", "summary") + &talk).title, "first");
    // What is a value of the torn line is nobody's title.
    let within = "{\"x\":".to_owned() + title("custom-title", "customTitle").trim_end() + ",\"y\n";
    assert_eq!(home.session(talk.clone() + &within + &talk).title, "first");
}

#[test]
fn what_was_spoken_in_a_call_is_the_persons() {
    let home = Home::new();
    let spoken = json!({
        "type": "system", "subtype": "voice_call_talk", "level": "info", "isMeta": true, "msgV": 1,
        "content": "the spoken words", "origin": {"kind": "voice-call"}, "uuid": "u1",
        "parentUuid": null, "isSidechain": false,
    });
    let session = home.session(format!("{spoken}\n"));
    assert!(session.resumable);
    let turns = preview(&session.path, &Excerpt::Last, 5).unwrap().turns;
    assert_eq!((turns[0].role, &*turns[0].text), (Role::User, "the spoken words"));
    assert_eq!(search_one(&session.path, &Query::parse("spoken"), &false.into()).unwrap().1, 1);
}

#[test]
fn what_a_plugin_asked_is_named_as_claude_names_it() {
    let home = Home::new();
    let wrapped = "The weather plugin sent a message:\nlook outside\n\nThis is how Claude Code surfaces a prompt a \
        plugin submits between turns — it starts this turn in the user's place. Address the message above.";
    let asked = chain("user", &json!(wrapped), &json!({"pluginPrompt": {"text": "look outside"}}));
    let shown = "Prompt from the weather plugin: look outside";
    assert_eq!(home.session(&asked).title, shown);
    let last = line("last-prompt", "lastPrompt", &crate::claude::transcript::prompt::one_line(wrapped));
    assert_eq!(home.session(user("x") + &asked + &last).title, shown);
    // Words that only look like it.
    let other = chain("user", &json!(wrapped), &json!({}));
    assert!(home.session(other).title.starts_with("The weather plugin sent a message: look outside"));
}

#[test]
fn deep_lines_are_read() {
    let home = Home::new();
    let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
    for place in ["input", "content", "text", "other"] {
        let blocks = format!(
            "[{{\"type\":\"text\",\"text\":\"the closing words\"}},{{\"type\":\"tool_use\",\"{place}\":{}}}]",
            deep(3000)
        );
        let answer = claude("PLACE").replace("[{\"text\":\"PLACE\",\"type\":\"text\"}]", &blocks);
        assert!(answer.contains("[[["), "{answer}");
        let (title, said, found) = read(&home, &(user("the first words") + &answer));
        assert_eq!((&*title, &*said[1], found), ("the first words", "the closing words", 1), "{place}");
    }
}

#[test]
fn an_api_error_as_the_last_turn_is_told() {
    let home = Home::new();
    let error = chain(
        "assistant",
        &json!([{"type": "text", "text": "API Error: 400"}]),
        &json!({"isApiErrorMessage": true}),
    );
    let told = |file: String| home.session(file).api_error;
    let exit = user("<command-name>/exit</command-name>")
        + &user("<local-command-stdout>Bye!</local-command-stdout>");
    assert!(told(user("x") + &error));
    assert!(told(user("x") + &error + &exit + &line("last-prompt", "lastPrompt", "x")));
    assert!(!told(user("x") + &error + &user("again") + &claude("fine")));
    assert!(!told(user("x") + &error + &user("again")));
    assert!(!told(user("\"isApiErrorMessage\":true") + &claude("x")));
    assert!(!told(user("x")));
}

/// A line of a conversation by its number, the one it hangs on and its second.
fn on(kind: &str, number: u32, parent: u32, text: &str) -> String {
    let content = if kind == "user" { json!(text) } else { json!([{"type": "text", "text": text}]) };
    let parent = (parent > 0).then(|| format!("u{parent}"));
    let time = format!("2026-11-20T10:00:{number:02}.000Z");
    chain(kind, &content, &json!({"uuid": format!("u{number}"), "parentUuid": parent, "timestamp": time}))
}

#[test]
fn preview_and_last_words_follow_the_branch_that_claude_goes_on_with() {
    let home = Home::new();
    let start = on("user", 1, 0, "start") + &on("assistant", 2, 1, "started");
    let old = on("user", 3, 2, "old way") + &on("assistant", 4, 3, "old answer");
    let new = on("user", 5, 2, "new way") + &on("assistant", 6, 5, "new answer");
    let seen = |file: &str| {
        let session = home.session(file);
        let turns = preview(&session.path, &Excerpt::Last, 50).unwrap().turns;
        (session.last_words.unwrap(), turns.into_iter().map(|turn| turn.text).collect::<Vec<_>>())
    };
    let right =
        ("new answer".to_owned(), ["start", "started", "new way", "new answer"].map(str::to_owned).to_vec());
    assert_eq!(seen(&(start.clone() + &old + &new)), right);
    assert_eq!(seen(&(start.clone() + &new + &old)), right, "the newest line is not the last");
    // A long branch that was left does not empty the page.
    let long: String = (0..300)
        .map(|n| {
            on("assistant", 4, if n == 0 { 3 } else { 1000 + n }, "z")
                .replace("\"u4\"", &format!("\"u{}\"", 1001 + n))
        })
        .collect();
    let file = start.clone() + &on("user", 3, 2, "old way") + &long + &new;
    let turns = preview(&home.session(&file).path, &Excerpt::Last, 3).unwrap().turns;
    assert_eq!(turns.last().unwrap().text, "new answer");
    assert!(turns.iter().all(|turn| turn.text != "z"), "{turns:?}");
    // A lost parent, and a circle: everything is shown.
    let lost = start.clone() + &on("user", 3, 99, "after a gap") + &on("assistant", 4, 3, "on");
    assert_eq!(seen(&lost).1, ["start", "started", "after a gap", "on"]);
    let circle = on("user", 1, 2, "start") + &on("assistant", 2, 1, "started");
    assert_eq!(seen(&circle).1, ["start", "started"]);
}
