//! The one table of keys. Dispatch, footer, help, palette and the table in the
//! README all come from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::message::{Context, Intent};

/// A key as it is bound and compared: the shift of a character is in the
/// character already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// Whether with Ctrl.
    pub ctrl: bool,
}

impl Key {
    const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false }
    }

    const fn char(c: char) -> Self {
        Self { code: KeyCode::Char(c), ctrl: false }
    }

    const fn ctrl(c: char) -> Self {
        Self { code: KeyCode::Char(c), ctrl: true }
    }

    /// `None` for combinations that are never bound (Alt and the like).
    fn of(event: KeyEvent) -> Option<Self> {
        let rest = event.modifiers - KeyModifiers::SHIFT;
        let ctrl = rest == KeyModifiers::CONTROL;
        (ctrl || rest.is_empty()).then_some(Self { code: event.code, ctrl })
    }

    /// As written on a keycap.
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.ctrl => c.to_uppercase().to_string(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Enter => "Enter".to_owned(),
            KeyCode::Esc => "Esc".to_owned(),
            KeyCode::Tab => "Tab".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::Home => "Home".to_owned(),
            KeyCode::End => "End".to_owned(),
            KeyCode::F(n) => format!("F{n}"),
            other => format!("{other:?}"),
        };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }
}

/// Where a binding is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// In the footer, the palette and the help.
    Footer,
    /// In the palette and the help.
    Palette,
    /// In the help only: moving about needs no palette.
    Help,
    /// Nowhere: a switch for tests.
    Nowhere,
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// The keys, the one to show first; none for what only the palette runs.
    pub keys: &'static [Key],
    /// What they ask for.
    pub intent: Intent,
    /// What they do, in words.
    pub words: &'static str,
    /// Where it is told of.
    pub told: Told,
}

impl Binding {
    /// The key to show.
    pub fn key(&self) -> String {
        self.keys.first().map_or_else(|| self.command(), |key| key.name())
    }

    /// What finds it in the palette: its first word.
    fn command(&self) -> String {
        format!(":{}", self.words.split(' ').next().unwrap_or_default())
    }

    /// All keys, as the help shows them.
    pub fn all_keys(&self) -> String {
        if self.keys.is_empty() {
            return self.command();
        }
        self.keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ")
    }
}

const fn row(
    context: Context,
    keys: &'static [Key],
    intent: Intent,
    words: &'static str,
    told: Told,
) -> Binding {
    Binding { context, keys, intent, words, told }
}

const ENTER: Key = Key::plain(KeyCode::Enter);
const UP: Key = Key::plain(KeyCode::Up);
const DOWN: Key = Key::plain(KeyCode::Down);
const LEFT: Key = Key::plain(KeyCode::Left);
const RIGHT: Key = Key::plain(KeyCode::Right);
const TAB: Key = Key::plain(KeyCode::Tab);
const BACK_TAB: Key = Key::plain(KeyCode::BackTab);
const SPACE: Key = Key::char(' ');

