//! Fields with labels: typed text, also masked, and choices. Pasting never
//! submits; what is wrong is said while typing.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::Look;
use super::typed::Typed;
use crate::text;
use crate::tui::message::{Hidden, Intent};

/// Columns of the labels.
const LABEL: u16 = 14;
/// Characters that a field holds: more than anything that belongs into one.
pub const MOST: usize = 4096;

/// What a field holds.
#[derive(Clone, Debug)]
enum Value {
    Typed { input: Typed, masked: bool, presets: Vec<String>, picked: bool },
    Choice { options: Vec<String>, at: usize },
}

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// What it is called.
    pub label: &'static str,
    value: Value,
    /// Shown quietly while nothing is typed.
    pub placeholder: String,
    /// What is wrong with the value.
    pub error: Option<String>,
    /// Hidden fields are skipped by the focus too.
    pub shown: bool,
}

impl Field {
    fn new(label: &'static str, value: Value) -> Self {
        Self { label, value, placeholder: String::new(), error: None, shown: true }
    }

    /// A text to type, with what stands in it at first.
    pub fn typed(label: &'static str, text: &str) -> Self {
        Self::new(
            label,
            Value::Typed { input: Typed::new(text), masked: false, presets: Vec::new(), picked: true },
        )
    }

    /// A text that is shown as dots.
    pub fn masked(label: &'static str) -> Self {
        Self::new(
            label,
            Value::Typed { input: Typed::new(""), masked: true, presets: Vec::new(), picked: false },
        )
    }

    /// One of several.
    pub fn choice(label: &'static str, options: &[&str]) -> Self {
        Self::new(
            label,
            Value::Choice { options: options.iter().map(|&option| option.to_owned()).collect(), at: 0 },
        )
    }

    /// Gives a choice other options, with this one chosen.
    pub fn set_options(&mut self, words: Vec<String>, chosen: usize) {
        self.value = Value::Choice { options: words, at: chosen };
    }

    /// The same with words shown while it is empty.
    #[must_use]
    pub fn placeholder(mut self, words: &str) -> Self {
        words.clone_into(&mut self.placeholder);
        self
    }

    /// The same with texts to choose from; another one can be typed.
    #[must_use]
    pub fn presets(mut self, words: &[&str]) -> Self {
        if let Value::Typed { presets, .. } = &mut self.value {
            *presets = words.iter().map(|&word| word.to_owned()).collect();
        }
        self
    }

    /// The place of the preset that it holds now, unless that was typed: more
    /// may follow then.
    fn preset(&self) -> Option<usize> {
        match &self.value {
            Value::Typed { input, presets, picked: true, .. } => {
                presets.iter().position(|preset| preset == input.value())
            }
            _ => None,
        }
    }

    /// The typed text; empty for a choice.
    pub fn text(&self) -> &str {
        match &self.value {
            Value::Typed { input, .. } => input.value(),
            Value::Choice { .. } => "",
        }
    }

    /// Puts a text in place of what was typed.
    pub fn set_text(&mut self, text: &str) {
        if let Value::Typed { input, .. } = &mut self.value {
            *input = Typed::new(text);
        }
    }

    /// The chosen option's place; 0 for a text.
    pub fn chosen(&self) -> usize {
        match &self.value {
            Value::Choice { at, .. } => *at,
            Value::Typed { .. } => 0,
        }
    }

    /// Chooses an option by its place.
    pub fn choose(&mut self, place: usize) {
        if let Value::Choice { options, at } = &mut self.value
            && place < options.len()
        {
            *at = place;
        }
    }

    /// Whether it is a text that is shown as dots.
    pub fn is_masked(&self) -> bool {
        matches!(self.value, Value::Typed { masked: true, .. })
    }

    fn step(&mut self, forward: bool) -> bool {
        let preset = self.preset();
        match &mut self.value {
            Value::Choice { options, at } => *at = turn(*at, options.len(), forward),
            Value::Typed { presets, .. } if presets.is_empty() => return false,
            Value::Typed { input, presets, picked, .. } => {
                *picked = true;
                let len = presets.len();
                let at = preset.map_or(if forward { 0 } else { len - 1 }, |at| turn(at, len, forward));
                *input = Typed::new(&presets[at]);
            }
        }
        true
    }

