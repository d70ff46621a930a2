//! Edits a JSON text in place: what is not meant keeps every byte, its order,
//! indentation and line ends. The text was found valid by `serde_json` first.

use std::ops::Range;

use serde::Serialize;
use serde_json::ser::PrettyFormatter;

/// A member of an object or an element of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Child {
    /// A member's name.
    pub key: Option<String>,
    /// Where its key begins; in an array, its value.
    pub start: usize,
    /// Its value.
    pub value: Range<usize>,
}

/// What editors of Windows put before a text; claude reads over it.
pub(super) const BOM: char = '\u{feff}';

/// Where the outermost value begins.
pub(super) fn root(text: &str) -> usize {
    let mark = if text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
    skip_blank(text.as_bytes(), mark)
}

/// The children of the object or array that opens at `open`; of anything else
/// there are none.
pub(super) fn children(text: &str, open: usize) -> Vec<Child> {
    let bytes = text.as_bytes();
    let is_object = bytes.get(open) == Some(&b'{');
    let mut found = Vec::new();
    if !is_object && bytes.get(open) != Some(&b'[') {
        return found;
    }
    let mut at = skip_blank(bytes, open + 1);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'}' | b']' => break,
            b',' => at = skip_blank(bytes, at + 1),
            _ => {
                let start = at;
                let mut key = None;
                if is_object {
                    let end = skip_value(bytes, at);
                    key = text.get(at..end).and_then(|key| serde_json::from_str(key).ok());
                    at = skip_blank(bytes, skip_blank(bytes, end) + 1); // behind the colon
                }
                let end = skip_value(bytes, at);
                found.push(Child { key, start, value: at..end });
                at = skip_blank(bytes, end);
            }
        }
    }
    found
}

/// The member of that name; of several the last counts, as in JavaScript.
pub(super) fn member(text: &str, open: usize, name: &str) -> Option<(usize, Child)> {
    children(text, open).into_iter().enumerate().rfind(|(_, child)| child.key.as_deref() == Some(name))
}

/// The text with one more child at the end of the object or array at `open`:
/// `value`, named `key` in an object, laid out as its neighbours are.
pub(super) fn insert(text: &str, open: usize, key: Option<&str>, value: &impl Serialize) -> String {
    let siblings = children(text, open);
    if let Some(last) = siblings.last() {
        let before = siblings.len().checked_sub(2).and_then(|i| siblings.get(i));
        let between = &text[before.map_or(open + 1, |child| child.value.end)..last.start];
        let gap = between.split_once(',').map_or(between, |(_, gap)| gap);
        let base = gap.rsplit_once('\n').map(|(_, indent)| indent);
        let item = render(text, key, value, base);
        let (head, tail) = text.split_at(last.value.end);
        return format!("{head},{gap}{item}{tail}");
    }
    let (head, rest) = text.split_at((open + 1).min(text.len()));
    let tail = rest.trim_start();
    let shown = text.trim_start_matches(BOM).trim();
    if !shown.contains('\n') && shown != "{}" {
        return format!("{head}{}{tail}", render(text, key, value, None));
    }
    let line = head.rsplit('\n').next().unwrap_or_default();
    let outer = &line[..line.len() - line.trim_start().len()];
    let inner = format!("{outer}{}", indent_unit(text));
    let (newline, item) = (newline_of(text), render(text, key, value, Some(&inner)));
    format!("{head}{newline}{inner}{item}{newline}{outer}{tail}")
}

/// The text without child number `index` of what opens at `open`. Undoes
/// [`insert`] to the byte where there were other children.
pub(super) fn remove(text: &str, open: usize, index: usize) -> String {
    let siblings = children(text, open);
    let Some(child) = siblings.get(index) else { return text.to_owned() };
    let gone = match (index.checked_sub(1).and_then(|i| siblings.get(i)), siblings.get(index + 1)) {
        (Some(before), _) => before.value.end..child.value.end,
        (None, Some(next)) => child.start..next.start,
        (None, None) => open + 1..skip_blank(text.as_bytes(), child.value.end),
    };
    format!("{}{}", &text[..gone.start], &text[gone.end..])
}

/// On lines of its own behind the indentation `base`, or in one line.
fn render(text: &str, key: Option<&str>, value: &impl Serialize, base: Option<&str>) -> String {
    let key = key.map(|key| serde_json::Value::from(key).to_string());
    let Some(base) = base else {
        let value = serde_json::to_string(value).unwrap_or_default();
        return key.map_or_else(|| value.clone(), |key| format!("{key}:{value}"));
    };
    let unit = indent_unit(text);
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(unit.as_bytes());
    let written = value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter));
    let value = written.ok().and_then(|()| String::from_utf8(bytes).ok()).unwrap_or_default();
    let value = value.replace('\n', &format!("{}{base}", newline_of(text)));
    key.map_or_else(|| value.clone(), |key| format!("{key}: {value}"))
}

fn newline_of(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// By how much the outermost children stand in.
fn indent_unit(text: &str) -> String {
    let first = children(text, root(text)).into_iter().next();
    let indent = first.and_then(|first| text[..first.start].rsplit_once('\n').map(|(_, indent)| indent));
    indent.filter(|indent| !indent.is_empty() && indent.trim().is_empty()).unwrap_or("  ").to_owned()
}

fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Behind the value that begins at `at`.
fn skip_value(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = skip_string(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return at, // a bare word ended
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            byte if depth == 0 && byte.is_ascii_whitespace() => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

fn skip_string(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn new_children_look_like_their_neighbours() {
        let value = json!([1]);
        for (text, after) in [
            ("{}", "{\n  \"k\": [\n    1\n  ]\n}"),
            ("{\"a\":1}", "{\"a\":1,\"k\":[1]}"),
            ("{ \"a\": 1 }", "{ \"a\": 1, \"k\":[1] }"),
            ("{\n\t\"a\": {}\n}\n", "{\n\t\"a\": {},\n\t\"k\": [\n\t\t1\n\t]\n}\n"),
            ("{\r\n    \"a\": 1\r\n}", "{\r\n    \"a\": 1,\r\n    \"k\": [\r\n        1\r\n    ]\r\n}"),
        ] {
            let inserted = insert(text, 0, Some("k"), &value);
            assert_eq!(inserted, after);
            let index = children(&inserted, 0).len() - 1;
            let back = remove(&inserted, 0, index);
            assert!(back == text || text == "{}", "{back:?}");
        }
        assert_eq!(remove("[1, 2, 3]", 0, 0), "[2, 3]");
        assert_eq!(remove("[ 1 ]", 0, 0), "[]");
        assert_eq!(member("{\"k\":1,\"k\":\"}{,\\\"\"}", 0, "k").unwrap().1.value, 11..18);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[\\PC\"\\\\{}\\[\\],:\n]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z\"\\\\]{0,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn only_what_is_meant_changes(value in values(), pretty in any::<bool>()) {
            let document = json!({ "first": value, "list": [value] });
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let text = text.unwrap();
            let inserted = insert(&text, root(&text), Some("new"), &json!({ "x": [true] }));
            let mut wanted = document.clone();
            wanted["new"] = json!({ "x": [true] });
            prop_assert_eq!(serde_json::from_str::<Value>(&inserted).unwrap(), wanted);
            prop_assert_eq!(remove(&inserted, 0, 2), text.clone());
            let without: Value = serde_json::from_str(&remove(&text, 0, 0)).unwrap();
            prop_assert_eq!(without, json!({ "list": [value] }));
        }
    }
}
