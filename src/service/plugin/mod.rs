//! The plugin in Claude Code's folder: its hooks in `settings.json` and its
//! command, as a change that is shown before it is made, and undone completely.

mod json;
mod settings;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::Serialize;

use self::settings::Wanted;
use super::{Error, Result, Service};
use crate::store::files;

/// The command, as the plugin of the repository has it.
const COMMAND: &str = include_str!("../../../assets/claude-plugin/commands/handoff.md");
/// What stands in every version of it, and in nobody else's.
const COMMAND_MARK: &str = "Bash(cclink publish:*)";

/// One file of a change; `None` is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Which file.
    pub path: PathBuf,
    /// What it holds now.
    pub before: Option<String>,
    /// What it will hold.
    pub after: Option<String>,
    /// False for the copy that is kept of another file.
    pub shown: bool,
}

/// A hook of ours in the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PluginHook {
    /// Claude Code's name for the moment.
    pub event: String,
    /// As a shell runs it.
    pub command: String,
    /// The program in it.
    pub program: String,
    /// Whether that program is there.
    pub exists: bool,
}

/// `plugin status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PluginStatus {
    /// Whether the hook for `/cclink:handoff` stands in the settings.
    pub installed: bool,
    /// Whether the hook for the end of a session does.
    pub on_exit: bool,
    /// Claude Code's settings.
    #[serde(serialize_with = "crate::text::serialize_path")]
    pub settings: PathBuf,
    /// Our hooks in them.
    pub hooks: Vec<PluginHook>,
    /// Whether the settings turn all hooks off.
    pub hooks_disabled: bool,
    /// Whether the key asks for a passphrase that a hook has not got.
    pub locked: bool,
    /// The file of the command.
    #[serde(serialize_with = "crate::text::serialize_path")]
    pub command_file: PathBuf,
    /// `current`, `different` or `missing`.
    pub command: &'static str,
    /// Sessions that ended and are not handed over yet.
    pub waiting: usize,
    /// Why the last one was not handed over.
    pub failure: Option<super::SpoolFailure>,
}

/// The files that matter, by their names and contents.
struct Files {
    settings: PathBuf,
    settings_text: Option<String>,
    backup: PathBuf,
    backup_text: Option<String>,
    command: PathBuf,
    command_text: Option<String>,
}

impl Service {
    /// What `plugin install` would change: hooks that call `program`, the one
    /// for the end of a session only `on_exit`, and with its conversation only
    /// `carry`. Empty when all is as it should be. Blocking.
    pub fn plan_plugin(&self, program: &Path, on_exit: bool, carry: bool) -> Result<Vec<FileChange>> {
        let wanted = wanted(program, on_exit, carry)?;
        let files = self.plugin_files()?;
        let base = files.settings_before()?;
        let after = match &files.settings_text {
            Some(text) if settings::has_exactly(text, &wanted) => text.clone(),
            _ => settings::with(base.as_deref(), &wanted),
        };
        files.check(&after, base.as_deref())?;
        let mut changes = Vec::new();
        if base != files.backup_text && Some(&after) != files.settings_text.as_ref() {
            changes.push(change(&files.backup, files.backup_text.as_ref(), base.as_ref(), false));
        }
        let command = COMMAND.to_owned();
        changes.push(change(&files.command, files.command_text.as_ref(), Some(&command), true));
        changes.push(change(&files.settings, files.settings_text.as_ref(), Some(&after), true));
        Ok(changed(changes))
    }

    /// What `plugin remove` would change. Blocking.
    pub fn plan_plugin_removal(&self) -> Result<Vec<FileChange>> {
        let files = self.plugin_files()?;
        let base = files.settings_before()?;
        if let Some(base) = &base {
            files.check(base, Some(base))?;
        }
        Ok(changed(vec![
            change(&files.settings, files.settings_text.as_ref(), base.as_ref(), true),
            change(&files.command, files.command_text.as_ref(), None, true),
            change(&files.backup, files.backup_text.as_ref(), None, false),
        ]))
    }

    /// Makes a planned change, unless a file is another than it was shown.
    /// Blocking.
    pub fn change_plugin(&self, changes: &[FileChange]) -> Result<()> {
        for change in changes {
            if read(&change.path)? != change.before {
                return Err(Error::failed(format!("{} changed meanwhile.", change.path.display()))
                    .advise("It was left as it is now. Run the command again."));
            }
        }
        for change in changes {
            match &change.after {
                Some(content) => files::replace_keeping_mode(&change.path, content.as_bytes())?,
                None => files::remove(&change.path)?,
            }
        }
        if let Ok(root) = self.plugin_root() {
            // Only where nothing is left in them.
            let _ = std::fs::remove_dir(root.join("commands").join("cclink"));
            let _ = std::fs::remove_dir(root.join("commands"));
        }
        Ok(())
    }

