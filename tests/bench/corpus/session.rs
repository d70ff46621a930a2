//! One invented transcript, and what its ends say.

use serde_json::{Value, json};

use super::transcript::{Chain, state};
use super::words::{Heavy, NEEDLE, Random, prompt};
use super::{Place, Sizes};

/// What claude reads at each end.
const WINDOW: usize = 65_536;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Custom,
    Ai,
    Summary,
    LastPrompt,
    Prompt,
    Relocated,
    Branch,
    Cwd,
    Sidechain,
}

/// A member of a line that matters, and where it stands: from, to.
#[derive(Clone, Debug)]
struct Fact {
    kind: Kind,
    value: String,
    from: usize,
    to: usize,
}

/// A transcript with all that decides how it is listed.
pub struct Written {
    pub bytes: Vec<u8>,
    pub sidecar: Option<String>,
    /// The main conversation has a line.
    pub talk: bool,
    hidden: bool,
    facts: Vec<Fact>,
    /// The directory whose folder it lies in.
    pub place: String,
}

impl Written {
    fn head(&self, kind: Kind) -> impl DoubleEndedIterator<Item = &Fact> {
        self.facts.iter().filter(move |fact| fact.kind == kind && fact.to <= WINDOW)
    }

    fn tail(&self, kind: Kind) -> impl DoubleEndedIterator<Item = &Fact> {
        let start = self.bytes.len().saturating_sub(WINDOW);
        self.facts.iter().filter(move |fact| fact.kind == kind && fact.from >= start)
    }

    pub fn title(&self) -> String {
        let value = |fact: &Fact| fact.value.clone();
        let custom = self.tail(Kind::Custom).next_back().map(value).or_else(|| self.sidecar.clone());
        custom
            .or_else(|| self.head(Kind::Custom).next_back().map(value))
            .or_else(|| self.tail(Kind::Ai).next_back().map(value))
            .or_else(|| self.head(Kind::Ai).next_back().map(value))
            .or_else(|| self.tail(Kind::Summary).next_back().map(value))
            .or_else(|| self.tail(Kind::LastPrompt).next_back().map(value))
            .or_else(|| self.head(Kind::Prompt).next().map(value))
            .or_else(|| self.tail(Kind::Prompt).next().map(value))
            .unwrap_or_else(|| "(session)".to_owned())
    }

    pub fn cwd(&self) -> Option<String> {
        let moved = self.tail(Kind::Relocated).next_back().or_else(|| self.head(Kind::Relocated).next_back());
        let own = || self.head(Kind::Cwd).chain(self.tail(Kind::Cwd)).find(|fact| fact.value == self.place);
        let named = moved.or_else(own).or_else(|| self.head(Kind::Cwd).chain(self.tail(Kind::Cwd)).next());
        named.map(|fact| fact.value.clone())
    }

    pub fn branch(&self) -> Option<String> {
        let fact = self.tail(Kind::Branch).next_back().or_else(|| self.head(Kind::Branch).next())?;
        Some(fact.value.clone()).filter(|branch| !branch.is_empty() && branch != "HEAD")
    }

    pub fn visible(&self) -> bool {
        !self.hidden && self.head(Kind::Sidechain).next().is_none()
    }
}

struct Writer<'a> {
    out: Written,
    random: &'a mut Random,
    id: &'a str,
    entrypoint: &'static str,
    cwd: String,
    branch: String,
    spaces: bool,
    end: &'static str,
    second: i64,
}

