//! One line of a transcript: the fields cclink needs, whatever else is there.
//!
//! The reader is lenient as JavaScript is: a field of an unexpected type is
//! missing, of a repeated field the last counts. Everything is borrowed from
//! the line where that is possible; unknown fields are skipped unread.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A string, or nothing when the value is no string.
#[derive(Default)]
struct Text<'a>(Option<Cow<'a, str>>);

/// `true`, and nothing else.
#[derive(Default)]
struct Flag(bool);

/// The most telling string of a value: itself, an object's best-known member,
/// or that of an array's first element that has one. Enough for one quiet line
/// about a tool's input or result.
#[derive(Default)]
struct Brief<'a>(Option<Cow<'a, str>>);

/// Members of a tool's input or result, the most telling first.
const TELLING: [&str; 12] = [
    "file_path",
    "notebook_path",
    "command",
    "pattern",
    "url",
    "query",
    "description",
    "prompt",
    "path",
    "skill",
    "subject",
    "text",
];

/// One block of a message's content; `attachment` has the same shape.
#[derive(Default)]
pub(crate) struct Block<'a> {
    /// Of a tool call, or of the one that a result answers.
    pub id: Option<Cow<'a, str>>,
    pub kind: Option<Cow<'a, str>>,
    pub text: Option<Cow<'a, str>>,
    pub thinking: Option<Cow<'a, str>>,
    /// A tool's name.
    pub name: Option<Cow<'a, str>>,
    /// A tool's input.
    pub input: Input<'a>,
    /// A tool's result.
    pub content: Outcome<'a>,
    pub image: Option<Image<'a>>,
    /// What was typed while claude was busy.
    pub prompt: Option<Cow<'a, str>>,
    pub is_error: bool,
}

/// What a message holds.
#[derive(Default)]
pub(crate) enum Content<'a> {
    #[default]
    None,
    Text(Cow<'a, str>),
    Blocks(Vec<Block<'a>>),
}

/// `message` of a user's or assistant's line.
#[derive(Default)]
pub(crate) struct Message<'a> {
    pub model: Option<Cow<'a, str>>,
    /// Why the model ended; missing while it goes on.
    pub stop_reason: Option<Cow<'a, str>>,
    pub content: Content<'a>,
}

/// A line of any type.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // the format's own
pub(crate) struct Line<'a> {
    pub kind: Option<Cow<'a, str>>,
    pub subtype: Option<Cow<'a, str>>,
    pub uuid: Option<Cow<'a, str>>,
    pub parent: Option<Cow<'a, str>>,
    /// Across a compaction: what the conversation went on from.
    pub logical_parent: Option<Cow<'a, str>>,
    pub timestamp: Option<Cow<'a, str>>,
    pub cwd: Option<Cow<'a, str>>,
    pub branch: Option<Cow<'a, str>>,
    pub entrypoint: Option<Cow<'a, str>>,
    pub session_kind: Option<Cow<'a, str>>,
    pub team: Option<Cow<'a, str>>,
    pub custom_title: Option<Cow<'a, str>>,
    pub ai_title: Option<Cow<'a, str>>,
    pub summary: Option<Cow<'a, str>>,
    pub last_prompt: Option<Cow<'a, str>>,
    pub relocated: Option<Cow<'a, str>>,
    pub tag: Option<Cow<'a, str>>,
    pub pr_url: Option<Cow<'a, str>>,
    /// Of `continued-in` lines: the other session.
    pub continued_in: Option<Cow<'a, str>>,
    /// What a plugin asked in the person's place.
    pub plugin_prompt: Option<Cow<'a, str>>,
    /// Of `system` lines.
    pub content: Option<Cow<'a, str>>,
    pub sidechain: bool,
    pub meta: bool,
    pub compact_summary: bool,
    /// The program's own words about an API that did not answer.
    pub api_error: bool,
    pub message: Message<'a>,
    pub attachment: Block<'a>,
}