/// Every key of the screen.
#[rustfmt::skip] // one row a key, whatever its length
pub const TABLE: &[Binding] = {
    use Context as C;
    use Intent as I;
    use Told::{Footer, Help, Nowhere, Palette};
    &[
        row(C::Sessions, &[ENTER], I::Publish, "publish", Footer),
        row(C::Sessions, &[Key::char('r')], I::ResumeHere, "resume here", Footer),
        row(C::Sessions, &[Key::char('/')], I::Filter, "filter", Footer),
        row(C::Sessions, &[Key::ctrl('f')], I::Search, "search text", Footer),
        row(C::Sessions, &[Key::char('P')], I::ToPhone, "to my phone", Footer),
        row(C::Sessions, &[Key::char('o')], I::OnlyProject, "this project", Footer),
        row(C::Sessions, &[Key::char('y')], I::CopyId, "copy id", Footer),
        row(C::Sessions, &[RIGHT, Key::char('l'), SPACE], I::ShowDetail, "read", Footer),
        row(C::Sessions, &[Key::char('t')], I::ToolDetail, "tool calls: none, a line, in brief, all", Palette),
        row(C::Sessions, &[Key::char('.')], I::ShowHidden, "show hidden", Palette),
        row(C::Sessions, &[LEFT, Key::char('h')], I::LeaveDetail, "back to the list", Help),

        row(C::Filter, &[ENTER], I::Accept, "keep the filter", Footer),
        row(C::Filter, &[UP], I::Up, "up", Help),
        row(C::Filter, &[DOWN], I::Down, "down", Help),

        row(C::Search, &[ENTER], I::Accept, "open it there", Footer),
        row(C::Search, &[UP], I::Up, "up", Help),
        row(C::Search, &[DOWN], I::Down, "down", Help),
        row(C::Search, &[Key::plain(KeyCode::PageUp)], I::PageUp, "a page up", Help),
        row(C::Search, &[Key::plain(KeyCode::PageDown)], I::PageDown, "a page down", Help),

        row(C::Results, &[ENTER, RIGHT, Key::char('l'), SPACE], I::ShowDetail, "open it there", Footer),
        row(C::Results, &[Key::ctrl('f'), Key::char('/')], I::Search, "new search", Footer),
        row(C::Results, &[Key::char('r')], I::ResumeHere, "resume here", Footer),
        row(C::Results, &[Key::char('o')], I::OnlyProject, "this project", Footer),
        row(C::Results, &[Key::char('y')], I::CopyId, "copy id", Palette),
        row(C::Results, &[Key::char('P')], I::ToPhone, "to my phone", Palette),
        row(C::Results, &[Key::char('.')], I::ShowHidden, "show hidden", Palette),

        row(C::Reading, &[ENTER], I::Publish, "publish", Footer),
        row(C::Reading, &[Key::char('r')], I::ResumeHere, "resume here", Footer),
        row(C::Reading, &[Key::char('/')], I::Find, "find", Footer),
        row(C::Reading, &[Key::ctrl('f')], I::Search, "search all conversations", Palette),
        row(C::Reading, &[Key::char('y')], I::CopyId, "copy id", Palette),
        row(C::Reading, &[Key::char('P')], I::ToPhone, "to my phone", Palette),
        row(C::Reading, &[LEFT, Key::char('h')], I::LeaveDetail, "back to the list", Help),

        row(C::Hit, &[ENTER], I::Publish, "publish", Footer),
        row(C::Hit, &[Key::char('n')], I::OlderHit, "older hit", Footer),
        row(C::Hit, &[Key::char('N')], I::NewerHit, "newer hit", Footer),
        row(C::Hit, &[Key::char('r')], I::ResumeHere, "resume here", Footer),
        row(C::Hit, &[Key::ctrl('f'), Key::char('/')], I::Search, "new search", Footer),
        row(C::Hit, &[Key::char('y')], I::CopyId, "copy id", Palette),
        row(C::Hit, &[Key::char('P')], I::ToPhone, "to my phone", Palette),
        row(C::Hit, &[LEFT, Key::char('h')], I::LeaveDetail, "back to the results", Help),

        row(C::Text, &[Key::char('t')], I::ToolDetail, "tool calls", Footer),
        row(C::Text, &[Key::char('[')], I::PreviousWords, "previous prompt", Footer),
        row(C::Text, &[Key::char(']')], I::NextWords, "next prompt", Footer),
        row(C::Text, &[Key::char('z')], I::FullWidth, "full width", Footer),

        row(C::Find, &[ENTER], I::Accept, "find", Footer),
        row(C::Found, &[Key::char('n')], I::OlderHit, "older match", Footer),
        row(C::Found, &[Key::char('N')], I::NewerHit, "newer match", Footer),

        row(C::PublishForm, &[ENTER], I::Accept, "publish", Footer),
        row(C::PublishForm, &[Key::ctrl('r')], I::Reveal, "show or hide the PIN", Palette),

        row(C::Handoffs, &[ENTER], I::ShowQr, "QR", Footer),
        row(C::Handoffs, &[Key::char('y')], I::CopyLink, "copy link", Footer),
        row(C::Handoffs, &[Key::char('e')], I::Extend, "extend", Footer),
        row(C::Handoffs, &[Key::char('u')], I::Announce, "announce now", Footer),
        row(C::Handoffs, &[Key::char('d')], I::Revoke, "revoke", Footer),
        row(C::Handoffs, &[Key::char('D')], I::RevokeAll, "revoke all", Footer),
        row(C::Handoffs, &[Key::char('o')], I::ShowEnded, "show ended", Footer),
        row(C::Handoffs, &[RIGHT, Key::char('l'), SPACE], I::ShowDetail, "details", Help),
        row(C::Handoffs, &[LEFT, Key::char('h')], I::LeaveDetail, "back to the list", Help),

        row(C::ExtendForm, &[ENTER], I::Accept, "extend", Footer),

        row(C::Inbox, &[ENTER], I::LookAt, "open", Footer),
        row(C::Inbox, &[Key::char('i'), Key::char('/')], I::TypeLink, "link or key", Footer),
        row(C::Inbox, &[Key::char('a')], I::AddContact, "add contact", Footer),
        row(C::Inbox, &[RIGHT, Key::char('l'), SPACE], I::ShowDetail, "details", Help),
        row(C::Inbox, &[LEFT, Key::char('h')], I::LeaveDetail, "back to the list", Help),

        row(C::PickupForm, &[ENTER], I::Accept, "find", Footer),
        row(C::PickupForm, &[Key::ctrl('r')], I::Reveal, "show or hide the PIN", Footer),

        row(C::Plans, &[ENTER], I::RunPlan, "pick up", Footer),
        row(C::Plans, &[Key::char('y')], I::CopyCommand, "copy the command", Footer),
        row(C::Plans, &[Key::char('v')], I::WholeCommand, "whole command", Footer),
        row(C::Plans, &[Key::char('a')], I::AddContact, "add contact", Footer),

        row(C::ContactForm, &[ENTER], I::Accept, "add", Footer),
        row(C::FolderForm, &[ENTER], I::Accept, "use it", Footer),

        row(C::KeyedQr, &[Key::char('p')], I::PhonePass, "phone pass", Footer),
        row(C::Qr, &[ENTER], I::Accept, "done", Footer),
        row(C::Qr, &[Key::char('y')], I::CopyText, "copy", Footer),
        row(C::Qr, &[TAB], I::NextContent, "other content", Footer),
        row(C::Qr, &[Key::char('f')], I::FullCells, "larger blocks", Footer),

        row(C::Failed, &[Key::char('r')], I::TryAgain, "try again", Footer),
        row(C::Undo, &[Key::char('u')], I::Undo, "undo the revoke", Footer),

        row(C::Help, &[UP], I::Up, "up", Help),
        row(C::Help, &[DOWN], I::Down, "down", Footer),
        row(C::Help, &[Key::plain(KeyCode::PageUp)], I::PageUp, "a page up", Help),
        row(C::Help, &[Key::plain(KeyCode::PageDown)], I::PageDown, "a page down", Help),

        row(C::Palette, &[ENTER], I::Accept, "run", Footer),
        row(C::Palette, &[UP], I::Up, "up", Footer),
        row(C::Palette, &[DOWN], I::Down, "down", Footer),

        row(C::Confirm, &[Key::char('y')], I::Yes, "yes", Footer),
        row(C::ConfirmOr, &[Key::char('e')], I::EndThere, "the other way", Footer),
        row(C::Confirm, &[Key::char('n')], I::No, "no", Footer),

        row(C::Unlock, &[ENTER], I::Accept, "unlock", Footer),
        row(C::Unlock, &[Key::ctrl('r')], I::Reveal, "show or hide", Footer),

        row(C::Welcome, &[ENTER], I::Accept, "go on", Footer),
        row(C::Welcome, &[Key::ctrl('r')], I::Reveal, "show or hide", Footer),

        row(C::Pair, &[Key::char('q')], I::Back, "cancel the pairing", Help),

        row(C::Fields, &[TAB, DOWN], I::NextField, "next field", Footer),
        row(C::Fields, &[BACK_TAB, UP], I::PreviousField, "previous field", Help),
        row(C::Choice, &[RIGHT, SPACE], I::NextChoice, "change", Footer),
        row(C::Choice, &[LEFT], I::PreviousChoice, "change back", Help),

        row(C::Moves, &[DOWN, Key::char('j')], I::Down, "down", Help),
        row(C::Moves, &[UP, Key::char('k')], I::Up, "up", Help),
        row(C::Moves, &[Key::plain(KeyCode::PageDown), Key::ctrl('d')], I::PageDown, "a page down", Help),
        row(C::Moves, &[Key::plain(KeyCode::PageUp), Key::ctrl('u')], I::PageUp, "a page up", Help),
        row(C::Moves, &[Key::plain(KeyCode::Home), Key::char('g')], I::First, "first", Help),
        row(C::Moves, &[Key::plain(KeyCode::End), Key::char('G')], I::Last, "last", Help),

        row(C::Browse, &[TAB], I::NextPane, "next pane", Footer),
        row(C::Browse, &[BACK_TAB], I::PreviousPane, "previous pane", Help),
        row(C::Panes, &[Key::char('1')], I::GoSessions, "Sessions", Palette),
        row(C::Panes, &[Key::char('2')], I::GoHandoffs, "Handoffs", Palette),
        row(C::Panes, &[Key::char('3')], I::GoPickup, "Pick up", Palette),
        row(C::Browse, &[Key::char('R'), Key::plain(KeyCode::F(5))], I::Refresh, "refresh", Footer),

        row(C::Browse, &[], I::Pair, "pair another device", Palette),

        row(C::Common, &[Key::char(':')], I::Palette, "commands", Footer),
        row(C::Common, &[Key::char('m')], I::Mouse, "mouse on or off (off: select text)", Palette),
        row(C::Common, &[Key::char('q')], I::Quit, "quit", Footer),
        row(C::Common, &[Key::char('?')], I::Help, "help", Footer),

        row(C::Always, &[Key::plain(KeyCode::Esc)], I::Back, "back, or cancel the running job", Help),
        row(C::Always, &[Key::plain(KeyCode::F(1))], I::Help, "help", Help),
        row(C::Always, &[Key::ctrl('p')], I::Palette, "commands", Help),
        row(C::Always, &[Key::ctrl('l')], I::Redraw, "redraw", Palette),
        row(C::Always, &[Key::ctrl('z')], I::Suspend, "suspend", Palette),
        row(C::Always, &[Key::ctrl('c')], I::Quit, "quit", Help),
        row(C::Always, &[Key::plain(KeyCode::F(12))], I::Panic, "panic", Nowhere),
    ]
};

