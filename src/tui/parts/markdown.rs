//! Markdown as rows of a terminal: what it says stays, its marks become looks.
//!
//! An address stands behind its link. A terminal could hide it (OSC 8), but a cell of
//! ratatui's buffer has no place for one, and a link whose address is not seen is
//! nothing to click on in foreign text.

mod table;

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use ratatui::style::Modifier;

use self::table::Table;
use super::code;
use super::flow::{Flow, Ink, Piece, Row};
use super::theme::Tint;
use crate::text;

/// Most of a text that is read as Markdown, in bytes.
const MOST: usize = 16 * 1024;
/// Nobody nests deeper, or writes a table of more cells. Who does is shown as it is
/// written: reading it as Markdown would take long.
const DEEPEST: usize = 16;
const CELLS: usize = 4000;
/// Longest address that is shown, in columns.
const ADDRESS: usize = 300;

const QUIET: Ink = Ink::of(Tint::Quiet);

/// The rows of a text, of at most so many columns; `lit` are ranges of it.
pub fn render(text: &str, columns: usize, lit: &[Range<usize>]) -> Vec<Row> {
    let columns = columns.max(2);
    let text = text.get(..text.floor_char_boundary(MOST)).unwrap_or_default();
    if is_costly(text) {
        return Flow::plain(text, lit).rows(columns);
    }
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let parser = Parser::new_ext(text, options);
    let named: Vec<(Range<usize>, String)> = parser
        .reference_definitions()
        .iter()
        .map(|(_, named)| (named.span.clone(), named.dest.to_string()))
        .collect();
    let mut page = Page { columns, text, lit, ..Page::default() };
    for (event, source) in parser.into_offset_iter() {
        page.take(event, source);
    }
    page.rest_of_names(named);
    page.rows
}

/// Whether a line of it begins with more marks of quotes and lists than anybody
/// writes, brackets are nested as deep, or a table could have as many cells.
fn is_costly(text: &str) -> bool {
    let is_mark = |c: char| matches!(c, '>' | ' ' | '-' | '+' | '*' | '.' | ')') || c.is_ascii_digit();
    let quotes = |mark: &str| mark.chars().filter(|c| *c == '>').count();
    let marks = |line: &str| {
        let words = line.trim_start_matches(is_mark);
        let start = line.get(..line.len() - words.len()).unwrap_or_default();
        start.split(' ').map(|mark| quotes(mark).max(usize::from(!mark.is_empty()))).sum::<usize>()
    };
    let is_rule = |line: &str| {
        let mut marks = line.chars().filter(|c| *c != ' ');
        let first = marks.next();
        matches!(first, Some('-' | '*')) && marks.all(|mark| Some(mark) == first)
    };
    let run_of = |c: char| text.split(|other| other != c).map(str::len).max().unwrap_or(0);
    let count = text.lines().count();
    let is_table = |line: &str| {
        let bars = line.bytes().filter(|byte| *byte == b'|').count();
        bars * count > CELLS && line.bytes().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'>'))
    };
    let is_too_much = |line: &str| marks(line) > DEEPEST && !is_rule(line) || is_table(line);
    text.lines().any(is_too_much) || run_of('[') > DEEPEST
}

/// Something that stands around blocks: what is put before its first row, and before
/// its others.
struct Around {
    first: &'static str,
    number: String,
    rest: String,
    used: bool,
}

/// The page as far as it is laid out.
#[derive(Default)]
struct Page<'a> {
    columns: usize,
    text: &'a str,
    lit: &'a [Range<usize>],
    rows: Vec<Row>,
    around: Vec<Around>,
    /// The number of the next item of each list; `None` where they have none.
    lists: Vec<Option<u64>>,
    flow: Flow,
    inks: Vec<Ink>,
    /// The address of each open link, and where its words begin.
    links: Vec<(String, usize)>,
    shown: Vec<String>,
    /// The language of the code that is read.
    code: Option<String>,
    table: Option<Table>,
    /// An empty row is due before the next block.
    gap: bool,
}

