//! The grammar of the command line; executes nothing.

pub(crate) mod handoff;
mod near;
mod plugin;
mod shell;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub use self::near::{asks_for_keys, command_advice, unknown_command};
pub use self::plugin::{HookEvent, PluginAction};
pub use self::shell::Shell;
use crate::handoff::{Hidden, Ttl};
use crate::resume::PlanKind;

const EXAMPLES: &str = "\
Examples:
  cclink                       the screen; inside Claude Code or a script: publish this directory's session
  cclink --ttl 4h --pin        publish with a PIN that is generated for you
  cclink pickup                pick up the newest handoff addressed to you
  cclink --demo                look around on a private network; nothing of yours is touched

`cclink --help keys` lists the keys of the screen.";

const SECRETS: &str = "\
A PIN or a link with a secret on the command line can be seen by other users of this machine:
`--pin` without a value asks for it, CCLINK_PIN holds it, and `cclink pickup -` reads a link from stdin.";

const PAIR_WORDS: &str = "\
The words work once and for ten minutes. Other users of this machine can see them on the
command line; `cclink pair -` reads them from stdin. The words alone give nobody the key:
both devices show six words, and it is sent only if you confirm that they match.";

/// Options whose value is in the user's own words.
const FREE_TEXT: [&str; 4] = ["--note", "--title", "--project", "--search"];

/// Move a Claude Code session to the device where you are now.
#[derive(Debug, Parser)]
#[command(name = "cclink", version, about, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Without a command: publish.
    #[command(flatten)]
    pub publish: PublishArgs,

    /// The screen with a private DHT, invented sessions and a second device; touches nothing of yours
    #[arg(long)]
    pub demo: bool,

    /// How to print.
    #[command(flatten)]
    pub output: Output,
}