/// The contexts whose keys hold while `context` has the focus, nearest first;
/// `choosing` when the focused field of a form is a choice.
pub fn chain(context: Context, choosing: bool) -> &'static [Context] {
    use Context as C;
    match (context, choosing) {
        (C::Sessions, _) => &[C::Sessions, C::Moves, C::Browse, C::Panes, C::Common, C::Always],
        (C::Handoffs, _) => &[C::Handoffs, C::Moves, C::Browse, C::Panes, C::Common, C::Always],
        (C::Inbox, _) => &[C::Inbox, C::Moves, C::Browse, C::Panes, C::Common, C::Always],
        (C::Plans, _) => &[C::Plans, C::Moves, C::Browse, C::Panes, C::Common, C::Always],
        (C::Filter, _) => &[C::Filter, C::Always],
        (C::Search, _) => &[C::Search, C::Always],
        (C::Results, _) => &[C::Results, C::Moves, C::Browse, C::Panes, C::Common, C::Always],
        (C::Reading, _) => &[C::Reading, C::Text, C::Moves, C::Browse, C::Panes, C::Common, C::Always],
        (C::Find, _) => &[C::Find, C::Always],
        (C::Found, _) => {
            &[C::Found, C::Reading, C::Text, C::Moves, C::Browse, C::Panes, C::Common, C::Always]
        }
        (C::Hit, _) => &[C::Hit, C::Text, C::Moves, C::Browse, C::Panes, C::Common, C::Always],
        (C::PublishForm, false) => &[C::PublishForm, C::Fields, C::Always],
        (C::PublishForm, true) => &[C::PublishForm, C::Choice, C::Fields, C::Always],
        (C::ExtendForm, _) => &[C::ExtendForm, C::Choice, C::Always],
        (C::PickupForm, _) => &[C::PickupForm, C::Fields, C::Always],
        (C::ContactForm, false) => &[C::ContactForm, C::Fields, C::Always],
        (C::ContactForm, true) => &[C::ContactForm, C::Choice, C::Fields, C::Always],
        (C::FolderForm, false) => &[C::FolderForm, C::Fields, C::Always],
        (C::FolderForm, true) => &[C::FolderForm, C::Choice, C::Fields, C::Always],
        (C::Qr, _) => &[C::Qr, C::Panes, C::Common, C::Always],
        (C::KeyedQr, _) => &[C::KeyedQr, C::Qr, C::Panes, C::Common, C::Always],
        (C::Help, _) => &[C::Help, C::Always],
        (C::Failed, _) => &[C::Failed, C::Always],
        (C::Undo, _) => &[C::Undo, C::Always],
        (C::Palette, _) => &[C::Palette, C::Always],
        (C::Confirm, _) => &[C::Confirm, C::Always],
        (C::ConfirmOr, _) => &[C::ConfirmOr, C::Confirm, C::Always],
        (C::Unlock, _) => &[C::Unlock, C::Always],
        (C::Pair, _) => &[C::Pair, C::Always],
        (C::PairAsked, _) => &[C::Confirm, C::Pair, C::Always],
        (C::Welcome, false) => &[C::Welcome, C::Fields, C::Always],
        (C::Welcome, true) => &[C::Welcome, C::Choice, C::Fields, C::Always],
        _ => &[C::Always],
    }
}

