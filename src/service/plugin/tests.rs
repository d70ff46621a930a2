use proptest::prelude::*;
use serde_json::{Value, json};

use super::settings::{Wanted, before, has_exactly, ours, parse, pruned, with, without};
use super::{COMMAND, COMMAND_MARK, timeout};

fn wanted(on_exit: bool) -> Vec<Wanted> {
    super::wanted(std::path::Path::new("/opt/my tools/cclink"), on_exit, on_exit).unwrap()
}

#[test]
fn the_hooks_are_those_of_the_plugin() {
    let plugin: Value =
        serde_json::from_str(include_str!("../../../assets/claude-plugin/hooks/hooks.json")).unwrap();
    let new: Value = serde_json::from_str(&with(None, &wanted(false))).unwrap();
    let hook = &new["hooks"]["UserPromptSubmit"][0]["hooks"][0];
    assert_eq!(hook["command"], "'/opt/my tools/cclink' hook prompt");
    let mut same = new.clone();
    same["hooks"]["UserPromptSubmit"][0]["hooks"][0]["command"] = json!("cclink hook prompt");
    assert_eq!(same, plugin);
    assert!(COMMAND.contains(COMMAND_MARK));
    assert!(!COMMAND.contains("!`") && !COMMAND.contains("```!"), "a shell block runs before the hook does");
    let about: Value =
        serde_json::from_str(include_str!("../../../assets/claude-plugin/.claude-plugin/plugin.json"))
            .unwrap();
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn what_was_there_comes_back_to_the_byte() {
    for text in [
        "{}",
        "{}\n",
        "{\"model\":\"opus\"}",
        "{ \"model\" : \"opus\" }\n",
        "{\n  \"hooks\": {}\n}",
        "{\n    \"hooks\": {\n        \"UserPromptSubmit\": []\n    },\n    \"x\": 1.0e5\n}\n",
        "{\r\n\t\"hooks\": {\r\n\t\t\"Stop\": [ ]\r\n\t}\r\n}\r\n",
        "{\"hooks\":{\"UserPromptSubmit\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"x\"}]}]}}",
        "\n  { \"a\": [1,\n2], \"hooks\": {\"SessionEnd\": [{\"matcher\": \"clear\", \"hooks\": []}]} }  ",
    ] {
        for on_exit in [false, true] {
            let wanted = wanted(on_exit);
            let after = with(Some(text), &wanted);
            assert!(has_exactly(&after, &wanted), "{after}");
            assert_eq!(before(&after, Some(text), timeout).as_deref(), Some(text));
            // With nothing but the text itself, what it means comes back.
            let value = |text: &str| pruned(parse(text).unwrap());
            assert_eq!(value(&without(&after)), value(text), "{after}");
        }
    }
    let new = with(None, &wanted(true));
    assert_eq!(before(&new, None, timeout), None);
    assert_eq!(before("{\"a\":1}", Some("{}"), timeout).as_deref(), Some("{\"a\":1}"));
}

#[test]
fn what_others_added_meanwhile_stays() {
    let text = "{\n  \"model\": \"opus\"\n}\n";
    let after = with(Some(text), &wanted(true));
    let changed = after.replace("\"opus\"", "\"sonnet\"");
    assert_eq!(before(&changed, Some(text), timeout).unwrap(), text.replace("opus", "sonnet"));
    // A hook of somebody else in our group, and groups around it.
    let other = json!({"type": "command", "command": "echo"});
    let mut value: Value = serde_json::from_str(&after).unwrap();
    value["hooks"]["UserPromptSubmit"][0]["hooks"].as_array_mut().unwrap().insert(0, other.clone());
    value["hooks"]["SessionEnd"].as_array_mut().unwrap().push(json!({"hooks": [other]}));
    let left: Value = serde_json::from_str(&without(&value.to_string())).unwrap();
    assert_eq!(left["hooks"]["UserPromptSubmit"], json!([{"hooks": [other]}]));
    assert_eq!(left["hooks"]["SessionEnd"], json!([{"hooks": [other]}]));
}

#[test]
fn only_our_own_hooks_are_ours() {
    for command in [
        "echo cclink hook prompt",
        "cclink hook prompt; rm x",
        "cclink hook worker",
        "cclinks hook prompt",
        "cclink",
        "'",
        "",
    ] {
        let hook = json!({"type": "command", "command": command});
        let text = json!({"hooks": {"UserPromptSubmit": [{"hooks": [hook, 7, null]}, 7, {}]}}).to_string();
        assert!(ours(&text).is_empty(), "{command}");
        assert_eq!(without(&text), text);
    }
    for command in ["cclink hook prompt", "/a/cclink  hook 'prompt'", "'/a b/cclink' hook prompt"] {
        let text = json!({"hooks": {"Stop": [{"hooks": [{"command": command}]}]}}).to_string();
        assert_eq!(ours(&text).len(), 1, "{command}");
    }
}

#[test]
fn what_is_no_settings_file_is_refused() {
    for (text, why) in [
        ("", "line 1"),
        ("{\n  \"a\": 1,\n}", "line 3 column 1"),
        ("// comment\n{}", "line 1"),
        ("[]", "not an object"),
        ("{\"hooks\": []}", "`hooks` is not an object"),
        ("{\"hooks\": {\"Stop\": {}}}", "`hooks.Stop` is not a list"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(why), "{text:?}: {error}");
    }
}

proptest! {
    #[test]
    fn a_duplicate_or_odd_member_ends_no_loop(
        events in prop::collection::vec(("UserPromptSubmit|SessionEnd|Stop", 0usize..3), 0..4),
        twice in any::<bool>(),
    ) {
        let list = |count: &usize| vec!["{\"hooks\":[{\"command\":\"cclink hook prompt\"}]}"; *count].join(",");
        let members: Vec<String> =
            events.iter().map(|(event, count)| format!("\"{event}\":[{}]", list(count))).collect();
        let hooks = format!("\"hooks\":{{{}}}", members.join(","));
        let text = if twice { format!("{{{hooks},{hooks}}}") } else { format!("{{{hooks}}}") };
        let left = without(&text);
        prop_assert!(ours(&left).is_empty(), "{left}");
        prop_assert!(parse(&left).is_ok(), "{left}");
    }
}