/// How to print, for every command.
#[derive(Clone, Copy, Debug, Args)]
pub struct Output {
    /// Print one JSON value, and errors as JSON on stderr
    #[arg(long, global = true)]
    pub json: bool,

    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Publish a session as a handoff
    #[command(after_help = SECRETS)]
    Publish(PublishArgs),
    /// Publish a session and write its conversation to a sealed file, to be copied any way you like: `cclink pickup --from FILE`
    #[command(after_help = SECRETS)]
    Bundle(BundleArgs),
    /// Pick up a handoff: show it, and resume its session here or print the command
    #[command(after_help = SECRETS)]
    Pickup(PickupArgs),
    /// Show what you published (share, PIN and link handoffs: from this device)
    List {
        /// Show ended handoffs, too
        #[arg(long)]
        all: bool,
    },
    /// Show what happened to your handoffs on this device: published, picked up, burned, revoked, extended
    Log {
        /// Only what happened since then: 12h, 2d, 3w, today, or a date such as 2026-11-20
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
    },
    /// Revoke handoffs, so that they can no longer be picked up
    Revoke {
        /// Tokens, or unique prefixes of at least 4 characters; one of several people revokes all of them
        #[arg(value_name = "TOKEN")]
        tokens: Vec<String>,
        /// All active handoffs (share, PIN and link handoffs: of this device)
        #[arg(long, conflicts_with = "tokens")]
        all: bool,
        /// Do not ask for confirmation
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Show this device's public key, its key file and the network in use
    Whoami,
    /// Create this device's key
    Init {
        /// Import a key from a file, or `-` for stdin: 64 hexadecimal digits, 32 raw bytes, or a key file with a passphrase
        #[arg(long, value_name = "FILE|-")]
        import: Option<PathBuf>,
        /// Without a passphrase, and without asking for one
        #[arg(long)]
        no_passphrase: bool,
        /// Replace an existing key without asking; the old one is kept next to it
        #[arg(long, short = 'y', alias = "force")]
        yes: bool,
    },
    /// Give this device's key to another one of yours; there: `cclink pair WORDS`
    #[command(after_help = PAIR_WORDS)]
    Pair {
        /// On the other device: the four words that the first one shows; `-` reads them from stdin
        #[arg(value_name = "WORDS|-")]
        words: Vec<Hidden<String>>,
        /// On the other device: store the key without a passphrase, and without asking for one
        #[arg(long)]
        no_passphrase: bool,
        /// On the other device: replace its own key without asking; the old one is kept next to it
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Manage names for the people and devices you share with
    Contacts {
        /// What to do; without a command: list.
        #[command(subcommand)]
        action: Option<ContactsAction>,
    },
    /// Create the commented configuration file, or check it, and print its path
    Config,
    /// Resume a session of this machine: in its project's folder, or in its tmux window while it runs
    Resume {
        /// Its id, or a unique prefix of at least 4 characters: `cclink sessions` lists them
        session: String,
        /// As a copy with its own id (for one that is open elsewhere)
        #[arg(long)]
        fork: bool,
        /// Only print the command: the best one on stdout, notes on stderr
        #[arg(long)]
        print: bool,
    },
    /// Show local sessions, this directory's first
    Sessions {
        /// Only sessions with a message that contains all these words; filters: `project:`, `branch:`, `since:`
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Show SDK runs and sidechains too
        #[arg(long)]
        all: bool,
    },
    /// Report when a handoff arrives, and when one of yours is picked up or expires, until Ctrl-C
    Watch {
        /// Seconds between checks
        #[arg(long, hide = true, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=86_400))]
        every: u64,
    },
    /// Check this device: key, journal, Claude Code, network, terminal, SSH; says what to do
    Doctor {
        /// Repair what can be repaired, after asking
        #[arg(long)]
        fix: bool,
        /// Do not ask
        #[arg(long, short = 'y', requires = "fix")]
        yes: bool,
    },
    /// Keep active handoffs on the network until they expire: it forgets them after about two hours
    Keep {
        /// Announce everything once, then exit: for cron
        #[arg(long, conflicts_with_all = ["install", "remove"])]
        once: bool,
        /// Exit when no handoff is active, or another keeper runs
        #[arg(long, hide = true, conflicts_with_all = ["once", "install", "remove"])]
        while_alive: bool,
        /// Start it at login (systemd, launchd or cron): shows what it writes, and asks
        #[arg(long)]
        install: bool,
        /// Remove what `--install` wrote
        #[arg(long, conflicts_with = "install")]
        remove: bool,
        /// Install or remove without asking
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Add /cclink:handoff to Claude Code, or remove it
    Plugin {
        /// What to do.
        #[command(subcommand)]
        action: PluginAction,
    },
    /// Write the page that opens handoffs in a phone's browser, for any static host
    Web {
        /// A relay for the page to ask instead of the public ones; can be repeated
        #[arg(long = "relay", value_name = "URL")]
        relays: Vec<String>,
        /// Where to write it instead of stdout
        #[arg(long, value_name = "FILE", conflicts_with = "check")]
        out: Option<PathBuf>,
        /// Compare the page at an https address or in a file with the one in this cclink
        #[arg(long, value_name = "URL|FILE")]
        check: Option<String>,
    },
    /// Print shell completions: `source <(cclink completions bash)`
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man {
        /// Write the pages of all commands into this folder instead
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// What Claude Code's hooks call
    #[command(hide = true)]
    Hook {
        /// Which hook.
        #[command(subcommand)]
        event: HookEvent,
    },
    /// Run a private DHT on 127.0.0.1 until stopped; its first line is `bootstrap=HOST:PORT`
    Testnet {
        /// How many nodes
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(2..=64))]
        nodes: u8,
    },
}

/// How the conversation is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CarryArg {
    /// In a git remote
    Git,
    /// In a folder
    Folder,
    /// On a machine of yours that is always on
    Ssh,
    /// Not included
    No,
}

/// What to publish, and to whom.
#[derive(Clone, Debug, Default, Args)]
pub struct PublishArgs {
    /// Session id, or a unique prefix of at least 4 characters; without one: the session of this directory
    pub session: Option<String>,
    /// How long it lasts: 90m, 4h, 2d; 1 minute to 7 days [default: 8h, or as configured]
    #[arg(long)]
    pub ttl: Option<Ttl>,
    /// Anyone with the PIN can pick it up; without a value: `CCLINK_PIN`, or it is asked for or generated
    #[arg(long, value_name = "PIN", num_args = 0..=1, require_equals = true, conflicts_with_all = ["share", "link"])]
    pub pin: Option<Option<Hidden<String>>>,
    /// One-time: the first pickup removes it, and nobody can pick it up after that
    #[arg(long)]
    pub burn: bool,
    /// Only this person can pick it up: a contact's name or a public key; several, each once: `anna,ben`, or a team under `[teams]` in the configuration
    #[arg(long, value_name = "PUBKEY|CONTACT|TEAM[,…]", conflicts_with = "link")]
    pub share: Option<String>,
    /// Anyone with the link can pick it up
    #[arg(long)]
    pub link: bool,
    /// Name of the project in lists
    #[arg(long, value_name = "LABEL")]
    pub project: Option<String>,
    /// Title instead of the session's; empty for none
    #[arg(long)]
    pub title: Option<String>,
    /// A few words for the recipient
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// SSH address of this machine
    #[arg(long, value_name = "USER@HOST")]
    pub ssh: Option<String>,
    /// Include the conversation itself, sealed; without a value: as last chosen or configured
    #[arg(long, value_name = "WAY", num_args = 0..=1, require_equals = true)]
    pub carry: Option<Option<CarryArg>>,
    /// With the conversation, include work that is not committed or not pushed
    #[arg(long)]
    pub with_changes: bool,
    /// With the conversation, include the project's memory
    #[arg(long)]
    pub with_memory: bool,
    /// Skip questions: replaces a one-time handoff of this session, accepts where the sealed conversation goes
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// Show the QR code even without a terminal
    #[arg(long, conflicts_with = "no_qr")]
    pub qr: bool,
    /// Show no QR code
    #[arg(long)]
    pub no_qr: bool,
}

impl PublishArgs {
    /// Whether anything was said, so that bare `cclink` is not meant.
    pub fn says_anything(&self) -> bool {
        self.session.is_some()
            || self.ttl.is_some()
            || self.pin.is_some()
            || self.share.is_some()
            || self.project.is_some()
            || self.title.is_some()
            || self.note.is_some()
            || self.ssh.is_some()
            || self.burn
            || self.yes
            || self.link
            || self.qr
            || self.no_qr
    }
}

/// What to pick up, and how.
#[derive(Clone, Debug, Args)]
pub struct PickupArgs {
    /// A link, public key, contact or token; `-` reads it from stdin; without one: the newest addressed to you
    #[arg(value_name = "LINK|PUBKEY|CONTACT|TOKEN|-")]
    pub target: Option<Hidden<String>>,
    /// The PIN; without a value: `CCLINK_PIN`, or it is asked for
    #[arg(long, value_name = "PIN", num_args = 0..=1, require_equals = true)]
    pub pin: Option<Option<Hidden<String>>>,
    /// Resume it here and now, without asking
    #[arg(long, conflicts_with = "print")]
    pub exec: bool,
    /// Only print the command: the best one on stdout, notes on stderr
    #[arg(long)]
    pub print: bool,
    /// Continue in this way instead of the best one
    #[arg(long, value_name = "WAY")]
    pub plan: Option<PlanKind>,
    /// SSH address of its machine, when the handoff has none or a wrong one; remembered once it worked
    #[arg(long, value_name = "USER@HOST")]
    pub ssh: Option<String>,
    /// Its project's folder on this machine, when it is not known; remembered
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Clone its project when it is not on this machine: into --folder, or a new folder here
    #[arg(long)]
    pub clone: bool,
    /// Show the plain link as a QR code
    #[arg(long)]
    pub qr: bool,
    /// Read the conversation from this sealed file (`cclink bundle` writes it; `-` is stdin) and resume it here
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["print", "qr"])]
    pub from: Option<PathBuf>,
    /// When the session is brought here, include its project's memory
    #[arg(long)]
    pub with_memory: bool,
    /// Do not ask for confirmation
    #[arg(long, short = 'y')]
    pub yes: bool,
}