/// What `event` asks for in a chain of contexts; `None`: it is text, or nothing.
pub fn intent(contexts: &[Context], event: KeyEvent) -> Option<Intent> {
    let key = Key::of(event)?;
    contexts
        .iter()
        .find_map(|context| TABLE.iter().find(|row| row.context == *context && row.keys.contains(&key)))
        .map(|row| row.intent)
}

/// The rows of a chain, nearest context first, those told of in `told` places.
pub fn rows(contexts: &[Context], told: &[Told]) -> Vec<&'static Binding> {
    contexts
        .iter()
        .flat_map(|context| TABLE.iter().filter(move |row| row.context == *context))
        .filter(|row| told.contains(&row.told))
        .collect()
}

/// The groups of the help and of the README, in reading order.
pub const GROUPS: &[(&str, &[Context])] = {
    use Context as C;
    &[
        ("Sessions", &[C::Sessions]),
        ("Reading", &[C::Reading, C::Text]),
        ("Find in conversation", &[C::Find, C::Found]),
        ("Filter", &[C::Filter]),
        ("Search text", &[C::Search, C::Results]),
        ("Search result", &[C::Hit]),
        ("Publish form", &[C::PublishForm]),
        ("Handoffs", &[C::Handoffs]),
        ("Extend", &[C::ExtendForm]),
        ("Pick up", &[C::Inbox]),
        ("Link or key", &[C::PickupForm]),
        ("Open handoff", &[C::Plans]),
        ("QR", &[C::Qr, C::KeyedQr]),
        ("Add a contact", &[C::ContactForm]),
        ("Project folder", &[C::FolderForm]),
        ("Questions", &[C::Confirm, C::ConfirmOr]),
        ("Your key", &[C::Unlock, C::Welcome, C::Pair]),
        ("Fields of a form", &[C::Fields, C::Choice]),
        ("Moving", &[C::Moves]),
        ("Every pane", &[C::Browse, C::Panes]),
        ("A note", &[C::Failed, C::Undo]),
        ("This help", &[C::Help]),
        ("Everywhere", &[C::Common, C::Always]),
    ]
};

