//! A private DHT in this process and invented sessions: for `--demo`,
//! `testnet` and the tests.
//!
//! The DHT is a ring: every node is a server that knows all others from the
//! start. (mainline's own test network adds each client it hears of to its
//! tables, so every client that leaves slows it down.)

mod device;
mod sessions;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mainline::async_dht::AsyncDht;
use mainline::{Dht, DhtBuilder, Id};

use crate::network::NetworkConfig;
use crate::service::{
    AudienceChoice, CarryTo, CarryWay, Destination, Error, Job, KEEP_EVERY, PAIR_LIFE, PublishRequest,
    Result, STALL, Service, Settings,
};
use crate::store::{CarryStore, Config, Paths};

/// How long the ring may take until every node knows the others.
const READY: Duration = Duration::from_secs(20);
/// Its nodes are near: an answer that takes longer is none.
const TIMEOUT: Duration = Duration::from_millis(500);
/// Tries to get ports that nobody else takes.
const PORT_TRIES: u32 = 10;
/// Nodes of the demo's own ring.
const DEMO_NODES: usize = 10;
/// So many seconds lie between the two handoffs of the other device: which one is the
/// newest is no accident.
const BETWEEN: i64 = 6 * 60;

/// A private DHT on 127.0.0.1. Its nodes end when it is dropped.
pub struct Ring {
    nodes: Vec<(SocketAddr, AsyncDht)>,
}

impl Ring {
    /// Starts `count` nodes and waits until each knows the others.
    pub async fn start(count: usize) -> std::io::Result<Self> {
        Self::start_with(count, |_, _| {}).await
    }

    /// As [`Ring::start`], with `settle` changing each node's settings by its
    /// number before it starts.
    pub async fn start_with(count: usize, settle: impl Fn(usize, &mut DhtBuilder)) -> std::io::Result<Self> {
        let mut tries = 1..;
        loop {
            match Self::try_start(count, &settle).await {
                // Somebody took a port between reserving it and using it.
                Err(error) if error.kind() == ErrorKind::AddrInUse && tries.next() < Some(PORT_TRIES) => {}
                result => return result,
            }
        }
    }

    async fn try_start(count: usize, settle: &impl Fn(usize, &mut DhtBuilder)) -> std::io::Result<Self> {
        let addresses = reserve(count)?;
        let mut nodes = Vec::with_capacity(count);
        for (number, address) in addresses.iter().enumerate() {
            let others: Vec<String> =
                addresses.iter().filter(|other| *other != address).map(ToString::to_string).collect();
            let mut node = node(*address, &others);
            settle(number, &mut node);
            nodes.push((*address, node.build()?.as_async()));
        }
        let ring = Self { nodes };
        until_known(&ring.nodes, count - 1).await?;
        Ok(ring)
    }

    /// `127.0.0.1:PORT` of each node.
    pub fn bootstrap(&self) -> Vec<String> {
        self.nodes.iter().map(|(address, _)| address.to_string()).collect()
    }

    /// The settings with which a service joins it.
    pub fn network(&self) -> NetworkConfig {
        NetworkConfig { bootstrap: Some(self.bootstrap()), relays: Vec::new() }
    }

    /// Ends the first `count` nodes, and starts others in their places, which hold
    /// nothing. (At new addresses nobody would ever hear of them: a node learns
    /// of another only by its answers.)
    pub async fn replace(&mut self, count: usize) -> std::io::Result<()> {
        let known = self.bootstrap();
        let left: Vec<SocketAddr> =
            self.nodes.drain(..count.min(self.nodes.len())).map(|(address, _)| address).collect();
        let deadline = Instant::now() + READY;
        for address in left {
            let others: Vec<String> =
                known.iter().filter(|other| **other != address.to_string()).cloned().collect();
            // The one that left lets go of it soon; mainline panics where it has not.
            while let Err(error) = UdpSocket::bind(address) {
                if Instant::now() > deadline {
                    return Err(error);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            self.nodes.push((address, node(address, &others).build()?.as_async()));
        }
        until_known(&self.nodes, self.nodes.len() - 1).await
    }

    /// Ends the last `count` nodes.
    pub fn stop(&mut self, count: usize) {
        self.nodes.truncate(self.nodes.len().saturating_sub(count));
    }
}

fn node(address: SocketAddr, others: &[String]) -> DhtBuilder {
    let mut node = Dht::builder();
    node.server_mode()
        .bind_address(Ipv4Addr::LOCALHOST)
        .port(address.port())
        .bootstrap(others)
        .request_timeout(TIMEOUT);
    node
}

/// Waits until each of these nodes knows so many others, or a full bucket.
async fn until_known(nodes: &[(SocketAddr, AsyncDht)], others: usize) -> std::io::Result<()> {
    let deadline = Instant::now() + READY;
    for (_, node) in nodes {
        while node.find_node(Id::random()).await.len() < others.min(16) {
            if Instant::now() > deadline {
                return Err(std::io::Error::other("the private DHT did not get ready"));
            }
        }
    }
    Ok(())
}

/// Ports that are free now: bound together, so that all differ, then let go.
fn reserve(count: usize) -> std::io::Result<Vec<SocketAddr>> {
    let sockets: Vec<UdpSocket> =
        (0..count).map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))).collect::<std::io::Result<_>>()?;
    sockets.iter().map(UdpSocket::local_addr).collect()
}

