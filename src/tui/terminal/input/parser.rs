//! Bytes of the terminal to keys, clicks and pastes. All that is none of these
//! is swallowed whole: a terminal answers whoever asked, also a program that
//! ran before us, and an answer that is read as typing presses keys.
//!
//! However it is cut into reads, a sequence stays one. What tells an end is, in
//! this order, the sequence itself; a key Ctrl-C that comes alone; and a time
//! without a byte. Four keys look like a beginning: `Alt-[`, `Alt-O`, and those
//! of a string (`Alt-]`, `Alt-P`, `Alt-X`, `Alt-^`, `Alt-_`). None of them is
//! bound here, so each is taken for one: it is dropped, with what follows it at
//! once.

use std::mem::take;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyModifiers};

use super::keys;

/// A lone Esc is one when nothing has followed it for so long.
const ESC: Duration = Duration::from_millis(30);
/// Whatever else has begun is over when nothing has followed for so long.
const GAP: Duration = Duration::from_secs(1);
/// The same for what is longer than [`MOST`].
const SHORT_GAP: Duration = Duration::from_millis(100);
/// After an Esc was told, so long what could be the rest of a sequence is one.
const LATE: Duration = Duration::from_millis(500);
/// Bytes of a paste that are kept, and of a string that may come slowly.
const MOST: usize = 1 << 20;
/// Bytes of a control sequence that are kept: no key has as many.
const PARAMS: usize = 48;
/// How a paste ends.
const PASTE_END: &[u8] = b"\x1b[201~";
const CTRL_C: u8 = 3;

/// What has begun and is not over.
#[derive(Debug, Default)]
enum State {
    /// Nothing.
    #[default]
    Ground,
    /// A character of several bytes.
    Utf8 { bytes: [u8; 4], len: usize, alt: bool },
    /// An Esc: a key, or the beginning of something.
    Escape,
    /// An Esc was told, or ended a string; its sequence may still come.
    Told,
    /// `ESC [`, and parameters.
    Csi { params: [u8; PARAMS], len: usize },
    /// `ESC O`.
    Ss3,
    /// `ESC [ [`, a function key of the Linux console.
    Linux,
    /// `ESC [ M`, and three bytes.
    Mouse { bytes: [u8; 3], len: usize },
    /// OSC, DCS, APC, PM or SOS. `wide` bytes of a character are to come, which
    /// may look like an 8-bit end.
    Text { len: usize, esc: bool, wide: u8 },
    /// A bracketed paste; `matched` bytes of its end came, and `told` is true
    /// once it has grown too long.
    Paste { text: Vec<u8>, matched: usize, told: bool },
}

/// Turns bytes into events, piece by piece.
#[derive(Debug, Default)]
pub struct Parser {
    state: State,
    last: Option<Instant>,
}

impl Parser {
    /// Takes the bytes of one read.
    pub fn feed(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<Event>) {
        let late = self.last.is_none_or(|last| now.saturating_duration_since(last) > LATE);
        if late && matches!(self.state, State::Told) {
            self.state = State::Ground;
        }
        if bytes == [CTRL_C] && self.holds_keys_back() {
            self.finish(out);
        }
        self.last = Some(now);
        for &byte in bytes {
            self.state = step(take(&mut self.state), byte, out);
        }
    }

    /// When [`Parser::expire`] is due, if nothing comes until then.
    pub fn deadline(&self) -> Option<Instant> {
        let wait = match &self.state {
            State::Ground | State::Utf8 { .. } | State::Told => return None,
            State::Escape | State::Text { esc: true, .. } => ESC,
            State::Paste { told: true, .. } => SHORT_GAP,
            State::Text { len, .. } if *len > MOST => SHORT_GAP,
            _ => GAP,
        };
        self.last.map(|last| last + wait)
    }

