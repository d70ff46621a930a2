//! Which key or click a whole sequence is. What is no key of a keyboard, no
//! click and no focus is nothing: an answer, whoever asked for it.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};

/// Numbers of a sequence that are looked at; each may have parts behind colons.
const NUMBERS: usize = 4;
/// Unicode's private use area, where kitty's protocol has its other keys.
const PRIVATE_USE: std::ops::RangeInclusive<u32> = 57_344..=63_743;

/// A press of a key.
pub fn press(code: KeyCode, modifiers: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new(code, modifiers))
}

/// The key of one control byte.
pub fn control(byte: u8, also: KeyModifiers) -> Event {
    let ctrl = |c: u8| (KeyCode::Char(char::from(c)), KeyModifiers::CONTROL);
    let (code, modifiers) = match byte {
        b'\r' => (KeyCode::Enter, KeyModifiers::NONE),
        b'\t' => (KeyCode::Tab, KeyModifiers::NONE),
        0x1b => (KeyCode::Esc, KeyModifiers::NONE),
        0x7f => (KeyCode::Backspace, KeyModifiers::NONE),
        0 => ctrl(b' '),
        1..=0x1a => ctrl(byte - 1 + b'a'),
        _ => ctrl((byte & 0x1f) - 0x1c + b'4'),
    };
    press(code, modifiers | also)
}

/// The key of one character.
pub fn character(c: char, also: KeyModifiers) -> Event {
    let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    press(KeyCode::Char(c), shift | also)
}

/// The key behind `ESC O`, where application keys are on.
pub fn ss3(byte: u8) -> Option<Event> {
    let code = match byte {
        b'A'..=b'H' => letter(byte)?,
        b'P'..=b'S' => KeyCode::F(byte - b'P' + 1),
        b'M' => KeyCode::Enter,
        b'I' => KeyCode::Tab,
        b'X' => KeyCode::Char('='),
        b'j'..=b'y' => KeyCode::Char(char::from(byte - 0x40)),
        _ => return None,
    };
    Some(press(code, KeyModifiers::NONE))
}

/// The key behind `ESC [ [` on the Linux console.
pub fn linux(byte: u8) -> Option<Event> {
    matches!(byte, b'A'..=b'E').then(|| press(KeyCode::F(byte - b'A' + 1), KeyModifiers::NONE))
}

/// What a control sequence is, by its parameters and its last byte.
pub fn csi(params: &[u8], last: u8) -> Option<Event> {
    if let Some(report) = params.strip_prefix(b"<") {
        return mouse_1006(report, last);
    }
    // other private ones, and those with intermediate bytes, are answers
    if params.iter().any(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':')) {
        return None;
    }
    let numbers = Numbers::read(params)?;
    match last {
        b'I' if params.is_empty() => Some(Event::FocusGained),
        b'O' if params.is_empty() => Some(Event::FocusLost),
        b'Z' => Some(press(KeyCode::BackTab, KeyModifiers::SHIFT)),
        b'M' => mouse_1015(&numbers),
        b'~' if numbers.at(0, 0) == 27 => {
            // xterm's modifyOtherKeys
            let (modifiers, _) = numbers.modifiers(1);
            key_of_code(numbers.at(2, 0), 0, modifiers, KeyEventKind::Press)
        }
        b'~' => numbers.key(tilde(numbers.at(0, 0))?, 1),
        b'u' if !params.is_empty() => {
            let (modifiers, kind) = numbers.modifiers(1);
            key_of_code(numbers.at(0, 0), numbers.at(0, 1), modifiers, kind)
        }
        // `R` would be F3 too, but is what a question for the cursor is answered with
        b'A'..=b'H' | b'P' | b'Q' | b'S' if numbers.at(0, 0) <= 1 => numbers.key(letter(last)?, 1),
        _ => None,
    }
}

/// The click of the three bytes behind `ESC [ M`.
pub fn mouse_x10(bytes: [u8; 3]) -> Option<Event> {
    let [buttons, column, row] = bytes.map(|byte| u32::from(byte.saturating_sub(32)));
    mouse(buttons, column, row, None)
}

fn letter(byte: u8) -> Option<KeyCode> {
    Some(match byte {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'E' => KeyCode::KeypadBegin,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'S' => KeyCode::F(4),
        _ => return None,
    })
}

fn tilde(number: u32) -> Option<KeyCode> {
    let f = |from: u32, first: u8| u8::try_from(number - from).map(|by| KeyCode::F(first + by)).ok();
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => f(11, 1),
        17..=21 => f(17, 6),
        23..=26 => f(23, 11),
        28 | 29 => f(28, 15),
        31..=34 => f(31, 17),
        _ => None,
    }
}

/// The key that is named by the code of its character (`CSI u`).
fn key_of_code(code: u32, shifted: u32, modifiers: KeyModifiers, kind: KeyEventKind) -> Option<Event> {
    let shift = modifiers.contains(KeyModifiers::SHIFT);
    let code = match code {
        13 | 57_414 => KeyCode::Enter,
        9 if shift => KeyCode::BackTab,
        9 => KeyCode::Tab,
        27 => KeyCode::Esc,
        8 | 127 => KeyCode::Backspace,
        57_376..=57_398 => KeyCode::F(u8::try_from(code - 57_376).ok()? + 13),
        57_399..=57_408 => KeyCode::Char(char::from_digit(code - 57_399, 10)?),
        57_409..=57_413 => KeyCode::Char(char::from(b"./*-+"[usize::try_from(code - 57_409).ok()?])),
        57_415 => KeyCode::Char('='),
        57_417 => KeyCode::Left,
        57_418 => KeyCode::Right,
        57_419 => KeyCode::Up,
        57_420 => KeyCode::Down,
        57_421 => KeyCode::PageUp,
        57_422 => KeyCode::PageDown,
        57_423 => KeyCode::Home,
        57_424 => KeyCode::End,
        57_425 => KeyCode::Insert,
        57_426 => KeyCode::Delete,
        57_427 => KeyCode::KeypadBegin,
        _ if PRIVATE_USE.contains(&code) => return None,
        _ => KeyCode::Char(cased(code, shifted, shift).filter(|c| !c.is_control())?),
    };
    Some(key(code, modifiers, kind))
}