impl<'a> Line<'a> {
    /// Reads one line, without its line end; `None` when it is no JSON object.
    /// NUL, BOM and white space around it are ignored.
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        serde_json::from_str(strip(line)).ok()
    }

    /// Every object of a line: the one that Claude writes, or several of which the
    /// line ends are lost. What is no object ends it, as it does for Claude.
    pub(crate) fn parse_all(line: &'a str) -> Vec<Self> {
        if let Some(line) = Self::parse(line) {
            return vec![line];
        }
        serde_json::Deserializer::from_str(strip(line)).into_iter().map_while(Result::ok).collect()
    }

    /// As [`Line::parse`], with an empty `message.content`: three quarters of the
    /// work of reading a line go into text that a row does not show.
    pub(crate) fn parse_without_words(line: &'a str) -> Option<Self> {
        serde_json::from_str(strip(line)).ok().map(|WithoutWords(line)| line)
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }

    /// Something said by the person or by Claude.
    pub(crate) fn is_talk(&self) -> bool {
        self.is("user") || self.is("assistant") || self.is_spoken()
    }

    /// What the person said in a call: Claude keeps it as a line of the system.
    pub(crate) fn is_spoken(&self) -> bool {
        self.is("system") && self.subtype.as_deref() == Some("voice_call_talk")
    }
}

/// `line` without what damage or other systems put around it.
pub(crate) fn strip(line: &str) -> &str {
    line.trim_matches(|c: char| c == '\0' || c == '\u{feff}' || c.is_whitespace())
}

macro_rules! deserialize {
    ($type:ident $(<$life:lifetime>)?, $visitor:ident) => {
        impl<'de> Deserialize<'de> for $type $(<$life>)? {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($visitor)
            }
        }
    };
}

/// The visits that answer "nothing" for the values a lenient reader passes over.
macro_rules! passes_over {
    (scalars) => {
        passes_over!(numbers);
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (numbers) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any JSON value")
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (strings) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (array) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (object) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

/// The visits that take a string.
macro_rules! takes_strings {
    ($wrap:expr) => {
        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok($wrap(Cow::Borrowed(text)))
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok($wrap(Cow::Owned(text.to_owned())))
        }
    };
}

struct TextVisitor;
impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;
    passes_over!(scalars);
    passes_over!(array);
    passes_over!(object);
    takes_strings!(|text| Text(Some(text)));
}
deserialize!(Text<'de>, TextVisitor);

struct FlagVisitor;
impl<'de> Visitor<'de> for FlagVisitor {
    type Value = Flag;
    passes_over!(numbers);
    passes_over!(strings);
    passes_over!(array);
    passes_over!(object);
    fn visit_bool<E>(self, value: bool) -> Result<Flag, E> {
        Ok(Flag(value))
    }
}
deserialize!(Flag, FlagVisitor);

struct BriefVisitor;
impl<'de> Visitor<'de> for BriefVisitor {
    type Value = Brief<'de>;
    passes_over!(scalars);
    takes_strings!(|text| Brief(Some(text)));
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Brief<'de>, A::Error> {
        let mut best = Brief::default();
        while let Some(Element(text)) = seq.next_element()? {
            best.0 = best.0.or(text);
        }
        Ok(best)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Brief<'de>, A::Error> {
        let mut best: Option<(usize, Cow<'de, str>)> = None;
        while let Some(Text(key)) = map.next_key()? {
            let rank = TELLING.iter().position(|&known| key.as_deref() == Some(known));
            match rank.filter(|rank| best.as_ref().is_none_or(|(held, _)| rank < held)) {
                Some(rank) => {
                    if let Text(Some(text)) = map.next_value()? {
                        best = Some((rank, text));
                    }
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Brief(best.map(|(_, text)| text)))
    }
}
deserialize!(Brief<'de>, BriefVisitor);

/// As [`Brief`], of an array's element: an array in it is passed over, so that a
/// line may nest as deep as it likes.
#[derive(Default)]
struct Element<'a>(Option<Cow<'a, str>>);
struct ElementVisitor;
impl<'de> Visitor<'de> for ElementVisitor {
    type Value = Element<'de>;
    passes_over!(scalars);
    passes_over!(array);
    takes_strings!(|text| Element(Some(text)));
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Element<'de>, A::Error> {
        BriefVisitor.visit_map(map).map(|Brief(text)| Element(text))
    }
}
deserialize!(Element<'de>, ElementVisitor);

mod input;
use input::Source;
pub(crate) use input::{Image, Input, Outcome};

struct BlockVisitor;
impl<'de> Visitor<'de> for BlockVisitor {
    type Value = Block<'de>;
    passes_over!(scalars);
    passes_over!(strings);
    passes_over!(array);
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Block<'de>, A::Error> {
        let mut block = Block::default();
        while let Some(Text(key)) = map.next_key()? {
            match key.as_deref().unwrap_or_default() {
                "type" => block.kind = map.next_value::<Text<'de>>()?.0,
                "id" | "tool_use_id" => block.id = map.next_value::<Text<'de>>()?.0,
                "text" => block.text = map.next_value::<Text<'de>>()?.0,
                "thinking" => block.thinking = map.next_value::<Text<'de>>()?.0,
                "name" => block.name = map.next_value::<Text<'de>>()?.0,
                "input" => block.input = map.next_value()?,
                "content" => block.content = map.next_value()?,
                "source" => block.image = map.next_value::<Source<'de>>()?.0,
                "prompt" => block.prompt = map.next_value::<Brief<'de>>()?.0,
                "is_error" => block.is_error = map.next_value::<Flag>()?.0,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(block)
    }
}
deserialize!(Block<'de>, BlockVisitor);

struct ContentVisitor;
impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;
    passes_over!(scalars);
    passes_over!(object);
    takes_strings!(Content::Text);
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content<'de>, A::Error> {
        let mut blocks = Vec::new();
        while let Some(block) = seq.next_element()? {
            blocks.push(block);
        }
        Ok(Content::Blocks(blocks))
    }
}
deserialize!(Content<'de>, ContentVisitor);

struct MessageVisitor;
impl<'de> Visitor<'de> for MessageVisitor {
    type Value = Message<'de>;
    passes_over!(scalars);
    passes_over!(strings);
    passes_over!(array);
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message<'de>, A::Error> {
        let mut message = Message::default();
        while let Some(Text(key)) = map.next_key()? {
            match key.as_deref().unwrap_or_default() {
                "model" => message.model = map.next_value::<Text<'de>>()?.0,
                "stop_reason" => message.stop_reason = map.next_value::<Text<'de>>()?.0,
                "content" => message.content = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(message)
    }
}
deserialize!(Message<'de>, MessageVisitor);

/// A message whose content is passed over unread.
struct Model<'a>(Option<Cow<'a, str>>);
struct ModelVisitor;
impl<'de> Visitor<'de> for ModelVisitor {
    type Value = Text<'de>;
    passes_over!(scalars);
    passes_over!(strings);
    passes_over!(array);
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text<'de>, A::Error> {
        let mut model = Text::default();
        while let Some(Text(key)) = map.next_key()? {
            if key.as_deref() == Some("model") {
                model = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(model)
    }
}
impl<'de> Deserialize<'de> for Model<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ModelVisitor).map(|Text(model)| Model(model))
    }
}

struct WithoutWords<'a>(Line<'a>);
impl<'de> Deserialize<'de> for WithoutWords<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor { words: false }).map(WithoutWords)
    }
}

