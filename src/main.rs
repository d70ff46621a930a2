//! Installs hooks, chooses screen or command, maps an error to its exit code.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use cclink::cli::{self, Cli, Color, Command};
use cclink::commands::{self, Context, Error, Printer, Result};
use cclink::demo::{Demo, Ring};
use cclink::tui;
use clap::Parser;
use color_eyre::config::Theme;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn env(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// What to do when the program itself is at fault.
const AFTER_A_PANIC: &str = "This is a bug in cclink. Nothing you published is lost: start it again and run \
    `cclink list` to check. Please report it, with the output above and what you were doing.";

fn main() -> ExitCode {
    keep_memory_private();
    let args: Vec<OsString> = std::env::args_os().collect();
    if commands::complete(&args) {
        return ExitCode::SUCCESS;
    }
    let args = cli::arranged(args);
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&args, &error),
    };
    if let Some(Command::Hook { event }) = &cli.command {
        return commands::hook(event, &env);
    }
    let printer = Printer::new(cli.output, &env);
    let colours = std::io::stderr().is_terminal() && env("NO_COLOR").is_none();
    let theme = if colours { Theme::dark() } else { Theme::new() };
    let ended = color_eyre::config::HookBuilder::default()
        .theme(theme)
        .panic_section(AFTER_A_PANIC)
        .install()
        .map_err(|error| Error::failed(error.to_string()))
        .and_then(|()| start_log())
        .and_then(|()| tokio::runtime::Runtime::new().map_err(|error| Error::failed(error.to_string())))
        .and_then(|runtime| {
            let result = runtime.block_on(run(cli, printer));
            // Threads that still read a disk or resolve a name are not waited for.
            runtime.shutdown_background();
            result
        });
    match ended {
        Ok(code) => code,
        Err(error) => {
            printer.last_words(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// A key may be open in it: no core file is written, and no other program of the
/// user looks into it. What this program starts writes no core file either unless
/// it asks for one; looking into that is allowed again by its start.
fn keep_memory_private() {
    // where the system refuses, the rest of the program does no less for the key
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Core);
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..limit });
    }
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

async fn run(cli: Cli, printer: Printer) -> Result<ExitCode> {
    if cli.demo {
        return demo(cli.output.color).await;
    }
    let done = match &cli.command {
        Some(Command::Testnet { nodes }) => testnet(*nodes).await,
        Some(Command::Completions { shell }) => commands::completions(printer, *shell),
        Some(Command::Man { out }) => commands::man(printer, out.as_deref()),
        _ => return with_service(cli, printer).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}

async fn with_service(cli: Cli, printer: Printer) -> Result<ExitCode> {
    let service = match &cli.command {
        Some(Command::Doctor { .. }) => commands::open_to_look(&env)?,
        _ => commands::open(&env)?,
    };
    // A deleted one stops only what needs it.
    let cwd = std::env::current_dir().unwrap_or_default();
    let context = Context { service: &service, printer, cwd: &cwd, env: &env };
    let command = match cli.command {
        Some(command) => command,
        None if cli.publish.says_anything() || cli.output.json || !on_terminal() => {
            Command::Publish(cli.publish)
        }
        None => {
            let options = tui::Options {
                cwd,
                home: service.home().map(Into::into),
                theme: theme(&service)?,
                web: service.config().web.clone(),
                ..tui::Options::default()
            };
            return screen(service, options, cli.output.color).await;
        }
    };
    if matches!(command, Command::Config) {
        theme(&service)?;
    }
    commands::run(&context, command).await
}

/// The theme of the configuration; only the screen knows their names.
fn theme(service: &tui::Service) -> Result<tui::ThemeName> {
    let theme = service.config().theme.as_deref().map_or(Ok(tui::ThemeName::default()), str::parse);
    theme.map_err(|error: tui::NoTheme| {
        Error::failed(format!("{}: {error}.", service.config_path().display()))
            .advise("The file was not changed. Fix it, or move it away.")
    })
}

fn on_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// What this terminal can do; one of lines only has no place for the screen.
fn ability() -> Result<tui::Ability> {
    let term = env("TERM");
    match tui::Ability::of(term.as_deref()) {
        tui::Ability::None => Err(Error::usage(format!(
            "This terminal cannot show the screen (TERM is {}).",
            term.filter(|term| !term.is_empty())
                .map_or("not set".to_owned(), |term| format!("`{}`", term.to_string_lossy().escape_debug())),
        ))
        .advise(
            "Use the commands: `cclink sessions`, `cclink publish`, `cclink pickup`; `cclink --help` lists \
            them all.",
        )),
        able => Ok(able),
    }
}

async fn screen(service: tui::Service, options: tui::Options, color: Color) -> Result<ExitCode> {
    let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
    let no_color = color == Color::Never || (color == Color::Auto && set("NO_COLOR"));
    let panic_switch = set("CCLINK_TEST_PANIC");
    let options = tui::Options { no_color, ability: ability()?, panic_switch, ..options };
    tui::install_panic_hook();
    match tui::run(service, options).await {
        Ok(tui::Exit::Quit) => Ok(ExitCode::SUCCESS),
        Ok(tui::Exit::Signal(number)) => Ok(ended_by(number)),
        Err(error) => Err(Error::failed(format!("The screen ended: {error}."))),
    }
}

/// As a shell counts a program that a signal ended.
fn ended_by(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(1))
}