/// The whole table, for `cclink --help keys`.
pub fn help() -> String {
    let groups = GROUPS.iter().map(|(name, contexts)| {
        let rows = rows(contexts, &[Told::Footer, Told::Palette, Told::Help]);
        let lines = rows.iter().map(|row| format!("  {:<16}  {}\n", row.all_keys(), row.words));
        format!("{name}\n{}", lines.collect::<String>())
    });
    groups.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chains() -> Vec<&'static [Context]> {
        use Context as C;
        [
            C::Sessions,
            C::Filter,
            C::Search,
            C::Results,
            C::Reading,
            C::Hit,
            C::Find,
            C::Found,
            C::PublishForm,
            C::Handoffs,
            C::ExtendForm,
            C::Inbox,
            C::PickupForm,
            C::Plans,
            C::ContactForm,
            C::FolderForm,
            C::Qr,
            C::KeyedQr,
            C::Help,
            C::Palette,
            C::Confirm,
            C::ConfirmOr,
            C::Unlock,
            C::Welcome,
            C::Pair,
            C::PairAsked,
            C::Failed,
            C::Undo,
        ]
        .into_iter()
        .flat_map(|context| [chain(context, false), chain(context, true)])
        .collect()
    }

    #[test]
    fn no_key_is_bound_twice_where_it_could_be_meant_twice() {
        for chain in chains() {
            let mut seen: Vec<(Key, Intent)> = Vec::new();
            for row in
                chain.iter().flat_map(|context| TABLE.iter().filter(move |row| row.context == *context))
            {
                for key in row.keys {
                    let before = seen.iter().find(|(seen, _)| seen == key);
                    assert!(
                        before.is_none(),
                        "{} means {:?} and {:?} in {chain:?}",
                        key.name(),
                        before,
                        row.intent
                    );
                    seen.push((*key, row.intent));
                }
            }
        }
    }

    #[test]
    fn every_row_is_in_a_group_of_the_help() {
        for row in TABLE.iter().filter(|row| row.context != Context::Palette) {
            assert!(GROUPS.iter().any(|(_, contexts)| contexts.contains(&row.context)), "{row:?}");
        }
    }

    #[test]
    fn every_context_is_reached_by_a_chain() {
        for row in TABLE {
            assert!(chains().iter().any(|chain| chain.contains(&row.context)), "{row:?}");
        }
    }

    #[test]
    fn a_character_is_text_while_text_is_typed() {
        for c in ('!'..='~').chain([' ']) {
            let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            for context in [
                Context::Filter,
                Context::Find,
                Context::PublishForm,
                Context::PickupForm,
                Context::Palette,
                Context::Help,
                Context::Unlock,
            ] {
                assert_eq!(intent(chain(context, false), key), None, "{c} in {context:?}");
            }
        }
    }

    #[test]
    fn the_table_is_told_by_help() {
        let table = help();
        assert!(table.contains("Sessions\n  Enter             publish\n"));
        assert!(!table.contains("panic"));
    }
}