/// What `bundle` is told.
#[derive(Clone, Debug, Args)]
pub struct BundleArgs {
    /// Write the sealed file here; `-` is stdout
    #[arg(long = "output", short = 'o', value_name = "FILE|-")]
    pub file: PathBuf,
    /// Print the key that opens the file with `age -d`
    #[arg(long)]
    pub show_key: bool,
    /// What is published.
    #[command(flatten)]
    pub publish: PublishArgs,
}

/// What to do with contacts.
#[derive(Clone, Debug, Subcommand)]
pub enum ContactsAction {
    /// Add a name for a public key
    Add {
        /// A name without `/`, `#` or `:`
        name: String,
        /// `pk:` and 52 characters: `cclink whoami` prints it
        public_key: String,
        /// It is another key of yours
        #[arg(long)]
        mine: bool,
    },
    /// Remove a name
    Remove {
        /// The exact name
        name: String,
    },
    /// Show all names
    List,
}

/// Advice for the commonest slip: `--pin 4821` with a space.
pub const PIN_ADVICE: &str =
    "To give the PIN itself, write it behind `=`: --pin=PIN (a space ends the option).";

/// The command line as the grammar reads it: the command's word before options
/// that were written before it (`cclink --json --ttl 2h publish …`), so that
/// options stand where one likes, and free text behind its option.
pub fn arranged(args: Vec<OsString>) -> Vec<OsString> {
    let mut grammar = Cli::command();
    grammar.build();
    let args = command_first(&grammar, args);
    let command = args.get(1).and_then(|word| word.to_str()).and_then(|word| grammar.find_subcommand(word));
    free_text(command.unwrap_or(&grammar), args)
}