/// Two invented devices on a ring in this process.
async fn demo(color: Color) -> Result<ExitCode> {
    if !on_terminal() {
        return Err(Error::usage("--demo needs a terminal."));
    }
    ability()?;
    let demo = async {
        let demo = Demo::start().await?;
        demo.publish_from_other().await?;
        Ok::<_, Error>(demo)
    };
    // before the screen answers to signals, its folder must not stay either
    let demo = tokio::select! {
        demo = demo => demo?,
        number = commands::stopped_by() => return Ok(ended_by(number)),
    };
    let options = tui::Options {
        cwd: demo.cwd.clone(),
        home: Some(demo.home.clone()),
        demo: Some("demo: a private network and invented sessions; nothing here is yours".to_owned()),
        child_env: demo.child_env(),
        ..tui::Options::default()
    };
    screen(demo.service.clone(), options, color).await
}

/// A private DHT until it is stopped.
async fn testnet(nodes: u8) -> Result<()> {
    let ring = Ring::start(nodes.into())
        .await
        .map_err(|error| Error::failed(format!("The private DHT could not be started: {error}.")))?;
    let bootstrap = ring.bootstrap();
    let printer = plain();
    printer.exactly(&format!(
        "bootstrap={0}\n{nodes} nodes on 127.0.0.1; use it with CCLINK_BOOTSTRAP={0}\n",
        bootstrap[0]
    ));
    printer.check()?;
    commands::stopped().await;
    drop(ring);
    Ok(())
}

/// `CCLINK_LOG=debug` (or `TARGET=LEVEL`, several with commas) writes to stderr, where it
/// can be sent to a file: `2> log`.
fn start_log() -> Result<()> {
    let Some(filter) =
        env("CCLINK_LOG").and_then(|filter| filter.into_string().ok()).filter(|f| !f.is_empty())
    else {
        return Ok(());
    };
    let filter: Targets = filter.parse().map_err(|error| Error::usage(format!("CCLINK_LOG: {error}.")))?;
    let to_stderr = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    tracing_subscriber::registry().with(to_stderr.with_filter(filter)).init();
    Ok(())
}

/// Prints words, whatever the command line says.
fn plain() -> Printer {
    Printer::new(cli::Output { json: false, color: Color::Auto }, &env)
}

/// What clap says of words that make no command; help and version are answers.
fn refuse(args: &[OsString], error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let printer = plain();
        if cli::asks_for_keys(args) {
            printer.say(tui::keymap::help().trim_end());
        } else {
            printer.rendered(&error.render());
        }
        return match printer.check() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                printer.error(&error);
                ExitCode::from(error.exit_code())
            }
        };
    }
    let spaced = cli::has_spaced_pin(args);
    if let Some(word) = cli::unknown_command(args).filter(|_| !spaced) {
        let json = args.iter().any(|arg| arg == "--json");
        let unknown = Error::usage(format!("Unknown command `{}`.", word.escape_debug()));
        Printer::new(cli::Output { json, color: Color::Never }, &env)
            .error(&unknown.advise(cli::command_advice(word)));
        return ExitCode::from(2);
    }
    if args.iter().any(|arg| arg == "--json") {
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let advice = if spaced { cli::PIN_ADVICE } else { "`cclink --help` lists all commands." };
        let _ = writeln!(std::io::stderr(), "{}", Error::usage(first).advise(advice).to_json());
    } else {
        let printer = plain().aside();
        printer.refused(error);
        if spaced {
            printer.note(cli::PIN_ADVICE);
        }
    }
    // From a hook 2 would mean: hold back what the user typed.
    ExitCode::from(if args.get(1).is_some_and(|arg| arg == "hook") { 1 } else { 2 })
}
