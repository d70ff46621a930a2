//! Reaching the machine where a session lives, as commands.

use super::quote;
use crate::handoff::record::host_and_port;

/// Run by sh at the other end, with the session's id, its project, the recorded
/// path of claude and Claude's folder as its words. It holds no quote and no
/// backslash, so that every login shell hands it on as it is. A shell that is
/// not interactive often lacks the usual places on its PATH.
const SCRIPT: &str = "\
[ -z \"$4\" ] || { CLAUDE_CONFIG_DIR=$4; export CLAUDE_CONFIG_DIR; }; \
if [ -z \"$CCLINK_CLAUDE\" ] && [ -x \"$3\" ]; then CCLINK_CLAUDE=$3; export CCLINK_CLAUDE; fi; \
for p in cclink ~/.cargo/bin/cclink ~/.local/bin/cclink /usr/local/bin/cclink /opt/homebrew/bin/cclink; \
do command -v \"$p\" >/dev/null 2>&1 && exec \"$p\" resume \"$1\"; done; \
cd -- \"$2\" || exit 1; \
d=${CLAUDE_CONFIG_DIR:-$HOME/.claude}; way=--resume; id=$1; \
for f in $(grep -ls \"sessionId.:.$1\" \"$d\"/sessions/*.json); \
do grep -q \"kind.:.bg\" \"$f\" && way=attach && id=${1%%-*}; done; \
for p in \"$CCLINK_CLAUDE\" claude ~/.local/bin/claude ~/.claude/local/claude /usr/local/bin/claude /opt/homebrew/bin/claude; \
do command -v \"$p\" >/dev/null 2>&1 && exec \"$p\" $way \"$id\"; done; \
echo \"claude was not found on this machine\" >&2; exit 127";

/// An option for ssh: when a host that does not answer is given up.
pub const CONNECT: &str = "ConnectTimeout=15";

/// How to reach a host.
#[derive(Clone, Copy, Debug)]
pub struct SshWay<'a> {
    /// `[user@]host[:port]`, checked (see `is_ssh_address`).
    pub address: &'a str,
    /// More options for ssh, from the configuration.
    pub options: &'a [String],
    /// `mosh` in ssh's place.
    pub mosh: bool,
}

impl SshWay<'_> {
    /// `ssh` with its options up to and including `--`-less host, ready for a
    /// remote command or a subsystem behind it.
    pub fn ssh(&self, more: &[&str]) -> Vec<String> {
        let (host, port) = host_and_port(self.address);
        let mut command = vec!["ssh".to_owned()];
        command.extend(self.options.iter().cloned());
        command.extend(more.iter().map(|word| (*word).to_owned()));
        if let Some(port) = port {
            command.extend(["-p".to_owned(), port.to_owned()]);
        }
        // The address was checked not to start with `-`; brackets are for ports.
        command.push("--".to_owned());
        command.push(host.replace(['[', ']'], ""));
        command
    }

    /// As people type it: `ssh ada@dev`.
    pub fn line(&self, more: &[&str]) -> String {
        let ssh = self.ssh(more);
        let words = ssh.iter().filter(|word| *word != "--").map(|word| quote(word));
        words.collect::<Vec<_>>().join(" ")
    }

    /// A terminal there, running `remote`.
    pub fn command(&self, remote: &str) -> Vec<String> {
        if !self.mosh {
            let mut command = self.ssh(&["-t"]);
            command.push(remote.to_owned());
            return command;
        }
        let (host, _) = host_and_port(self.address);
        let ssh = self.ssh(&[]);
        let ssh: Vec<String> = ssh[..ssh.len() - 2].iter().map(|word| quote(word)).collect();
        let host = host.replace(['[', ']'], "");
        let words = ["mosh", &format!("--ssh={}", ssh.join(" ")), "--", &host, "sh", "-c", remote];
        words.map(str::to_owned).to_vec()
    }
}

/// Where a session lives, for the machine where it does.
#[derive(Clone, Copy, Debug, Default)]
pub struct There<'a> {
    /// The session's id.
    pub session_id: &'a str,
    /// Its project's path.
    pub project: &'a str,
    /// The path of claude that was recorded.
    pub claude: Option<&'a str>,
    /// Claude's folder, where it is another than `~/.claude`.
    pub claude_dir: Option<&'a str>,
}

/// What the other machine's shell is given, as one word: `cclink resume` where
/// it has cclink, else claude in the project's folder; by the path that the
/// record names, or the usual ones.
pub fn remote_command(there: &There<'_>) -> String {
    let words = [
        SCRIPT,
        "sh",
        there.session_id,
        there.project,
        there.claude.unwrap_or_default(),
        there.claude_dir.unwrap_or_default(),
    ];
    // The login shell may be any; sh is everywhere.
    words.iter().fold("exec sh -c".to_owned(), |line, word| format!("{line} {}", quote_for_any_shell(word)))
}

/// A word that sh, zsh, fish and csh read alike: fish takes a backslash in single
/// quotes for an escape, so none stands in them.
pub fn quote_for_any_shell(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "@%+:,./_-".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let mut out = String::from("'");
    for letter in word.chars() {
        match letter {
            // outside of the quotes, where a backslash means one letter to all
            '\'' | '\\' => out.extend(['\'', '\\', letter, '\'']),
            letter => out.push(letter),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way<'a>(address: &'a str, options: &'a [String]) -> SshWay<'a> {
        SshWay { address, options, mosh: false }
    }

    #[test]
    fn ports_and_options_stand_where_ssh_wants_them() {
        let options = ["-i".to_owned(), "key".to_owned()];
        assert_eq!(
            way("dana@host:2222", &options).ssh(&["-t"]),
            ["ssh", "-i", "key", "-t", "-p", "2222", "--", "dana@host"]
        );
        assert_eq!(way("host", &[]).ssh(&[]), ["ssh", "--", "host"]);
        assert_eq!(way("[::1]:22", &[]).ssh(&[]), ["ssh", "-p", "22", "--", "::1"]);
        assert_eq!(way("dana@[::1]:22", &[]).ssh(&[]), ["ssh", "-p", "22", "--", "dana@::1"]);
        assert_eq!(way("fe80::1", &[]).ssh(&[]), ["ssh", "--", "fe80::1"]);
    }

    #[test]
    fn a_hostile_project_stays_one_word() {
        let evil = "/tmp/it's a\\dir\\\\ $(touch x) `touch x`; touch x\n-rf\\";
        let there = There {
            session_id: "11111111-2222-4333-8444-555555555555",
            project: evil,
            claude: Some("/opt/a b/claude"),
            claude_dir: None,
        };
        let words = shlex::split(&remote_command(&there)).unwrap();
        assert_eq!(words[..3], ["exec", "sh", "-c"]);
        assert_eq!(words[4..], ["sh", "11111111-2222-4333-8444-555555555555", evil, "/opt/a b/claude", ""]);
        assert!(!SCRIPT.contains(['\'', '\\', '\n', '!']), "some shell would read it otherwise");
    }

    #[test]
    fn the_short_command_holds_no_script() {
        assert_eq!(way("ada@dev", &[]).line(&[]), "ssh ada@dev");
        assert_eq!(way("ada@dev:2222", &[]).line(&[]), "ssh -p 2222 ada@dev");
    }
}