/// Two invented devices on a ring of their own, and a folder that both see.
/// Everything is gone when it is dropped.
pub struct Demo {
    /// This device, as the screen shows it.
    pub service: Service,
    /// This device's home folder, and the other's is beside it.
    pub home: PathBuf,
    /// The directory the screen is opened in.
    pub cwd: PathBuf,
    other: Service,
    /// The same device, a while ago.
    other_before: Service,
    ring: Ring,
    _home: ThrowAway,
}

/// A folder that goes with this. Where the demo is left while it begins, something may
/// still be writing there: it is removed until it stays away.
struct ThrowAway(PathBuf);

impl Drop for ThrowAway {
    fn drop(&mut self) {
        let mut away = 0;
        for _ in 0..80 {
            let gone = std::fs::remove_dir_all(&self.0);
            away = if gone.is_err_and(|error| error.kind() == ErrorKind::NotFound) { away + 1 } else { 0 };
            if away == 3 {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }
}

impl Demo {
    /// Starts the ring and invents two devices in a throw-away home: this one
    /// with sessions, another that knows its key.
    pub async fn start() -> Result<Self> {
        let failed = |error: std::io::Error| Error::failed(format!("The demo cannot start: {error}."));
        let ring = Ring::start(DEMO_NODES).await.map_err(failed)?;
        let home = tempfile::Builder::new().prefix("cclink-demo-").tempdir().map_err(failed)?;
        let home = ThrowAway(home.keep());
        let root = home.0.canonicalize().map_err(failed)?;
        let (here, there) = (root.join("travel-laptop"), root.join("framework-desktop"));
        device::furnish(&here).map_err(failed)?;
        let cwd = sessions::invent_here(&here).map_err(failed)?;
        sessions::invent_there(&there).map_err(failed)?;
        let service = Service::new(Settings {
            search_path: device::search_path(&here),
            config: Config::load(&device::own(&here))?,
            ..settings(&here, &ring)
        });
        let mut settings = settings(&there, &ring);
        settings.config.carry.folder = Some(device::shared(&here).to_string_lossy().into_owned());
        let other_before = Service::new(Settings { clock_offset: -BETWEEN, ..settings.clone() });
        let other = Service::new(settings);
        let mine = service.create_identity(None, "", false)?;
        let theirs = other.create_identity(None, "", false)?;
        service.add_contact("dana", &theirs.public_key, false)?;
        other.add_contact("you", &mine.public_key, false)?;
        // Nothing of the user's goes into this folder: nobody needs to be asked.
        service.agreed(&CarryStore::Folder { path: device::shared(&here) }, true).await?;
        Ok(Self { service, home: here, cwd, other, other_before, ring, _home: home })
    }

    /// The other device publishes two handoffs to this one; the conversation of the
    /// newest goes along, through the folder that both see.
    pub async fn publish_from_other(&self) -> Result<()> {
        let carried = CarryTo { agrees: true, ..CarryTo::to(Destination::Way(CarryWay::Folder)) };
        let all = [
            (&self.other_before, "Ready for review.", None),
            (&self.other, "The failing test is the last one.", Some(carried)),
        ];
        let newest_first = self.other.sessions(&self.cwd, false)?;
        for (session, (device, note, carry)) in newest_first.iter().rev().zip(all) {
            let draft = device.draft(session).await?;
            let request = PublishRequest {
                audience: AudienceChoice::Share("you".to_owned()),
                note: Some(note.to_owned()),
                // An address would be looked up outside of this machine.
                ssh: Some(String::new()),
                carry,
                ..draft.request()
            };
            device.publish(request, &Job::quiet()).await?;
        }
        Ok(())
    }

    /// What a program is told that the screen starts: claude, or cclink itself.
    pub fn child_env(&self) -> Vec<(&'static str, OsString)> {
        device::told(&self.home, &self.ring.bootstrap())
    }

    /// Ends the ring, as if the network went away.
    pub fn stop_ring(&mut self) {
        self.ring.stop(DEMO_NODES);
    }
}

/// The settings of a device whose home this is, named after it.
fn settings(home: &Path, ring: &Ring) -> Settings {
    Settings {
        paths: Paths::in_one(&device::own(home)),
        network: ring.network(),
        home: Some(home.to_owned()),
        summary_from: (70, 100_000),
        claude_root: Some(device::claude_root(home)),
        claude: "claude".to_owned(),
        search_path: std::env::var_os("PATH"),
        passphrase: None,
        hostname: home.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        config: Config::default(),
        tmux: None,
        user: None,
        claude_key: true,
        clock_offset: 0,
        way_holds: None,
        keep_every: KEEP_EVERY,
        stall: STALL,
        pair_life: PAIR_LIFE,
    }
}