struct LineVisitor {
    words: bool,
}
impl<'de> Visitor<'de> for LineVisitor {
    type Value = Line<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line<'de>, A::Error> {
        let mut line = Line::default();
        while let Some(Text(key)) = map.next_key()? {
            let text = match key.as_deref().unwrap_or_default() {
                "type" => &mut line.kind,
                "subtype" => &mut line.subtype,
                "uuid" => &mut line.uuid,
                "parentUuid" => &mut line.parent,
                "logicalParentUuid" => &mut line.logical_parent,
                "timestamp" => &mut line.timestamp,
                "cwd" => &mut line.cwd,
                "gitBranch" => &mut line.branch,
                "entrypoint" => &mut line.entrypoint,
                "sessionKind" => &mut line.session_kind,
                "teamName" => &mut line.team,
                "customTitle" => &mut line.custom_title,
                "aiTitle" => &mut line.ai_title,
                "summary" => &mut line.summary,
                "lastPrompt" => &mut line.last_prompt,
                "relocatedCwd" => &mut line.relocated,
                "tag" => &mut line.tag,
                "prUrl" => &mut line.pr_url,
                "continuedInSessionId" => &mut line.continued_in,
                "content" => &mut line.content,
                other => {
                    match other {
                        "isSidechain" => line.sidechain = map.next_value::<Flag>()?.0,
                        "isMeta" => line.meta = map.next_value::<Flag>()?.0,
                        "isCompactSummary" => line.compact_summary = map.next_value::<Flag>()?.0,
                        "isApiErrorMessage" => line.api_error = map.next_value::<Flag>()?.0,
                        "message" if self.words => line.message = map.next_value()?,
                        "message" => line.message.model = map.next_value::<Model<'de>>()?.0,
                        "pluginPrompt" => line.plugin_prompt = map.next_value::<Brief<'de>>()?.0,
                        "attachment" if self.words => line.attachment = map.next_value()?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                    continue;
                }
            };
            *text = map.next_value::<Text<'de>>()?.0;
        }
        Ok(line)
    }
}
impl<'de> Deserialize<'de> for Line<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor { words: true })
    }
}