    fn is_choice(&self) -> bool {
        match &self.value {
            Value::Choice { .. } => true,
            Value::Typed { presets, .. } => !presets.is_empty(),
        }
    }
}

/// The next of `len` places, round and round.
fn turn(at: usize, len: usize, forward: bool) -> usize {
    let len = len.max(1);
    if forward { (at + 1) % len } else { (at + len - 1) % len }
}

/// Fields, one of which has the focus.
#[derive(Clone, Debug)]
pub struct Form {
    /// The fields, in the order of Tab.
    pub fields: Vec<Field>,
    /// The focused one.
    pub focus: usize,
    /// Where the dialog that it belongs to is drawn.
    pub room: Rect,
    reveal: bool,
    burst: bool,
}

impl Form {
    /// A form whose first field has the focus.
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields, focus: 0, room: Rect::default(), reveal: false, burst: false }
    }

    /// Whether the focused field is a choice.
    pub fn choosing(&self) -> bool {
        self.fields.get(self.focus).is_some_and(Field::is_choice)
    }

    /// What is wrong: the focused field's fault first.
    pub fn error(&self) -> Option<&str> {
        let focused = self.fields.get(self.focus).into_iter();
        focused.chain(&self.fields).filter(|field| field.shown).find_map(|field| field.error.as_deref())
    }

    /// Said once after an Enter that looked pasted was not obeyed.
    pub fn burst(&mut self) {
        self.burst = true;
    }

    /// What is said after an Enter that was not obeyed because it looked pasted;
    /// `to`: what another one does.
    pub fn burst_words(&self, to: &str) -> Option<String> {
        self.burst.then(|| format!("That looked pasted. Press Enter again to {to}."))
    }

    /// Moves the focus, changes a choice, shows or hides masked text. `true`
    /// when a value changed.
    pub fn handle(&mut self, intent: Intent) -> bool {
        self.burst = false;
        match intent {
            Intent::NextField => self.shift(true),
            Intent::PreviousField => self.shift(false),
            Intent::Reveal => self.reveal = !self.reveal,
            Intent::NextChoice | Intent::PreviousChoice => {
                let forward = intent == Intent::NextChoice;
                return self.fields.get_mut(self.focus).is_some_and(|field| field.step(forward));
            }
            _ => {}
        }
        false
    }

    fn shift(&mut self, forward: bool) {
        let len = self.fields.len().max(1);
        for _ in 0..len {
            self.focus = if forward { (self.focus + 1) % len } else { (self.focus + len - 1) % len };
            if self.fields.get(self.focus).is_some_and(|field| field.shown) {
                return;
            }
        }
    }

    /// A key that is not bound; `true` when a text changed.
    pub fn typed(&mut self, key: KeyEvent) -> bool {
        self.burst = false;
        let Some(field) = self.fields.get_mut(self.focus) else { return false };
        // what is typed over a preset is another text
        let types = matches!(key.code, KeyCode::Char(_)) && !key.modifiers.contains(KeyModifiers::CONTROL);
        if types && field.preset().is_some() {
            field.set_text("");
        }
        let Value::Typed { input, picked, .. } = &mut field.value else { return false };
        *picked = false;
        if types && input.value().chars().count() >= MOST {
            return false;
        }
        input.handle_event(&Event::Key(key)).is_some_and(|changed| changed.value)
    }

    /// Pasted text goes in at the cursor, cleaned, on one line, as far as the
    /// field has room.
    pub fn paste(&mut self, pasted: &str) -> bool {
        let Some(Field { value: Value::Typed { input, .. }, .. }) = self.fields.get_mut(self.focus) else {
            return false;
        };
        let line = Hidden::new(text::clean(pasted));
        let (before, after) = at_cursor(input);
        let (mut before, after) = (Hidden::new(before), Hidden::new(after));
        let held = input.value().chars().count();
        let (from, cursor) = (before.len(), input.cursor());
        before.extend(line.chars().take(MOST.saturating_sub(held)));
        let cursor = cursor + before[from..].chars().count();
        let changed = before.len() > from;
        before.push_str(&after);
        *input = Typed::new(&before).with_cursor(cursor);
        changed
    }

    /// The field that is drawn at this row of the form's area.
    pub fn field_at(&self, row: u16) -> Option<usize> {
        let shown = self.fields.iter().enumerate().filter(|(_, field)| field.shown);
        shown.map(|(at, _)| at).nth(usize::from(row))
    }

    /// Rows that the form takes.
    pub fn height(&self) -> u16 {
        u16::try_from(self.fields.iter().filter(|field| field.shown).count()).unwrap_or(u16::MAX)
    }

    /// Draws the fields, one a row, and places the cursor; `focused` when keys
    /// go to the form.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, focused: bool, look: &Look<'_>) {
        let shown = self.fields.iter().enumerate().filter(|(_, field)| field.shown);
        for ((at, field), y) in shown.zip(area.top()..area.bottom()) {
            let focus = focused && at == self.focus;
            let room = area.width.saturating_sub(LABEL + 2);
            let label = format!(
                "{} {}",
                if focus { "▸" } else { " " },
                text::pad(field.label, usize::from(LABEL) - 2)
            );
            let mark = if field.error.is_some() { "! " } else { "  " };
            let mut spans = vec![
                Span::styled(label, if focus { look.theme.accent } else { look.theme.quiet }),
                Span::styled(mark, look.theme.bad),
            ];
            let cursor = match &field.value {
                Value::Choice { options, at } => {
                    spans.extend(choice_spans(options, *at, usize::from(room), focus, look));
                    None
                }
                Value::Typed { presets, .. } if field.preset().is_some() => {
                    let at = field.preset().unwrap_or_default();
                    spans.extend(choice_spans(presets, at, usize::from(room), focus, look));
                    None
                }
                Value::Typed { input, masked, .. } => {
                    let hide = *masked && !self.reveal;
                    let (shown, column) = visible(input, hide, usize::from(room));
                    if input.value().is_empty() {
                        spans.push(Span::styled(
                            text::fit(&field.placeholder, usize::from(room)),
                            look.theme.quiet,
                        ));
                    } else {
                        // the cursor is elsewhere: what it is begins at its beginning
                        let shown = if focus || hide { shown } else { text::fit(input.value(), room.into()) };
                        spans.push(Span::styled(shown, look.theme.text));
                    }
                    Some(column)
                }
            };
            frame.render_widget(Line::from(spans), Rect { y, height: 1, ..area });
            if let (Some(column), true) = (cursor, focus && room > 0) {
                let column = u16::try_from(column).unwrap_or(0).min(room - 1);
                frame.set_cursor_position(Position::new(area.x + LABEL + 2 + column, y));
            }
        }
    }
}