impl Page<'_> {
    fn take(&mut self, event: Event<'_>, source: Range<usize>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            Event::Code(words) => self.say(&words, Ink { tint: Tint::Code, ..self.ink() }, source),
            // Notes and formulas are not asked for.
            Event::Text(words)
            | Event::Html(words)
            | Event::InlineHtml(words)
            | Event::FootnoteReference(words)
            | Event::InlineMath(words)
            | Event::DisplayMath(words) => self.say(&words, self.ink(), source),
            Event::SoftBreak | Event::HardBreak if self.table.is_some() => self.flow.add(" ", Ink::default()),
            // Whoever writes for a terminal breaks a line where one should end.
            Event::SoftBreak | Event::HardBreak => self.flow.add("\n", Ink::default()),
            Event::Rule => {
                self.begin();
                let room = self.room();
                self.put(Row::of("─".repeat(room), QUIET));
                self.gap = true;
            }
            Event::TaskListMarker(done) => self.flow.add(if done { "[x] " } else { "[ ] " }, QUIET),
        }
    }

    fn open(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.begin();
                let under = if level == HeadingLevel::H1 { Modifier::UNDERLINED } else { Modifier::empty() };
                self.inks.push(Ink::default().with(Modifier::BOLD | under));
            }
            Tag::BlockQuote(_) => {
                self.begin();
                self.enter("│ ", String::new(), "│ ".to_owned());
            }
            Tag::CodeBlock(kind) => {
                self.begin();
                let info = if let CodeBlockKind::Fenced(info) = &kind { info.as_ref() } else { "" };
                let language = info.split(|c: char| c.is_whitespace() || c == ',' || c == '{').next();
                self.code = Some(language.unwrap_or_default().to_owned());
            }
            Tag::List(first) => {
                self.end_flow();
                if self.lists.is_empty() {
                    self.begin();
                }
                self.lists.push(first);
            }
            Tag::Item => self.open_item(),
            Tag::Paragraph | Tag::HtmlBlock => self.begin(),
            Tag::Emphasis => self.inks.push(self.ink().with(Modifier::ITALIC)),
            Tag::Strong => self.inks.push(self.ink().with(Modifier::BOLD)),
            Tag::Strikethrough => self.inks.push(self.ink().with(Modifier::CROSSED_OUT)),
            Tag::Link { dest_url, title, .. } | Tag::Image { dest_url, title, .. } => {
                let title = if title.is_empty() { String::new() } else { format!(" “{title}”") };
                self.shown.push(dest_url.to_string());
                self.links.push((format!("{dest_url}{title}"), self.flow.text.len()));
                self.inks.push(self.ink().with(Modifier::UNDERLINED));
            }
            Tag::Table(sides) => {
                self.begin();
                self.table = Some(Table::new(sides));
            }
            Tag::TableHead => self.inks.push(Ink::default().with(Modifier::BOLD)),
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => {
                self.end_flow();
                self.gap = true;
            }
            TagEnd::Heading(_) => {
                self.inks.pop();
                self.end_flow();
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::List(_) => {
                self.lists.pop();
                self.gap |= self.lists.is_empty();
            }
            TagEnd::Item => {
                self.end_flow();
                if self.around.last().is_some_and(|around| !around.used) {
                    self.put(Row::default());
                }
                self.around.pop();
            }
            TagEnd::BlockQuote(_) => {
                self.end_flow();
                self.around.pop();
                self.gap = true;
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.inks.pop();
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.flow);
                if let Some(table) = &mut self.table {
                    table.push(cell);
                }
            }
            TagEnd::TableHead => {
                self.inks.pop();
                self.table.iter_mut().for_each(Table::end_row);
            }
            TagEnd::TableRow => self.table.iter_mut().for_each(Table::end_row),
            TagEnd::Table => {
                let room = self.room();
                for row in self.table.take().map(|table| table.rows(room)).unwrap_or_default() {
                    self.put(row);
                }
                self.gap = true;
            }
            _ => {}
        }
    }

    /// Adds words that stand somewhere in `source`.
    fn say(&mut self, words: &str, ink: Ink, source: Range<usize>) {
        let written = self.text.get(source.clone()).unwrap_or_default();
        let exact = written
            .find(words)
            .filter(|_| written.len() != words.len())
            .map_or(source.clone(), |at| source.start + at..source.start + at + words.len());
        self.flow.push(words, ink, exact, self.lit);
    }

    fn ink(&self) -> Ink {
        self.inks.last().copied().unwrap_or_default()
    }

    /// A block begins.
    fn begin(&mut self) {
        self.end_flow();
        if std::mem::take(&mut self.gap)
            && !self.rows.is_empty()
            && self.around.last().is_none_or(|around| around.used)
        {
            self.put(Row::default());
        }
    }

    fn open_item(&mut self) {
        self.end_flow();
        if std::mem::take(&mut self.gap) {
            self.put(Row::default());
        }
        let (mark, number) = match self.lists.last_mut() {
            Some(Some(next)) => {
                let number = format!("{next}. ");
                *next = next.saturating_add(1);
                ("", number)
            }
            _ => ("• ", String::new()),
        };
        let rest = " ".repeat(text::width(mark) + number.len());
        self.enter(mark, number, rest);
    }

    /// Puts something around what follows, where there is room for it.
    fn enter(&mut self, first: &'static str, number: String, rest: String) {
        let fits = self.indent() + text::width(&rest) <= self.columns / 2;
        if fits {
            self.around.push(Around { first, number, rest, used: false });
        } else {
            self.flow.add(first, QUIET);
            self.flow.add(&number, QUIET);
            self.around.push(Around { first: "", number: String::new(), rest: String::new(), used: true });
        }
    }

    fn indent(&self) -> usize {
        self.around.iter().map(|around| text::width(&around.rest)).sum()
    }

    fn room(&self) -> usize {
        self.columns.saturating_sub(self.indent()).max(1)
    }

    /// Lays out the words that were collected.
    fn end_flow(&mut self) {
        let mut flow = std::mem::take(&mut self.flow);
        flow.text.truncate(flow.text.trim_end_matches('\n').len());
        if flow.text.is_empty() {
            return;
        }
        for row in flow.rows(self.room()) {
            self.put(row);
        }
    }

    fn end_code(&mut self) {
        let mut flow = std::mem::take(&mut self.flow);
        let language = self.code.take().unwrap_or_default();
        flow.text.truncate(flow.text.trim_end_matches('\n').len());
        flow.runs = code::colour(&language, &flow.text);
        self.enter("  ", String::new(), "  ".to_owned());
        for row in flow.rows(self.room()) {
            self.put(row);
        }
        self.around.pop();
        self.gap = true;
    }

    fn end_link(&mut self) {
        self.inks.pop();
        let Some((address, from)) = self.links.pop() else { return };
        let words = self.flow.text.get(from..).unwrap_or_default();
        let is_said = words == address || address.strip_prefix("mailto:") == Some(words);
        if !is_said && !address.is_empty() {
            let space = if words.is_empty() { "" } else { " " };
            self.flow.add(&format!("{space}({})", text::fit(&text::clean(&address), ADDRESS)), QUIET);
        }
    }

    /// Puts a row below the others, with what stands around it.
    fn put(&mut self, row: Row) {
        let mut pieces = Vec::with_capacity(row.0.len() + self.around.len());
        for around in &mut self.around {
            if std::mem::replace(&mut around.used, true) {
                pieces.push(Piece::new(around.rest.clone(), QUIET));
            } else {
                pieces.push(Piece::new(format!("{}{}", around.first, around.number), QUIET));
            }
        }
        pieces.extend(row.0);
        pieces.retain(|piece| !piece.text.is_empty());
        if let Some(last) = pieces.last_mut().filter(|last| last.text.ends_with(' ') && !last.lit) {
            last.text.truncate(last.text.trim_end().len());
        }
        self.rows.push(Row(pieces));
    }

    /// Names of addresses that no link uses: they are words, too.
    fn rest_of_names(&mut self, mut named: Vec<(Range<usize>, String)>) {
        named.sort_by_key(|(span, _)| span.start);
        for (span, address) in named {
            if !self.shown.contains(&address) {
                self.begin();
                let words = self.text.get(span.clone()).unwrap_or_default().trim_end();
                self.flow.push(words, QUIET, span.start..span.start + words.len(), self.lit);
                self.end_flow();
            }
        }
    }
}

#[cfg(test)]
mod tests;