/// The character as it is typed: a binding has its shift in the character.
fn cased(code: u32, shifted: u32, shift: bool) -> Option<char> {
    let c = char::from_u32(code)?;
    let mut upper = c.to_uppercase();
    match (shift, shifted, upper.len()) {
        (true, 0, 1) => upper.next(),
        (true, 1.., _) => char::from_u32(shifted),
        _ => Some(c),
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers, kind: KeyEventKind) -> Event {
    Event::Key(KeyEvent { code, modifiers, kind, state: KeyEventState::NONE })
}

fn mouse_1006(report: &[u8], last: u8) -> Option<Event> {
    let released = match last {
        b'M' => false,
        b'm' => true,
        _ => return None,
    };
    let numbers = Numbers::read(report).filter(|numbers| numbers.len == 3)?;
    mouse(numbers.at(0, 0), numbers.at(1, 0), numbers.at(2, 0), Some(released))
}

fn mouse_1015(numbers: &Numbers) -> Option<Event> {
    let buttons = numbers.at(0, 0).checked_sub(32).filter(|_| numbers.len == 3)?;
    mouse(buttons, numbers.at(1, 0), numbers.at(2, 0), None)
}

/// A click, a move or a turn of the wheel; places are counted from 1. Older
/// reports tell a release as button 3.
fn mouse(buttons: u32, column: u32, row: u32, released: Option<bool>) -> Option<Event> {
    let (low, moves) = (buttons & 3, buttons & 32 != 0);
    let button = match low {
        0 => MouseButton::Left,
        1 => MouseButton::Middle,
        _ => MouseButton::Right,
    };
    let kind = match (buttons >> 6, moves, low) {
        (0, true, 3) => MouseEventKind::Moved,
        (0, true, _) => MouseEventKind::Drag(button),
        (0, false, 3) => MouseEventKind::Up(MouseButton::Left),
        (0, false, _) if released == Some(true) => MouseEventKind::Up(button),
        (0, false, _) => MouseEventKind::Down(button),
        (1, false, 0) => MouseEventKind::ScrollUp,
        (1, false, 1) => MouseEventKind::ScrollDown,
        (1, false, 2) => MouseEventKind::ScrollLeft,
        (1, false, 3) => MouseEventKind::ScrollRight,
        _ => return None,
    };
    let mut modifiers = KeyModifiers::NONE;
    modifiers.set(KeyModifiers::SHIFT, buttons & 4 != 0);
    modifiers.set(KeyModifiers::ALT, buttons & 8 != 0);
    modifiers.set(KeyModifiers::CONTROL, buttons & 16 != 0);
    let place = |at: u32| u16::try_from(at.saturating_sub(1)).unwrap_or(u16::MAX);
    Some(Event::Mouse(MouseEvent { kind, column: place(column), row: place(row), modifiers }))
}

/// The numbers of a control sequence; a missing one is 0.
struct Numbers {
    of: [[u32; 2]; NUMBERS],
    len: usize,
}

impl Numbers {
    /// `None` where one is larger than any that means something.
    fn read(params: &[u8]) -> Option<Self> {
        let mut numbers = Self { of: [[0; 2]; NUMBERS], len: 0 };
        if params.is_empty() {
            return Some(numbers);
        }
        for number in params.split(|byte| *byte == b';') {
            for (place, part) in number.split(|byte| *byte == b':').enumerate() {
                let digits = part.iter().try_fold(0u32, |sum, digit| {
                    let digit = char::from(*digit).to_digit(10)?;
                    sum.checked_mul(10)?.checked_add(digit)
                })?;
                if let Some(slot) = numbers.of.get_mut(numbers.len).and_then(|parts| parts.get_mut(place)) {
                    *slot = digits;
                }
            }
            numbers.len += 1;
        }
        Some(numbers)
    }

    fn at(&self, number: usize, part: usize) -> u32 {
        self.of.get(number).and_then(|parts| parts.get(part)).copied().unwrap_or(0)
    }

    /// Modifiers, and whether the key was pressed, repeated or released.
    fn modifiers(&self, at: usize) -> (KeyModifiers, KeyEventKind) {
        const NAMES: [KeyModifiers; 6] = [
            KeyModifiers::SHIFT,
            KeyModifiers::ALT,
            KeyModifiers::CONTROL,
            KeyModifiers::SUPER,
            KeyModifiers::HYPER,
            KeyModifiers::META,
        ];
        let bits = self.at(at, 0).saturating_sub(1);
        let held = NAMES.into_iter().enumerate().filter(|(bit, _)| bits & 1 << bit != 0);
        let kind = match self.at(at, 1) {
            2 => KeyEventKind::Repeat,
            3 => KeyEventKind::Release,
            _ => KeyEventKind::Press,
        };
        (held.map(|(_, name)| name).collect(), kind)
    }

    fn key(&self, code: KeyCode, modifiers: usize) -> Option<Event> {
        let (modifiers, kind) = self.modifiers(modifiers);
        (self.len <= 2).then(|| key(code, modifiers, kind))
    }
}