/// All options where they fit, with the chosen one marked; else only that one.
fn choice_spans(
    options: &[String],
    at: usize,
    room: usize,
    focus: bool,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let chosen = if focus { look.theme.chosen } else { look.theme.strong };
    let whole: usize = options.iter().map(|option| text::width(option) + 3).sum();
    if whole > room + 1 {
        let Some(option) = options.get(at) else { return Vec::new() };
        return vec![Span::styled(text::fit(&format!("‹{option}›"), room), chosen)];
    }
    let mut spans = Vec::new();
    for (place, option) in options.iter().enumerate() {
        let (words, style) = if place == at {
            (format!("‹{option}›"), chosen)
        } else {
            (format!(" {option} "), look.theme.quiet)
        };
        spans.push(Span::styled(words, style));
        spans.push(Span::raw(" "));
    }
    spans
}

/// The text before its cursor, and the text behind it.
fn at_cursor(input: &Input) -> (String, String) {
    let mut chars = input.value().chars();
    (chars.by_ref().take(input.cursor()).collect(), chars.collect())
}

/// The part of the text around its cursor, and the cursor's column in it.
fn visible(input: &Input, hide: bool, room: usize) -> (String, usize) {
    use unicode_segmentation::UnicodeSegmentation;
    let (before, _) = at_cursor(input);
    let show = |text: &str| if hide { "•".repeat(text.chars().count()) } else { text.to_owned() };
    let (all, column) = (show(input.value()), text::width(&show(&before)));
    let skip = (column + 1).saturating_sub(room);
    let (mut out, mut passed, mut dropped) = (String::new(), 0, 0);
    for grapheme in all.graphemes(true) {
        let wide = text::width(grapheme);
        if passed < skip {
            passed += wide;
            dropped = passed;
        } else if text::width(&out) + wide <= room {
            out.push_str(grapheme);
        } else {
            break;
        }
    }
    (out, column.saturating_sub(dropped))
}