/// Free text may begin with a dash (`--note '- look'`): it is put behind its
/// option's `=`, unless it is an option of the command itself.
fn free_text(command: &clap::Command, args: Vec<OsString>) -> Vec<OsString> {
    let mut out: Vec<OsString> = Vec::with_capacity(args.len());
    let mut only_words = false;
    for arg in args {
        only_words = only_words || arg == "--";
        match out.last_mut() {
            Some(option)
                if !only_words
                    && FREE_TEXT.iter().any(|free| option == free)
                    && arg.as_encoded_bytes().starts_with(b"-")
                    && !is_option_of(command, &arg.to_string_lossy()) =>
            {
                option.push("=");
                option.push(arg);
            }
            _ => out.push(arg),
        }
    }
    out
}

/// Whether a word is one of the command's options, with or without a value.
fn is_option_of(command: &clap::Command, word: &str) -> bool {
    let is_short = |letter| command.get_arguments().any(|arg| arg.get_short() == Some(letter));
    match word.strip_prefix("--").map(|long| long.split_once('=').map_or(long, |(name, _)| name)) {
        Some(name) => command.get_arguments().any(|arg| {
            arg.get_long() == Some(name) || arg.get_all_aliases().unwrap_or_default().contains(&name)
        }),
        None => word.len() > 1 && word.chars().skip(1).all(is_short),
    }
}

fn command_first(grammar: &clap::Command, mut args: Vec<OsString>) -> Vec<OsString> {
    let is_command = |word: &str| grammar.get_subcommands().any(|command| command.get_name() == word);
    let mut at = 1;
    while let Some(arg) = args.get(at).and_then(|arg| arg.to_str()) {
        if is_command(arg) {
            let word = args.remove(at);
            args.insert(1, word);
            break;
        }
        if arg == "--" || !arg.starts_with('-') {
            break;
        }
        at += if takes_next_word(grammar, arg) { 2 } else { 1 };
    }
    args
}

/// Whether an option's value is the word behind it.
fn takes_next_word(grammar: &clap::Command, option: &str) -> bool {
    let Some(name) = option.strip_prefix("--").filter(|name| !name.contains('=')) else { return false };
    let commands = std::iter::once(grammar).chain(grammar.get_subcommands());
    let mut options = commands.flat_map(clap::Command::get_opts);
    options.any(|arg| arg.get_long() == Some(name) && !arg.is_require_equals_set())
}

