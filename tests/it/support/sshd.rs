//! A real `sshd` on 127.0.0.1, with keys and a home of its own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{Device, tool_is_missing, until};

/// It lies where a user's PATH often does not look.
fn sshd_is_missing() -> bool {
    !Path::new("/usr/sbin/sshd").exists() && tool_is_missing("sshd")
}

/// The other machine's door. Ends when it is dropped.
pub struct Sshd {
    child: Child,
    dir: TempDir,
    port: u16,
}

impl Sshd {
    /// Lets people into `home`; `None` where there is no sshd.
    pub fn start(home: &Path) -> Option<Self> {
        Self::start_with(home, "")
    }

    /// The same for a user whose login shell is this one.
    pub fn start_with_shell(home: &Path, shell: &str) -> Option<Self> {
        Self::start_with(home, &format!("ForceCommand {shell} -c \"$SSH_ORIGINAL_COMMAND\"\n"))
    }

    fn start_with(home: &Path, more: &str) -> Option<Self> {
        if sshd_is_missing() || tool_is_missing("ssh-keygen") {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        for name in ["host", "user"] {
            let key = dir.path().join(name);
            let made =
                Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
            assert!(made.unwrap().success());
        }
        // Where sshd goes before it knows who comes; it insists on it.
        if rustix::process::geteuid().is_root() {
            let _ = fs::create_dir_all("/run/sshd");
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\n\
             PermitRootLogin yes\nUsePAM no\nPasswordAuthentication no\nPidFile none\nPrintMotd no\n\
             SetEnv HOME={home} PATH=/usr/local/bin:/usr/bin:/bin\nSubsystem sftp internal-sftp -d {home}\n{more}",
            at("host"),
            at("user.pub"),
            home = home.display(),
        );
        fs::write(dir.path().join("config"), config).unwrap();
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(dir.path().join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        until("sshd", Duration::from_secs(10), || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Some(Self { child, dir, port })
    }

    /// `user@host:port`.
    pub fn address(&self) -> String {
        let user = Command::new("id").arg("-un").output().unwrap();
        format!("{}@127.0.0.1:{}", String::from_utf8(user.stdout).unwrap().trim(), self.port)
    }

    /// Configures a device so that it gets in: options for ssh, then `more`.
    pub fn configure(&self, device: &Device, more: &str) {
        let options = self.options();
        fs::write(device.home.join("config.toml"), format!("ssh_options = {options:?}\n{more}")).unwrap();
    }

    /// `ssh` for another program that goes there, as one line.
    pub fn ssh_command(&self) -> String {
        format!("ssh {}", self.options().join(" "))
    }

    fn options(&self) -> [String; 10] {
        let at = |name: &str| self.dir.path().join(name).display().to_string();
        [
            "-F".to_owned(),
            "none".to_owned(),
            "-i".to_owned(),
            at("user"),
            "-o".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
            "-o".to_owned(),
            "StrictHostKeyChecking=accept-new".to_owned(),
            "-o".to_owned(),
            format!("UserKnownHostsFile={}", at("known")),
        ]
    }

    /// What it wrote, for a failed test.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