impl Writer<'_> {
    fn fact(&mut self, kind: Kind, value: &str, from: usize, to: usize) {
        self.out.facts.push(Fact { kind, value: value.to_owned(), from, to });
    }

    /// Appends a line, and answers where it starts.
    fn raw(&mut self, line: &str) -> usize {
        let start = self.out.bytes.len();
        self.out.bytes.extend_from_slice(line.as_bytes());
        self.out.bytes.extend_from_slice(self.end.as_bytes());
        start
    }

    /// `{"type":kind,key:value,"sessionId":…}`
    fn state(&mut self, kind: &str, key: &str, value: &str, fact: Option<(Kind, &str)>) {
        let line = state(kind, key, &value.into(), self.id);
        let line = if self.spaces { line.replace("\":", "\": ").replace(",\"", ", \"") } else { line };
        let start = self.raw(&line);
        if let Some((kind, shown)) = fact {
            let from = start + line.find(&format!("\"{key}\"")).unwrap();
            self.fact(kind, shown, from, start + line.len());
        }
    }

    /// A line of the conversation: what stands before its common end, and there.
    fn chain(&mut self, start: &str, end: &str) -> (usize, usize) {
        self.second += i64::try_from(self.random.between(1, 9)).unwrap();
        let time = chrono::DateTime::from_timestamp(1_795_000_000 + self.second, 160_000_000).unwrap();
        let time = time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let chain = Chain {
            parent: Some(&self.random.uuid()),
            aside: false,
            uuid: &self.random.uuid(),
            time: &time,
            entrypoint: self.entrypoint,
            cwd: &self.cwd,
            id: self.id,
            branch: &self.branch,
        };
        let line = chain.line(start, end);
        let line = if self.spaces { line.replace("\":", "\": ") } else { line };
        let at = self.raw(&line);
        let find = |key: &str| at + line.rfind(key).unwrap();
        let (cwd, branch, to) = (find("\"cwd\""), find("\"gitBranch\""), at + line.len());
        let (named, on) = (self.cwd.clone(), self.branch.clone());
        self.fact(Kind::Cwd, &named, cwd, branch);
        self.fact(Kind::Branch, &on, branch, to);
        (at, to)
    }

    fn user(&mut self, raw: &str, shown: Option<String>) {
        let content = Value::from(raw).to_string();
        // A prompt that the first window would cut in two begins behind it.
        let at = self.out.bytes.len();
        if (at..at + content.len() + 1000).contains(&WINDOW) {
            let filler = "f".repeat(content.len() + 1100);
            self.state("mode", "mode", &filler, None);
        }
        let start = format!(
            "\"promptId\":\"p\",\"type\":\"user\",\"message\":{{\"role\":\"user\",\"content\":{content}}}"
        );
        let (from, to) =
            self.chain(&start, ",\"permissionMode\":\"acceptEdits\",\"origin\":{\"kind\":\"human\"}");
        self.out.talk = true;
        if let Some(shown) = shown {
            self.fact(Kind::Prompt, &shown, from, to);
        }
    }

    fn assistant(&mut self, block: &str) {
        let start = format!(
            "\"message\":{{\"id\":\"msg_01A\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-opus-4-8\",\
             \"content\":[{block}],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{{\"input_tokens\":4,\
             \"cache_creation_input_tokens\":15210,\"output_tokens\":3}}}},\"requestId\":\"req_011\",\"type\":\"assistant\""
        );
        self.chain(&start, "");
        self.out.talk = true;
    }
}

/// A file of one of the sizes and damages.
pub fn write(random: &mut Random, heavy: &Heavy, place: &Place, id: &str, sizes: Sizes, n: usize) -> Written {
    let blank = |bytes: Vec<u8>| Written {
        bytes,
        sidecar: None,
        talk: false,
        hidden: false,
        facts: Vec::new(),
        place: place.cwd.clone(),
    };
    if random.chance(20) {
        return blank(Vec::new());
    }
    let bytes = match (sizes, random.below(100)) {
        (Sizes::Small, 0..50) | (Sizes::Real, 0..40) => random.between(500, 60_000),
        (Sizes::Small, _) => random.between(60_000, 300_000),
        (Sizes::Real, 40..85) => random.between(60_000, 400_000),
        (Sizes::Real, 85..99) => random.between(400_000, 1_600_000),
        (Sizes::Real, _) => random.between(2_000_000, 12_000_000),
    };
    let branch = match random.below(20) {
        0..8 => "main".to_owned(),
        8..16 => format!("feat/{}", random.word()),
        16..19 => "HEAD".to_owned(),
        _ => String::new(),
    };
    let spaces = random.chance(5);
    let entrypoint = *random.pick(&["cli", "cli", "cli", "cli", "cli", "cli", "sdk-cli"]);
    let end = if random.chance(3) { "\r\n" } else { "\n" };
    let mut w = Writer {
        out: blank(Vec::new()),
        random,
        id,
        entrypoint,
        cwd: place.cwd.clone(),
        branch,
        spaces,
        end,
        second: 0,
    };
    if w.random.chance(2) {
        w.out.bytes.extend_from_slice("\u{feff}".as_bytes());
    }
    if w.random.chance(10) {
        w.state("summary", "summary", "Only a summary", Some((Kind::Summary, "Only a summary")));
        return w.out;
    }
    // Only a line of a conversation names what started claude.
    w.out.hidden = entrypoint.starts_with("sdk-");
    // Brought here from another machine.
    if w.random.chance(30) {
        "/Users/dana/elsewhere".clone_into(&mut w.cwd);
        w.user("started over there", Some("started over there".to_owned()));
        w.cwd.clone_from(&place.cwd);
    }
    body(&mut w, heavy, bytes, n);
    damage(&mut w);
    w.out
}

