//! Our own files: configuration, key, journal, and who else may change them.

use super::{Check, Fix, Health};
use crate::service::identity::key_trouble;
use crate::service::{Error, ErrorKind, Service};
use crate::store::{Config, KeyFile, files};
use crate::text;

impl Service {
    pub(super) fn check_files(&self) -> Vec<Check> {
        vec![self.check_config(), self.check_key(), self.check_journal(), self.check_permissions()]
    }

    fn check_config(&self) -> Check {
        let path = self.config_path();
        match Config::load(&self.0.settings.paths.config) {
            Err(error) => Check::of("config", Health::Fail, error.into()),
            Ok(_) if !path.exists() => Check::ok("config", "no file: defaults apply"),
            Ok(_) if !self.team_faults().is_empty() => {
                Check::warn("config", self.team_faults().join(" ").trim_end_matches('.'))
            }
            Ok(_) => Check::ok("config", path.display().to_string()),
        }
    }

    /// The key, without opening one that is locked: that would change its mode.
    fn check_key(&self) -> Check {
        let path = &self.0.settings.paths.key;
        let file = match KeyFile::read(path).map_err(key_trouble) {
            Ok(file) => file,
            // Who is new here has none, and is no case for a doctor.
            Err(error) if error.kind == ErrorKind::NoIdentity => {
                return Check::of("key", Health::Warn, error);
            }
            Err(error) => return Check::of("key", Health::Fail, error),
        };
        if let Err(error) = file.check().map_err(key_trouble) {
            return Check::of("key", Health::Fail, error);
        }
        let shown = path.display();
        if files::others_may_read(path) {
            return Check::fail("key", format!("others can read {shown}"))
                .advise(format!(
                    "`cclink doctor --fix` or `chmod 600 {shown}`; if someone may have copied it, make a new key."
                ))
                .mended_by(Fix::KeyMode);
        }
        match (file.is_protected(), &self.0.settings.passphrase) {
            (false, _) => Check::ok("key", format!("{shown}, no passphrase")),
            (true, None) => Check::ok("key", format!("{shown}, locked by a passphrase")),
            (true, Some(given)) => match file.unlock(Some(given)) {
                Ok(_) => Check::ok("key", format!("{shown}, opened by CCLINK_PASSPHRASE")),
                Err(_) => Check::fail("key", format!("CCLINK_PASSPHRASE does not open {shown}"))
                    .advise("Set it to the passphrase of this key, or unset it to be asked."),
            },
        }
    }

    fn check_journal(&self) -> Check {
        match self.0.journal.peek() {
            Err(error) => Check::of("journal", Health::Fail, Error::from(error)),
            Ok(None) => Check::fail("journal", format!("{} is damaged", self.0.journal.path().display()))
                .advise(
                    "`cclink doctor --fix` moves it aside and starts a new one; handoffs to your devices \
                    are still found on the network.",
                )
                .mended_by(Fix::Journal),
            Ok(Some(book)) if book.unread_handoffs() > 0 => {
                let unread = text::count(book.unread_handoffs());
                Check::warn("journal", format!("{unread} handoffs in it were written by a newer cclink"))
                    .advise("Update cclink to see them.")
            }
            Ok(Some(book)) if !self.0.journal.path().exists() => {
                drop(book);
                Check::ok("journal", "none yet: nothing was published here")
            }
            Ok(Some(book)) => Check::ok("journal", format!("{} handoffs", text::count(book.handoffs.len()))),
        }
    }

    fn check_permissions(&self) -> Check {
        let open = self.open_to_all();
        let Some(first) = open.first() else {
            return Check::ok("permissions", "only you can change cclink's files");
        };
        let more = text::and_more(open.len() - 1);
        Check::fail("permissions", format!("everyone on this machine can change {}{more}", first.display()))
            .advise(format!("`cclink doctor --fix`, or `chmod go-w {}`.", first.display()))
            .mended_by(Fix::Permissions)
    }
}