    /// Nothing has come for as long as it could be waited for.
    pub fn expire(&mut self, out: &mut Vec<Event>) {
        match self.state {
            State::Escape => {
                out.push(keys::press(KeyCode::Esc, KeyModifiers::NONE));
                self.state = State::Told;
            }
            State::Text { esc: true, .. } => self.state = State::Told,
            _ => self.finish(out),
        }
    }

    /// Whether something has begun whose bytes are no keys.
    pub fn holds_keys_back(&self) -> bool {
        !matches!(self.state, State::Ground | State::Utf8 { .. } | State::Told | State::Escape)
    }

    /// Whatever has begun is over; of a paste, what came of it counts.
    fn finish(&mut self, out: &mut Vec<Event>) {
        if let State::Paste { text, told: false, .. } = take(&mut self.state) {
            out.push(paste(&text));
        }
    }
}

fn paste(text: &[u8]) -> Event {
    Event::Paste(String::from_utf8_lossy(text).into_owned())
}

fn step(state: State, byte: u8, out: &mut Vec<Event>) -> State {
    match state {
        State::Utf8 { bytes, len, alt } => utf8(bytes, len, alt, byte, out),
        State::Escape => escape(byte, out),
        State::Told if matches!(byte, b'[' | b']' | b'P' | b'X' | b'^' | b'_' | b'O' | b'\\') => {
            escape(byte, out)
        }
        State::Ground | State::Told => ground(byte, out),
        State::Csi { params, len } => csi(params, len, byte, out),
        State::Ss3 => match byte {
            // modifiers, as old terminals write them
            b'0'..=b';' => State::Ss3,
            0x21..=0x7e => tell(keys::ss3(byte), out),
            _ => ground(byte, out),
        },
        State::Linux => tell(keys::linux(byte), out),
        State::Mouse { mut bytes, len } => {
            if byte < b' ' {
                return ground(byte, out);
            }
            bytes[len] = byte;
            if len + 1 < bytes.len() {
                return State::Mouse { bytes, len: len + 1 };
            }
            tell(keys::mouse_x10(bytes), out)
        }
        State::Text { len, esc, wide } => text(len, esc, wide, byte, out),
        State::Paste { text, matched, told } => pasted(text, matched, told, byte, out),
    }
}

fn tell(event: Option<Event>, out: &mut Vec<Event>) -> State {
    out.extend(event);
    State::Ground
}

fn ground(byte: u8, out: &mut Vec<Event>) -> State {
    match byte {
        0x1b => State::Escape,
        0..=0x1f | 0x7f => tell(Some(keys::control(byte, KeyModifiers::NONE)), out),
        b' '..=b'~' => tell(Some(keys::character(char::from(byte), KeyModifiers::NONE)), out),
        _ => wide(byte, false),
    }
}

/// A byte above ASCII begins a character, or is a control of 8 bits.
fn wide(byte: u8, alt: bool) -> State {
    match byte {
        0xc2..=0xf4 => State::Utf8 { bytes: [byte, 0, 0, 0], len: 1, alt },
        0x80..=0x9f => c1(byte),
        _ => State::Ground,
    }
}

/// A control of 8 bits. Those that begin nothing are no keys.
fn c1(byte: u8) -> State {
    match byte {
        0x8f => State::Ss3,
        0x9b => State::Csi { params: [0; PARAMS], len: 0 },
        0x90 | 0x98 | 0x9d..=0x9f => State::Text { len: 0, esc: false, wide: 0 },
        _ => State::Ground,
    }
}

fn utf8(mut bytes: [u8; 4], len: usize, alt: bool, byte: u8, out: &mut Vec<Event>) -> State {
    if byte & 0xc0 != 0x80 {
        // the character broke off
        return ground(byte, out);
    }
    bytes[len] = byte;
    let len = len + 1;
    if len < 1 + following(bytes[0]) {
        return State::Utf8 { bytes, len, alt };
    }
    let c = std::str::from_utf8(&bytes[..len]).ok().and_then(|text| text.chars().next());
    let also = if alt { KeyModifiers::ALT } else { KeyModifiers::NONE };
    match c {
        Some(c) if c.is_control() => c1(bytes[1]),
        Some(c) => tell(Some(keys::character(c, also)), out),
        None => State::Ground,
    }
}

