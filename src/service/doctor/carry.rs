//! Where sealed conversations go, what was left there, and the page for phones.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::{Check, Fix, Health};
use crate::service::transfer::stores::place;
use crate::service::{Service, Settings};
use crate::store::{CarriedFile, CarryStore, files};
use crate::text;

/// How long a machine that is always on may take to answer.
const PATIENCE: Duration = Duration::from_secs(8);

impl Service {
    pub(super) fn check_carry_folder(&self) -> Vec<Check> {
        const NAME: &str = "carry-folder";
        let folder = self.set_stores().find_map(|store| match &store {
            CarryStore::Folder { path } => Some((path.clone(), store.key())),
            _ => None,
        });
        let Some((path, key)) = folder else { return vec![Check::ok(NAME, "not set")] };
        let shown = text::clean(&path.to_string_lossy());
        let was_there = || matches!(self.0.journal.peek(), Ok(Some(book)) if book.stores.contains_key(&key));
        vec![if path.is_dir() {
            Check::ok(NAME, shown)
        } else if !path.parent().is_some_and(std::path::Path::is_dir) || was_there() {
            Check::fail(NAME, format!("{shown} does not exist"))
                .advise("Mount or create it, or change `folder` under `[carry]` (`cclink config`).")
        } else {
            Check::ok(NAME, format!("{shown}, created with its first file"))
        }]
    }

    pub(super) async fn check_carry_ssh(&self) -> Vec<Check> {
        const NAME: &str = "carry-ssh";
        let Some(set) = &self.0.settings.config.carry.ssh else { return vec![Check::ok(NAME, "not set")] };
        let shown = text::clean(&set.address);
        let why = match tokio::time::timeout(PATIENCE, self.reaches(&set.address)).await {
            Ok(Ok(())) => return vec![Check::ok(NAME, format!("{shown} answers"))],
            Ok(Err(error)) => error.message.trim_end_matches('.').to_owned(),
            Err(_) => format!("{shown} does not answer"),
        };
        vec![Check::warn(NAME, why).advise(format!(
            "Try `ssh {shown}`. While it is away, no conversation goes there or comes from there."
        ))]
    }

    /// Sealed files of ended handoffs, and halves of files that killed processes left.
    pub(super) fn check_leftovers(&self) -> Vec<Check> {
        const NAME: &str = "leftovers";
        let Settings { home, .. } = &self.0.settings;
        let book = self.0.journal.peek().ok().flatten().unwrap_or_default();
        let due: Vec<&CarriedFile> = book.carried.values().filter(|file| self.is_due(&book, file)).collect();
        let halves: BTreeSet<PathBuf> = self
            .written_files()
            .iter()
            .flat_map(|file| files::left_behind(file))
            .map(|(path, _)| path)
            .collect();
        let mut says = Vec::new();
        if let Some(store) = due.first().and_then(|file| file.store.as_ref()) {
            let size = text::bytes(due.iter().map(|file| file.bytes).sum());
            let noun = if due.len() == 1 { "file" } else { "files" };
            says.push(format!(
                "{} sealed {noun} of ended handoffs ({size}) {}",
                text::count(due.len()),
                place(store, home.as_deref())
            ));
        }
        if !halves.is_empty() {
            let noun = if halves.len() == 1 { "file" } else { "files" };
            says.push(format!("{} half-written {noun} of a crashed cclink", text::count(halves.len())));
        }
        if says.is_empty() {
            return vec![Check::ok(NAME, "none")];
        }
        vec![
            Check::warn(NAME, says.join("; "))
                .advise("`cclink doctor --fix` removes them.")
                .mended_by(Fix::Leftovers),
        ]
    }

    pub(super) async fn check_page(&self) -> Vec<Check> {
        const NAME: &str = "page";
        let Some(web) = &self.0.settings.config.web else {
            return vec![Check::ok(NAME, "not set: phones cannot open handoffs (`cclink web --help`)")];
        };
        let shown = text::fit(&text::clean(web), 80);
        vec![match self.check_web(web, &[]).await {
            Ok(check) if check.same => Check::ok(NAME, format!("{shown} is the page of this cclink")),
            Ok(_) => Check::fail(NAME, format!("{shown} is not the page of this cclink")).advise(
                "It is from another version, or someone changed it. `cclink web --out FILE` writes the right one; \
                 open no link with it until then.",
            ),
            Err(error) => Check::of(NAME, Health::Fail, error)
                .advise(format!("Check `web` in the configuration: {shown}.")),
        }]
    }
}
