//! What a tool is asked to do, and what comes of it: the members that a reader
//! wants to see, of whatever tool.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Brief, BriefVisitor, TELLING, Text};

/// Members that are shown in full, besides the telling ones.
const SHOWN: [&str; 4] = ["old_string", "new_string", "content", "new_source"];

/// A tool's input.
#[derive(Default)]
pub(crate) struct Input<'a> {
    telling: [Option<Cow<'a, str>>; TELLING.len()],
    shown: [Option<Cow<'a, str>>; SHOWN.len()],
    /// Its list of edits, or of things to do.
    pub items: Vec<Item<'a>>,
    pub image: Option<Image<'a>>,
}

impl Input<'_> {
    /// A member of it.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let find = |keys: &[&str]| keys.iter().position(|known| *known == key);
        let held =
            find(&TELLING).and_then(|at| self.telling.get(at)).or_else(|| self.shown.get(find(&SHOWN)?))?;
        held.as_deref()
    }

    /// The most telling one.
    pub(crate) fn brief(&self) -> Option<&str> {
        self.telling.iter().flatten().next().map(AsRef::as_ref)
    }
}

/// An edit of several, or a thing to do.
#[derive(Default)]
pub(crate) struct Item<'a> {
    pub old: Option<Cow<'a, str>>,
    pub new: Option<Cow<'a, str>>,
    pub content: Option<Cow<'a, str>>,
    pub status: Option<Cow<'a, str>>,
}

/// What a tool answered.
#[derive(Default)]
pub(crate) struct Outcome<'a> {
    pub text: Option<Cow<'a, str>>,
    pub image: Option<Image<'a>>,
}

/// An image, without its pixels.
pub(crate) struct Image<'a> {
    /// Its media type.
    pub kind: Option<Cow<'a, str>>,
    pub bytes: u64,
}

/// `source` of a block, when it holds an image's data.
#[derive(Default)]
pub(crate) struct Source<'a>(pub Option<Image<'a>>);

struct InputVisitor;
impl<'de> Visitor<'de> for InputVisitor {
    type Value = Input<'de>;
    passes_over!(scalars);
    takes_strings!(|text| {
        let mut input = Input::default();
        if let Some(last) = input.telling.last_mut() {
            *last = Some(text);
        }
        input
    });
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Input<'de>, A::Error> {
        let Brief(text) = BriefVisitor.visit_seq(seq)?;
        let mut input = Input::default();
        if let Some(last) = input.telling.last_mut() {
            *last = text;
        }
        Ok(input)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Input<'de>, A::Error> {
        let mut input = Input::default();
        while let Some(Text(key)) = map.next_key()? {
            let key = key.as_deref().unwrap_or_default();
            if let Some(at) = TELLING.iter().position(|known| *known == key) {
                input.telling[at] = map.next_value::<Text<'de>>()?.0;
            } else if let Some(at) = SHOWN.iter().position(|known| *known == key) {
                input.shown[at] = map.next_value::<Text<'de>>()?.0;
            } else {
                match key {
                    "edits" | "todos" => input.items = map.next_value::<Items<'de>>()?.0,
                    "source" => input.image = map.next_value::<Source<'de>>()?.0,
                    _ => drop(map.next_value::<IgnoredAny>()?),
                }
            }
        }
        Ok(input)
    }
}
deserialize!(Input<'de>, InputVisitor);

/// Most items of a list that are read.
const MOST: usize = 100;

#[derive(Default)]
struct Items<'a>(Vec<Item<'a>>);
struct ItemsVisitor;
impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;
    passes_over!(scalars);
    passes_over!(strings);
    passes_over!(object);
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Item<'de>>()? {
            if items.len() < MOST {
                items.push(item);
            }
        }
        Ok(Items(items))
    }
}
deserialize!(Items<'de>, ItemsVisitor);

struct ItemVisitor;
impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item<'de>;
    passes_over!(scalars);
    passes_over!(strings);
    passes_over!(array);
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item<'de>, A::Error> {
        let mut item = Item::default();
        while let Some(Text(key)) = map.next_key()? {
            let text = match key.as_deref().unwrap_or_default() {
                "old_string" => &mut item.old,
                "new_string" => &mut item.new,
                "content" => &mut item.content,
                "status" => &mut item.status,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *text = map.next_value::<Text<'de>>()?.0;
        }
        Ok(item)
    }
}
deserialize!(Item<'de>, ItemVisitor);

struct OutcomeVisitor;
impl<'de> Visitor<'de> for OutcomeVisitor {
    type Value = Outcome<'de>;
    passes_over!(scalars);
    takes_strings!(|text| Outcome { text: Some(text), image: None });
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Outcome<'de>, A::Error> {
        let mut outcome = Outcome::default();
        while let Some(Part(mut part)) = seq.next_element()? {
            outcome.text = outcome.text.or_else(|| part.telling.iter_mut().find_map(Option::take));
            outcome.image = outcome.image.or(part.image);
        }
        Ok(outcome)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Outcome<'de>, A::Error> {
        let mut input = InputVisitor.visit_map(map)?;
        Ok(Outcome { text: input.telling.iter_mut().find_map(Option::take), image: input.image })
    }
}
deserialize!(Outcome<'de>, OutcomeVisitor);

/// An element of a result: an array in it is passed over, so that a line may nest
/// as deep as it likes.
#[derive(Default)]
struct Part<'a>(Input<'a>);
struct PartVisitor;
impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part<'de>;
    passes_over!(scalars);
    passes_over!(array);
    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Part<'de>, E> {
        InputVisitor.visit_borrowed_str(text).map(Part)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Part<'de>, E> {
        InputVisitor.visit_str(text).map(Part)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Part<'de>, A::Error> {
        InputVisitor.visit_map(map).map(Part)
    }
}
deserialize!(Part<'de>, PartVisitor);

struct SourceVisitor;
impl<'de> Visitor<'de> for SourceVisitor {
    type Value = Source<'de>;
    passes_over!(scalars);
    passes_over!(strings);
    passes_over!(array);
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Source<'de>, A::Error> {
        let (mut kind, mut bytes) = (None, None);
        while let Some(Text(key)) = map.next_key()? {
            match key.as_deref().unwrap_or_default() {
                "media_type" => kind = map.next_value::<Text<'de>>()?.0,
                "data" => {
                    let Text(data) = map.next_value()?;
                    bytes = data.map(|data| decoded(&data));
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Source(bytes.map(|bytes| Image { kind, bytes })))
    }
}
deserialize!(Source<'de>, SourceVisitor);

/// How many bytes base64 stands for.
fn decoded(base64: &str) -> u64 {
    base64.trim_end_matches('=').len() as u64 * 3 / 4
}