/// Whether a word follows a bare `--pin`, as if it were the PIN.
pub fn has_spaced_pin(args: &[OsString]) -> bool {
    let options = args.iter().take_while(|arg| *arg != "--");
    options
        .zip(args.iter().skip(1))
        .any(|(option, value)| option == "--pin" && !value.to_string_lossy().starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("cclink").chain(line.split_whitespace()))
    }

    #[test]
    fn the_grammar_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_words() {
        let id = "11111111-2222-4333-8444-555555555555";
        for line in [
            format!("{id} --ttl 4h --burn"),
            format!("--burn --ttl=4h {id}"),
            format!("--burn --ttl 4h -- {id}"),
        ] {
            let cli = parse(&line).unwrap();
            assert_eq!(cli.publish.session.as_deref(), Some(id), "{line}");
            assert!(cli.publish.burn && cli.publish.ttl.unwrap().seconds() == 14_400);
        }
        let Some(Command::Pickup(pickup)) = parse("pickup --pin --yes anna --json").unwrap().command else {
            panic!("pickup")
        };
        assert_eq!((pickup.target, pickup.pin), (Some("anna".into()), Some(None)));
        assert!(parse("publish --pin=x --link").is_err());
        // What could be revoked is told by the command itself.
        assert!(parse("revoke").is_ok() && parse("revoke --all dyyy").is_err());
        assert!(parse("pickup --exec --print").is_err());
    }

    #[test]
    fn the_command_may_stand_behind_its_options() {
        let moved = |line: &str| {
            let args = arranged(line.split_whitespace().map(OsString::from).collect());
            args.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ")
        };
        for (typed, read) in [
            ("cclink --json --ttl 2h publish x", "cclink publish --json --ttl 2h x"),
            ("cclink --yes revoke d123", "cclink revoke --yes d123"),
            ("cclink --pin pickup anna", "cclink pickup --pin anna"),
            ("cclink --note list", "cclink --note list"),
            ("cclink -- list", "cclink -- list"),
            ("cclink x list", "cclink x list"),
        ] {
            assert_eq!(moved(typed), read);
        }
    }

    #[test]
    fn free_text_may_begin_with_a_dash() {
        for (typed, read) in [
            (vec!["--note", "- look"], vec!["--note=- look"]),
            (vec!["publish", "--title", "-x", "--burn"], vec!["publish", "--title=-x", "--burn"]),
            (vec!["--project", "-p", "publish"], vec!["publish", "--project=-p"]),
            (vec!["sessions", "--search", "-flag"], vec!["sessions", "--search=-flag"]),
            (vec!["sessions", "--search", "--nonsense"], vec!["sessions", "--search=--nonsense"]),
            (vec!["--note", "-"], vec!["--note=-"]),
            // An option of the command is one.
            (vec!["--note", "--burn"], vec!["--note", "--burn"]),
            (vec!["publish", "--note", "--ttl=2h"], vec!["publish", "--note", "--ttl=2h"]),
            (vec!["sessions", "--search", "--json"], vec!["sessions", "--search", "--json"]),
            (vec!["--note", "-h"], vec!["--note", "-h"]),
            (vec!["--", "--note", "-x"], vec!["--", "--note", "-x"]),
            (vec!["--note", "--", "-x"], vec!["--note", "--", "-x"]),
        ] {
            let words = |words: Vec<&str>| -> Vec<OsString> {
                std::iter::once("cclink").chain(words).map(OsString::from).collect()
            };
            assert_eq!(arranged(words(typed)), words(read));
        }
    }

    #[test]
    fn a_pin_behind_a_space_is_noticed() {
        let spaced =
            |line: &str| has_spaced_pin(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>());
        assert!(spaced("cclink --pin 4821"));
        assert!(!spaced("cclink --pin=4821"));
        assert!(!spaced("cclink --pin --burn"));
        assert!(!spaced("cclink -- --pin 4821"));
    }

    #[test]
    fn what_is_secret_on_a_command_line_is_not_printed() {
        for line in [
            "--pin=velvet-orbit",
            "publish --pin=velvet-orbit",
            "pickup pk:velvet-orbit --pin=velvet-orbit",
            "pair velvet-orbit velvet orbit",
        ] {
            let cli = parse(line).unwrap();
            assert!(!format!("{cli:?} {cli:#?}").contains("velvet"), "{line}: {cli:?}");
        }
    }
}