    /// What is installed, and whether it works. Blocking.
    pub fn plugin_status(&self) -> Result<PluginStatus> {
        let files = self.plugin_files()?;
        let text = files.settings_text.as_deref().unwrap_or("{}");
        let value = settings::parse(text).map_err(|why| refused(&files.settings, &why))?;
        let hooks: Vec<PluginHook> = settings::ours(text)
            .into_iter()
            .map(|hook| PluginHook {
                exists: which::which_in(&hook.program, self.0.settings.search_path.as_ref(), "/").is_ok(),
                event: hook.event,
                command: hook.command,
                program: hook.program,
            })
            .collect();
        Ok(PluginStatus {
            installed: hooks.iter().any(|hook| hook.event == "UserPromptSubmit"),
            on_exit: hooks.iter().any(|hook| hook.event == "SessionEnd"),
            settings: files.settings,
            hooks,
            hooks_disabled: value.get("disableAllHooks").is_some_and(|off| off == true),
            locked: self.is_locked(),
            command_file: files.command,
            command: match files.command_text.as_deref() {
                None => "missing",
                Some(COMMAND) => "current",
                Some(_) => "different",
            },
            waiting: self.spooled()?.len(),
            failure: self.spool_failure(),
        })
    }

    fn plugin_root(&self) -> Result<PathBuf> {
        let root = self.0.settings.claude_root.clone();
        root.filter(|root| root.is_dir()).ok_or_else(|| {
            let place = self.0.settings.claude_root.as_ref().map_or_else(
                || "There is no home folder to look for Claude Code in.".to_owned(),
                |root| format!("There is no Claude Code folder at {}.", root.display()),
            );
            Error::failed(place)
                .advise("Start `claude` once, or set CLAUDE_CONFIG_DIR to where it keeps its files.")
        })
    }

    fn plugin_files(&self) -> Result<Files> {
        let root = self.plugin_root()?;
        let (settings, backup) = (root.join("settings.json"), root.join("settings.json.before-cclink"));
        let command = root.join("commands").join("cclink").join("handoff.md");
        let files = Files {
            settings_text: read(&settings)?,
            backup_text: read(&backup)?,
            command_text: read(&command)?,
            settings,
            backup,
            command,
        };
        if files.command_text.as_ref().is_some_and(|text| !text.contains(COMMAND_MARK)) {
            return Err(Error::failed(format!("{} is not cclink's.", files.command.display()))
                .advise("Nothing was changed. Move it away, then run the command again."));
        }
        Ok(files)
    }
}

impl Files {
    /// The settings without our hooks.
    fn settings_before(&self) -> Result<Option<String>> {
        let Some(text) = &self.settings_text else { return Ok(None) };
        settings::parse(text).map_err(|why| refused(&self.settings, &why))?;
        let backup = self.backup_text.as_deref().filter(|text| settings::parse(text).is_ok());
        Ok(settings::before(text, backup, timeout))
    }

    /// The last look at a text before it is written: it says what it should,
    /// and everything else is as it was.
    fn check(&self, after: &str, base: Option<&str>) -> Result<()> {
        let strip = |text: &str| settings::parse(&settings::without(text)).ok().map(settings::pruned);
        if settings::parse(after).is_ok() && strip(after) == strip(base.unwrap_or("{}")) {
            return Ok(());
        }
        Err(refused(&self.settings, "cclink cannot add its hooks to it and keep the rest"))
    }
}

/// Seconds that Claude waits for a hook. For the end of a session it grants 1.5
/// unless the settings name more: room for a slow disk.
fn timeout(event: &str) -> u32 {
    if event == "SessionEnd" { 5 } else { 30 }
}

fn wanted(program: &Path, on_exit: bool, carry: bool) -> Result<Vec<Wanted>> {
    let quoted = program.to_str().and_then(|program| shlex::try_quote(program).ok()).ok_or_else(|| {
        Error::failed(format!("{} cannot be named in a settings file.", program.display()))
            .advise("Move cclink to a path in UTF-8.")
    })?;
    if !settings::is_cclink(program) {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        return Err(Error::failed(format!("This program is named `{}`.", crate::text::clean(&name))).advise(
            "Its hooks are found again by the name `cclink`. Nothing was changed: rename it, then run the \
             command again.",
        ));
    }
    let hook =
        |event, name| Wanted { event, command: format!("{quoted} hook {name}"), timeout: timeout(event) };
    let mut wanted = vec![hook("UserPromptSubmit", "prompt")];
    if on_exit {
        wanted.push(hook("SessionEnd", if carry { "session-end --carry" } else { "session-end" }));
    }
    Ok(wanted)
}

fn change(path: &Path, before: Option<&String>, after: Option<&String>, shown: bool) -> FileChange {
    FileChange { path: path.to_owned(), before: before.cloned(), after: after.cloned(), shown }
}

fn changed(mut changes: Vec<FileChange>) -> Vec<FileChange> {
    changes.retain(|change| change.before != change.after);
    changes
}

fn read(path: &Path) -> Result<Option<String>> {
    let Some(content) = files::read(path)? else {
        let leads_nowhere = path.symlink_metadata().is_ok();
        return if leads_nowhere { Err(refused(path, "it is a broken link")) } else { Ok(None) };
    };
    let in_utf16 = content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]);
    let why = if in_utf16 { "it is in UTF-16; save it as UTF-8" } else { "it is not in UTF-8" };
    String::from_utf8(content).map(Some).map_err(|_| refused(path, why))
}

fn refused(path: &Path, why: &str) -> Error {
    Error::failed(format!("{}: {why}.", path.display()))
        .advise("It was left as it is. Mend it, then run the command again.")
}
