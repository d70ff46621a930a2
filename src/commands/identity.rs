//! `init` and `whoami`.

use std::path::{Path, PathBuf};

use super::secret::secret;
use super::{Context, Printer, prompt};
use crate::service::{Error, ErrorKind, Hidden, IdentityState, IdentityView, REPLACE_KEY, Result, Service};

/// A key file is small; this is generous.
const MAX_IMPORT: u64 = 4096;

/// What a key file holds.
type Seed = Hidden<Vec<u8>>;

pub(super) async fn init(
    context: &Context<'_>,
    import: Option<PathBuf>,
    no_passphrase: bool,
    mut overwrite: bool,
) -> Result<()> {
    let service = context.service;
    // Read first: an import that fails changes nothing, and asks nothing.
    let seed = import.as_deref().map(read_seed).transpose()?;
    if service.has_identity() && !overwrite {
        let there = match service.identity_state() {
            IdentityState::Damaged(error) => error,
            _ => Error::failed(format!("There is already a key: {}.", service.identity_path().display()))
                .advise(REPLACE_KEY),
        };
        if !prompt::can_ask() {
            return Err(there);
        }
        context.printer.note(&there.message);
        let question = "Replace it? The new key cannot open or revoke handoffs of the old one, which is kept next to it.";
        overwrite = prompt::confirm(question, false)?;
        if !overwrite {
            return Err(there);
        }
    }
    let view = match seed {
        Some(seed) if Service::is_protected_key(&seed) => {
            adopt(context, seed, no_passphrase, overwrite).await?
        }
        seed => make(context, seed, passphrase(context, no_passphrase)?, overwrite).await?,
    };
    print(context, &view);
    context.printer.tell(
        &context
            .printer
            .dim("All devices with this key are yours: run `cclink pair` here to give it to another one."),
    );
    let printed = context.printer.check();
    printed.map_err(|error| error.advise("Key created. `cclink whoami` shows it."))
}

async fn make(
    context: &Context<'_>,
    seed: Option<Seed>,
    passphrase: Hidden<String>,
    overwrite: bool,
) -> Result<IdentityView> {
    let service = context.service.clone();
    let made = tokio::task::spawn_blocking(move || {
        service.create_identity(seed.as_ref().map(|seed| seed.as_slice()), &passphrase, overwrite)
    });
    made.await.map_err(|error| Error::failed(error.to_string()))?
}

/// A key file with a passphrase: its own one is asked for, and kept.
async fn adopt(context: &Context<'_>, seed: Seed, none: bool, overwrite: bool) -> Result<IdentityView> {
    if none {
        return Err(Error::usage("This key has a passphrase and keeps it.")
            .advise("Leave out `--no-passphrase`. Nothing was changed."));
    }
    if let Some(given) = given_passphrase(context) {
        return make(context, Some(seed), given, overwrite).await;
    }
    for left in (0..super::PASSPHRASE_TRIES).rev() {
        let passphrase = secret("Passphrase of the key to import: ")?.ok_or_else(|| {
            Error::new(ErrorKind::Locked, "The key to import is protected by a passphrase.").advise(
                "Set CCLINK_PASSPHRASE, or pass the key as a file on a terminal. Nothing was changed.",
            )
        })?;
        match make(context, Some(seed.clone()), passphrase, overwrite).await {
            Err(error) if error.kind == ErrorKind::Failed && left > 0 => context.printer.note(&error.message),
            result => return result,
        }
    }
    Err(Error::cancelled())
}

pub(super) async fn whoami(context: &Context<'_>) -> Result<()> {
    let unlocked = super::unlock(context).await;
    let seen = match unlocked {
        Ok(()) => context.service.whoami().await,
        Err(error) => Err(error),
    };
    match &seen {
        Ok(view) => print(context, view),
        // What can be told without opening it.
        Err(error) if error.kind == ErrorKind::Locked => {
            let path = context.service.identity_path();
            print_words(context, "unknown while it is locked", &path, "passphrase");
        }
        Err(_) => return seen.map(drop),
    }
    context.printer.say(&format!("Network:    {}", context.service.network_words()));
    seen.map(drop)
}

fn print(context: &Context<'_>, view: &IdentityView) {
    context.printer.value(view);
    print_view(context, view);
}

/// A key in words.
pub(super) fn print_view(context: &Context<'_>, view: &IdentityView) {
    print_words(context, &context.printer.bold(&view.public_key), &view.path, view.protected);
}

fn print_words(context: &Context<'_>, public_key: &str, path: &Path, protected: &str) {
    let printer = context.printer;
    printer.say(&format!("Public key: {public_key}"));
    printer.say(&format!("Key file:   {}", path.display()));
    let protection = match protected {
        "passphrase" => "a passphrase",
        _ => "file mode only (0600)",
    };
    printer.say(&format!("Protected:  by {protection}"));
}

fn read_seed(from: &Path) -> Result<Seed> {
    if from == Path::new("-") {
        return prompt::stdin(MAX_IMPORT);
    }
    Service::read_seed(from)
}

fn given_passphrase(context: &Context<'_>) -> Option<Hidden<String>> {
    let given = (context.env)("CCLINK_PASSPHRASE")?.into_string().ok()?;
    (!given.is_empty()).then(|| Hidden::new(given))
}

fn passphrase(context: &Context<'_>, none: bool) -> Result<Hidden<String>> {
    chosen_passphrase(context, none)?.map_or_else(|| ask_passphrase(context.printer), Ok)
}

/// The passphrase of a new key where the options or the environment say it; `None`
/// where somebody can be asked.
pub(super) fn chosen_passphrase(context: &Context<'_>, none: bool) -> Result<Option<Hidden<String>>> {
    if none {
        return Ok(Some(Hidden::default()));
    }
    if let Some(given) = given_passphrase(context) {
        return Ok(Some(given));
    }
    if !prompt::can_ask() {
        return Err(Error::new(ErrorKind::Usage, "Cannot ask for a passphrase here.")
            .advise("Set CCLINK_PASSPHRASE, or pass `--no-passphrase`."));
    }
    Ok(None)
}

/// Asks as ssh-keygen does: empty for none, twice to be sure.
pub(super) fn ask_passphrase(printer: Printer) -> Result<Hidden<String>> {
    loop {
        let first = secret("Passphrase (empty for none): ")?.unwrap_or_default();
        if first.is_empty() || secret("Repeat it: ")?.unwrap_or_default() == first {
            return Ok(first);
        }
        printer.note("They do not match. Try again.");
    }
}