/// Turns until there are so many bytes, then the lines that close a session.
fn body(w: &mut Writer<'_>, heavy: &Heavy, bytes: usize, n: usize) {
    w.state("mode", "mode", "normal", None);
    let titled = w.random.below(100);
    let custom = format!("by hand {}", w.random.word());
    let mut last = None;
    let mut turn = 0;
    while turn == 0 || w.out.bytes.len() < bytes {
        let (raw, shown) = if turn == 0 && w.random.chance(900) {
            let words: Vec<String> = (0..w.random.between(2, 9)).map(|_| w.random.word()).collect();
            (words.join(" "), Some(words.join(" ")))
        } else {
            prompt(w.random)
        };
        w.user(&raw, shown.clone());
        last = shown.or(last);
        if turn == 0 && titled < 15 {
            w.state("custom-title", "customTitle", &custom, Some((Kind::Custom, &custom)));
            if w.random.chance(500) {
                w.out.sidecar = Some(custom.clone());
            }
        }
        let needle = if turn == 1 && n % 97 == 11 { NEEDLE } else { "" };
        answer(w, heavy, needle);
        turn += 1;
    }
    if (15..65).contains(&titled) {
        let title = format!("About {}", w.random.word());
        w.state("ai-title", "aiTitle", &title, Some((Kind::Ai, &title)));
    }
    if (65..75).contains(&titled) {
        let title = format!("In sum {}", w.random.word());
        w.state("summary", "summary", &title, Some((Kind::Summary, &title)));
    }
    if w.random.chance(20) {
        w.state("relocated", "relocatedCwd", "/home/dana/moved", Some((Kind::Relocated, "/home/dana/moved")));
    }
    if w.random.chance(800)
        && let Some(last) = last.filter(|last| !last.ends_with('…'))
    {
        w.state("last-prompt", "lastPrompt", &last, Some((Kind::LastPrompt, &last)));
    }
    if w.random.chance(15) {
        let at = w.out.bytes.len();
        w.raw("{\"parentUuid\":null,\"isSidechain\":true,\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"look\"}}");
        let to = w.out.bytes.len();
        w.fact(Kind::Sidechain, "", at, to);
    }
    w.state("permission-mode", "permissionMode", "acceptEdits", None);
}

fn answer(w: &mut Writer<'_>, heavy: &Heavy, needle: &str) {
    for _ in 0..w.random.below(4) {
        match w.random.below(20) {
            0..4 => {
                let line = format!(
                    "{{\"type\":\"api-request-shape\",\"body\":{},\"requestId\":\"r\"}}",
                    w.random.pick(&heavy.api)
                );
                w.raw(&line);
            }
            4..6 => {
                let text = w.random.pick(&heavy.snapshot);
                let start = format!(
                    "\"attachment\":{{\"type\":\"prompt_snapshot\",\"text\":{text}}},\"type\":\"attachment\""
                );
                w.chain(&start, "");
            }
            6 if w.random.chance(30) => {
                let length = w.random.between(100_000, heavy.base64.len());
                let start = format!(
                    "\"promptId\":\"p\",\"type\":\"user\",\"message\":{{\"role\":\"user\",\"content\":[{{\"type\":\"image\",\
                     \"source\":{{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"{}\"}}}}]}}",
                    &heavy.base64[..length]
                );
                w.chain(&start, "");
                w.out.talk = true;
            }
            _ => {
                w.assistant("{\"type\":\"tool_use\",\"id\":\"toolu_01\",\"name\":\"Read\",\"input\":{\"file_path\":\"/home/dana/src/x.rs\"}}");
                let result = w.random.pick(&heavy.result).clone();
                let start = format!(
                    "\"promptId\":\"p\",\"type\":\"user\",\"message\":{{\"role\":\"user\",\"content\":[{{\"tool_use_id\":\"toolu_01\",\
                     \"type\":\"tool_result\",\"content\":{result}}}]}}"
                );
                let end = format!(
                    ",\"toolUseResult\":{{\"type\":\"text\",\"file\":{{\"content\":{result},\"numLines\":3}}}}"
                );
                w.chain(&start, &end);
            }
        }
    }
    let bytes = w.random.between(40, 1500);
    let text = format!("{} {needle}", w.random.prose(bytes));
    let text = json!({"type": "text", "text": text}).to_string();
    w.assistant(&text);
}

fn damage(w: &mut Writer<'_>) {
    let case = w.random.below(1000);
    let out = &mut w.out;
    match case {
        0..30 => {
            // The last line was cut off while it was written.
            let body = out.bytes.trim_ascii_end().len();
            let last = out.bytes[..body].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            out.bytes.truncate(last + 20);
        }
        30..50 => {
            let end = out.bytes.trim_ascii_end().len();
            out.bytes.truncate(end);
        }
        50..60 => out.bytes.extend_from_slice(b"not json at all\n"),
        60..65 => out.bytes.extend_from_slice(&[0; 300]),
        65..75 => out.bytes.extend_from_slice(b"\xff\xfe{\"x\":\xc3\x28}\n"),
        75..80 => {
            let start = out.bytes.len().saturating_sub(5000);
            let from = out.bytes[start..]
                .iter()
                .position(|b| *b == b'\n')
                .map_or(out.bytes.len(), |at| start + at + 1);
            let shift = out.bytes.len() - from;
            out.bytes.extend_from_within(from..);
            let again: Vec<Fact> = out.facts.iter().filter(|fact| fact.from >= from).cloned().collect();
            out.facts.extend(again.into_iter().map(|fact| Fact {
                from: fact.from + shift,
                to: fact.to + shift,
                ..fact
            }));
        }
        _ => {}
    }
    let size = out.bytes.len();
    out.facts.retain(|fact| fact.to <= size + 1);
    // Read as it stands in the file, later facts last.
    out.facts.sort_by_key(|fact| fact.from);
}
