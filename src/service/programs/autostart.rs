//! Having the system start `cclink keep`: a user unit of systemd, an agent of
//! launchd, or a line for cron. Nothing of it needs to be root.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;

use super::{ask, child};
use crate::service::{Error, Result, Service};
use crate::store::files;

const UNIT: &str = "cclink-keep.service";
const LABEL: &str = "org.cclink.keep";
/// What tells our line of a crontab from all others.
const MARK: &str = "# cclink keep";
/// What says where our files lie and which network it is.
const PASSED_ON: [&str; 3] = ["CCLINK_HOME", "CCLINK_BOOTSTRAP", "CCLINK_RELAYS"];

/// How this system starts something of a user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Autostart {
    /// A unit of systemd's user manager.
    Systemd(Written),
    /// An agent of launchd.
    Launchd(Written),
    /// A line of the crontab, every half hour.
    Cron {
        /// The whole crontab as it is.
        before: String,
        /// Our line.
        line: String,
    },
}

/// A file that is written for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// What stands in it.
    pub content: String,
}

impl Service {
    /// How this system starts a program of a user's.
    pub async fn autostart(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<Autostart> {
        let program = std::env::current_exe()
            .ok()
            .and_then(|path| path.to_str().map(str::to_owned))
            .ok_or_else(|| Error::failed("The path of this program is unknown, or not in UTF-8."))?;
        let home = self.0.settings.home.clone().ok_or_else(|| Error::failed("No home folder found."))?;
        let passed: Vec<(&str, String)> =
            PASSED_ON.into_iter().filter_map(|name| Some((name, env(name)?))).collect();
        if cfg!(target_os = "macos") {
            let path = home.join("Library/LaunchAgents").join(format!("{LABEL}.plist"));
            return Ok(Autostart::Launchd(Written { path, content: agent(&program, &passed) }));
        }
        if ask("systemctl", &["--user", "show-environment"]).await.is_some() {
            let config = env("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
            let path = config.join("systemd/user").join(UNIT);
            return Ok(Autostart::Systemd(Written { path, content: unit(&program, &passed) }));
        }
        // Without a crontab yet `crontab -l` fails.
        if !is_there("crontab", self.0.settings.search_path.as_deref()) {
            return Err(Error::failed("Found neither a systemd user session nor crontab here.")
                .advise("Start `cclink keep` from whatever starts your other programs."));
        }
        // Without a crontab yet `crontab -l` fails.
        let before = ask("crontab", &["-l"]).await.unwrap_or_default();
        Ok(Autostart::Cron { before, line: cron_line(&program, &passed) })
    }
}

impl Autostart {
    /// What is written, and where.
    pub fn shown(&self) -> String {
        match self {
            Self::Systemd(file) | Self::Launchd(file) => {
                format!("{}\n\n{}", file.path.display(), file.content.trim_end())
            }
            Self::Cron { line, .. } => format!("crontab\n\n{line}"),
        }
    }

    /// Whether it stands there already.
    pub fn is_installed(&self) -> bool {
        match self {
            Self::Systemd(file) | Self::Launchd(file) => file.path.exists(),
            Self::Cron { before, .. } => before.lines().any(is_ours),
        }
    }

    /// Writes it, and starts it at once.
    pub async fn install(&self) -> Result<()> {
        match self {
            Self::Systemd(file) => {
                write(file)?;
                run("systemctl", &["--user", "daemon-reload"]).await?;
                run("systemctl", &["--user", "enable", "--now", UNIT]).await
            }
            Self::Launchd(file) => {
                write(file)?;
                run("launchctl", &["load", "-w", &file.path.display().to_string()]).await
            }
            Self::Cron { before, line } => crontab(&format!("{}{line}\n", without_ours(before))).await,
        }
    }

    /// Stops it and takes away what was written.
    pub async fn remove(&self) -> Result<()> {
        match self {
            Self::Systemd(file) => {
                let stopped = run("systemctl", &["--user", "disable", "--now", UNIT]).await;
                files::remove(&file.path)?;
                let reloaded = run("systemctl", &["--user", "daemon-reload"]).await;
                stopped.and(reloaded)
            }
            Self::Launchd(file) => {
                let stopped = run("launchctl", &["unload", "-w", &file.path.display().to_string()]).await;
                files::remove(&file.path)?;
                stopped
            }
            Self::Cron { before, .. } => crontab(&without_ours(before)).await,
        }
    }
}

fn joined(passed: &[(&str, String)], form: impl Fn(&str, &str) -> String) -> String {
    passed.iter().map(|(name, value)| form(name, value)).collect::<Vec<_>>().concat()
}

fn unit(program: &str, passed: &[(&str, String)]) -> String {
    // In a unit `%` begins a specifier, and a backslash an escape.
    let quoted = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
        format!("\"{text}\"")
    };
    let environment =
        joined(passed, |name, value| format!("Environment={}\n", quoted(&format!("{name}={value}"))));
    format!(
        "[Unit]\nDescription=Keeps cclink handoffs on the network until they expire\n\n\
         [Service]\nExecStart={} keep\n{environment}Restart=on-failure\nRestartSec=60\n\n\
         [Install]\nWantedBy=default.target\n",
        quoted(program)
    )
}

fn agent(program: &str, passed: &[(&str, String)]) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let environment =
        joined(passed, |name, value| format!("    <key>{name}</key><string>{}</string>\n", escaped(value)));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n  <key>Label</key><string>{LABEL}</string>\n  \
         <key>ProgramArguments</key><array><string>{}</string><string>keep</string></array>\n  \
         <key>EnvironmentVariables</key><dict>\n{environment}  </dict>\n  \
         <key>RunAtLoad</key><true/>\n  <key>KeepAlive</key><true/>\n</dict>\n</plist>\n",
        escaped(program)
    )
}