/// How many bytes follow the first one of a character.
fn following(first: u8) -> usize {
    match first {
        0xc2..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf4 => 3,
        _ => 0,
    }
}

/// What follows an Esc at once.
fn escape(byte: u8, out: &mut Vec<Event>) -> State {
    match byte {
        0x1b => {
            out.push(keys::press(KeyCode::Esc, KeyModifiers::NONE));
            State::Escape
        }
        b'[' => c1(0x9b),
        b'O' => c1(0x8f),
        b']' | b'P' | b'X' | b'^' | b'_' => c1(0x9d),
        // the end of a string that was given up
        b'\\' => State::Ground,
        0..=0x1f | 0x7f => tell(Some(keys::control(byte, KeyModifiers::ALT)), out),
        b' '..=b'~' => tell(Some(keys::character(char::from(byte), KeyModifiers::ALT)), out),
        _ => wide(byte, true),
    }
}

fn csi(mut params: [u8; PARAMS], len: usize, byte: u8, out: &mut Vec<Event>) -> State {
    match byte {
        0x1b => State::Escape,
        0x20..=0x3f => {
            if let Some(slot) = params.get_mut(len) {
                *slot = byte;
            }
            State::Csi { params, len: len.saturating_add(1) }
        }
        b'[' if len == 0 => State::Linux,
        b'M' if len == 0 => State::Mouse { bytes: [0; 3], len: 0 },
        0x40..=0x7e => match params.get(..len) {
            Some(b"200") if byte == b'~' => State::Paste { text: Vec::new(), matched: 0, told: false },
            Some(params) => tell(keys::csi(params, byte), out),
            None => State::Ground,
        },
        // cancelled, or broken: what broke it is no key
        0..=0x1f => State::Ground,
        0x7f => State::Csi { params, len },
        _ => ground(byte, out),
    }
}

/// Inside a string: nothing of it is kept.
fn text(len: usize, esc: bool, wide: u8, byte: u8, out: &mut Vec<Event>) -> State {
    let len = len.saturating_add(1);
    if esc {
        // any other sequence ends the string as well, and begins
        return if byte == 0x1b { State::Text { len, esc, wide: 0 } } else { escape(byte, out) };
    }
    let wide = match byte {
        // BEL, CAN, SUB
        0x07 | 0x18 | 0x1a => return State::Ground,
        // ST of 8 bits, alone or as a character
        0x9c if wide == 0 || wide == u8::MAX => return State::Ground,
        0xc2 => u8::MAX,
        0x80..=0xbf if wide < u8::MAX => wide.saturating_sub(1),
        _ => u8::try_from(following(byte)).unwrap_or(0),
    };
    State::Text { len, esc: byte == 0x1b, wide }
}

fn pasted(mut text: Vec<u8>, matched: usize, told: bool, byte: u8, out: &mut Vec<Event>) -> State {
    let ends = PASTE_END.get(matched) == Some(&byte);
    if ends && matched + 1 == PASTE_END.len() {
        if !told {
            out.push(paste(&text));
        }
        return State::Ground;
    }
    if ends {
        return State::Paste { text, matched: matched + 1, told };
    }
    if told {
        return State::Paste { text, matched: usize::from(byte == 0x1b), told };
    }
    // what looked like the end was text
    text.extend_from_slice(&PASTE_END[..matched]);
    if byte == 0x1b {
        return State::Paste { text, matched: 1, told };
    }
    text.push(byte);
    if text.len() < MOST {
        return State::Paste { text, matched: 0, told };
    }
    out.push(paste(&text));
    State::Paste { text: Vec::new(), matched: 0, told: true }
}

#[cfg(test)]
mod tests;
