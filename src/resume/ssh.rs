//! Reaching the machine where a session lives, as commands.

use super::quote;
use crate::handoff::record::host_and_port;

/// Where cclink and claude usually are: a shell that is not interactive often
/// lacks these on its PATH. `~` is for the remote shell to expand.
const CCLINK: &str =
    "cclink ~/.cargo/bin/cclink ~/.local/bin/cclink /usr/local/bin/cclink /opt/homebrew/bin/cclink";
const CLAUDE: &str =
    "claude ~/.local/bin/claude ~/.claude/local/claude /usr/local/bin/claude /opt/homebrew/bin/claude";

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
        if let Some(port) = port {
            command.extend(["-p".to_owned(), port.to_owned()]);
        }
        command.extend(more.iter().map(|word| (*word).to_owned()));
        // The address was checked not to start with `-`; brackets are for ports.
        command.push("--".to_owned());
        command.push(host.replace(['[', ']'], ""));
        command
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
        let words = ["mosh", &format!("--ssh={}", ssh.join(" ")), "--", host, "sh", "-c", remote];
        words.map(str::to_owned).to_vec()
    }
}

/// What the other machine's shell is given, as one word: `cclink resume` where
/// it has cclink, else claude in the project's folder, by the path that the
/// record names or the usual ones.
pub fn remote_command(session_id: &str, project: &str, claude: Option<&str>) -> String {
    let recorded = claude.map(|path| format!(" {}", quote(path))).unwrap_or_default();
    let id = quote(session_id);
    let script = format!(
        "for p in {CCLINK}; do command -v \"$p\" >/dev/null 2>&1 && exec \"$p\" resume {id}; done; \
         cd -- {project} || exit 1; \
         for p in{recorded} {CLAUDE}; do command -v \"$p\" >/dev/null 2>&1 && exec \"$p\" --resume {id}; done; \
         echo 'claude was not found on this machine' >&2; exit 127",
        project = quote(project),
    );
    // The login shell may be any; sh is everywhere.
    format!("exec sh -c {}", quote(&script))
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
            ["ssh", "-i", "key", "-p", "2222", "-t", "--", "dana@host"]
        );
        assert_eq!(way("host", &[]).ssh(&[]), ["ssh", "--", "host"]);
        assert_eq!(way("[::1]:22", &[]).ssh(&[]), ["ssh", "-p", "22", "--", "::1"]);
        assert_eq!(way("dana@[::1]:22", &[]).ssh(&[]), ["ssh", "-p", "22", "--", "dana@::1"]);
        assert_eq!(way("fe80::1", &[]).ssh(&[]), ["ssh", "--", "fe80::1"]);
    }

    #[test]
    fn a_hostile_project_stays_one_word() {
        let evil = "/tmp/it's $(touch x) `touch x`; touch x\n-rf";
        let remote = remote_command("11111111-2222-4333-8444-555555555555", evil, Some("/opt/a b/claude"));
        let outer = shlex::split(&remote).unwrap();
        assert_eq!(outer[..3], ["exec", "sh", "-c"]);
        let inner = shlex::split(&outer[3]).unwrap();
        assert!(inner.contains(&evil.to_owned()), "{inner:?}");
        assert!(inner.contains(&"/opt/a b/claude".to_owned()));
    }
}