fn cron_line(program: &str, passed: &[(&str, String)]) -> String {
    // cron takes `%` for the end of a line.
    let quoted = |text: &str| {
        shlex::try_quote(text)
            .map_or_else(|_| "''".to_owned(), std::borrow::Cow::into_owned)
            .replace('%', "\\%")
    };
    let environment = joined(passed, |name, value| format!("{name}={} ", quoted(value)));
    format!("*/30 * * * * {environment}{} keep --once >/dev/null 2>&1 {MARK}", quoted(program))
}

fn is_ours(line: &str) -> bool {
    line.trim_end().ends_with(MARK)
}

fn without_ours(crontab: &str) -> String {
    crontab.lines().filter(|line| !is_ours(line)).flat_map(|line| [line, "\n"]).collect()
}

fn write(file: &Written) -> Result<()> {
    if let Some(folder) = file.path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::failed(format!("{}: {error}.", folder.display())))?;
    }
    Ok(files::replace(&file.path, file.content.as_bytes())?)
}

fn is_there(program: &str, path: Option<&std::ffi::OsStr>) -> bool {
    let folders = path.map(std::env::split_paths).into_iter().flatten();
    folders.map(|folder: PathBuf| Path::new(&folder).join(program)).any(|file| file.is_file())
}

async fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let mut command = child(program);
    command.args(arguments).stdin(Stdio::null());
    ended(program, command.output().await)
}

async fn crontab(content: &str) -> Result<()> {
    let mut command = child("crontab");
    command.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let written = async {
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(content.as_bytes()).await?;
        }
        child.wait_with_output().await
    };
    ended("crontab", written.await)
}

fn ended(program: &str, output: std::io::Result<std::process::Output>) -> Result<()> {
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let why = crate::text::clean(&String::from_utf8_lossy(&output.stderr));
            let why = if why.is_empty() { output.status.to_string() } else { crate::text::fit(&why, 200) };
            Err(Error::failed(format!("`{program}` failed: {why}")))
        }
        Err(error) => Err(Error::failed(format!("`{program}` could not be started: {error}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_quoted() {
        let passed = [("CCLINK_HOME", "/home/da na/50% \"here\"".to_owned())];
        let unit = unit("/opt/my apps/cclink", &passed);
        assert!(unit.contains("ExecStart=\"/opt/my apps/cclink\" keep\n"), "{unit}");
        assert!(unit.contains("Environment=\"CCLINK_HOME=/home/da na/50%% \\\"here\\\"\"\n"), "{unit}");
        let line = cron_line("/opt/my apps/cclink", &passed);
        assert!(
            line.contains("CCLINK_HOME='/home/da na/50\\% \"here\"' '/opt/my apps/cclink' keep --once"),
            "{line}"
        );
        assert!(agent("/a&b", &[]).contains("<string>/a&amp;b</string>"));
    }

    #[test]
    fn only_our_line_of_a_crontab_changes() {
        let before = format!("MAILTO=ada\n0 1 * * * backup # nightly\n{}\n", cron_line("/old/cclink", &[]));
        assert_eq!(without_ours(&before), "MAILTO=ada\n0 1 * * * backup # nightly\n");
        assert!(Autostart::Cron { before, line: String::new() }.is_installed());
    }
}
