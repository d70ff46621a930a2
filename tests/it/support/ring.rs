//! A private DHT: the program's own `cclink testnet`, as a user would start it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

/// A running `cclink testnet`; gone when dropped, and when the tests die.
pub struct Ring {
    child: Child,
    /// `127.0.0.1:PORT`, for `CCLINK_BOOTSTRAP`.
    pub bootstrap: String,
    // Kept open: a closed pipe would end the ring at its next line.
    _stdout: BufReader<ChildStdout>,
}

impl Ring {
    /// Starts one and waits for its first line.
    pub fn start() -> Self {
        // A shell stands between: when its input closes, because this value is
        // dropped or because the test process died in whatever way, it ends
        // the ring. Nothing outlives the tests.
        let script = r#""$0" testnet </dev/null & ring=$!; read -r _; kill "$ring"; wait "$ring""#;
        let mut child = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_cclink")])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let read = stdout.read_line(&mut line);
            let _ = send.send((read, line, stdout));
        });
        let (read, line, stdout) =
            receive.recv_timeout(Duration::from_secs(30)).expect("`cclink testnet` said nothing for 30 s");
        read.expect("its output");
        let bootstrap = line
            .trim_end()
            .strip_prefix("bootstrap=")
            .unwrap_or_else(|| panic!("the first line of `cclink testnet` is {line:?}"))
            .to_owned();
        assert!(bootstrap.starts_with("127.0.0.1:"), "{bootstrap}");
        Self { child, bootstrap, _stdout: stdout }
    }

    /// The one that most tests share.
    pub fn shared() -> &'static str {
        static SHARED: OnceLock<Ring> = OnceLock::new();
        &SHARED.get_or_init(Self::start).bootstrap
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// An address where nothing answers: bound, then let go.
pub fn nowhere() -> String {
    std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
