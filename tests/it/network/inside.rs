//! Devices inside this process, on a ring of their own: for what the command
//! line cannot be made to do, such as forging a record.

mod browser;
mod burning;
mod churn;
mod forged;
mod hostile_relay;
mod interrupted;
mod keeping;
mod members;
mod namespace;
mod poor;
mod relay;
mod rough;

use std::path::Path;
use std::time::{Duration, Instant};

use cclink::demo::Ring;
use cclink::network::NetworkConfig;
use cclink::service::{
    AudienceChoice, Error, Found, Job, Pickup, PublishRequest, Published, Service, Settings,
};
use cclink::store::{Config, Paths};
use tempfile::TempDir;

use crate::support::session;

/// One device: its service and the folder it lives in.
pub struct Inside {
    pub service: Service,
    pub dir: TempDir,
}

impl Inside {
    /// A device with a key of its own and one session.
    pub fn new(network: &NetworkConfig) -> Self {
        let device = Self::with_key(network, None, |_| {});
        device.invent_session();
        device
    }

    /// A device with the key of another, and no session.
    pub fn copy_of(other: &Self, network: &NetworkConfig) -> Self {
        Self::copy_with(other, network, |_| {})
    }

    /// The same with other settings.
    pub fn copy_with(other: &Self, network: &NetworkConfig, change: impl FnOnce(&mut Settings)) -> Self {
        let key = std::fs::read(other.dir.path().join("home/secret_key")).unwrap();
        Self::with_key(network, Some(&key), change)
    }

    /// One session more.
    pub fn invent_session(&self) {
        let project = self.dir.path().join("proj");
        std::fs::create_dir_all(&project).unwrap();
        let claude = self.dir.path().join("claude");
        session::write_session(&claude, &project, "Retry the uploader", "2026-11-20T10:00:00.000Z");
    }

    /// Another process of the same device.
    pub fn beside(&self, network: &NetworkConfig, change: impl FnOnce(&mut Settings)) -> Service {
        let mut settings = settings_in(&self.dir, network);
        change(&mut settings);
        Service::new(settings)
    }

    fn with_key(network: &NetworkConfig, key: Option<&[u8]>, change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = settings_in(&dir, network);
        change(&mut settings);
        let service = Service::new(settings);
        service.create_identity(key, "", false).unwrap();
        Self { service, dir }
    }

    /// Publishes its session.
    pub async fn publish(&self, audience: AudienceChoice, burn: bool) -> Result<Published, Error> {
        let session = self.service.sessions(Path::new("/"), false)?.remove(0);
        let draft = self.service.draft(&session).await?;
        let request = PublishRequest { audience, burn, ..draft.request() };
        self.service.publish(request, &Job::quiet()).await
    }

    /// Finds one handoff.
    pub async fn find(&self, text: &str) -> Result<Found, Error> {
        let target = self.service.recognise(text)?;
        self.service.find(&target, &Job::quiet()).await.map(|mut found| found.remove(0))
    }

    /// Waits until this device lists its one handoff with so many copies: on a busy
    /// machine a node may answer later than a lookup waits for it.
    pub async fn lists_copies(&self, copies: u32) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let rows = self.service.list(false, &Job::quiet()).await.unwrap();
            if rows.len() == 1 && rows[0].copies == Some(copies) {
                return;
            }
            assert!(Instant::now() < deadline, "not {copies} copies: {rows:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Finds one handoff, picks it up and has it.
    pub async fn pick_up(&self, text: &str) -> Result<Pickup, Error> {
        let found = self.find(text).await?;
        let pickup = self.service.pick_up(&found, &Job::quiet()).await?;
        drop(self.service.settle(&found));
        Ok(pickup)
    }
}

fn settings_in(dir: &TempDir, network: &NetworkConfig) -> Settings {
    Settings {
        paths: Paths::in_one(&dir.path().join("home")),
        network: network.clone(),
        home: None,
        summary_from: (70, 100_000),
        claude_root: Some(dir.path().join("claude")),
        claude: "claude".to_owned(),
        search_path: None,
        passphrase: None,
        hostname: "inside".to_owned(),
        config: Config::default(),
        tmux: None,
        user: None,
        claude_key: true,
        clock_offset: 0,
        way_holds: None,
        keep_every: cclink::service::KEEP_EVERY,
        stall: cclink::service::STALL,
        pair_life: cclink::service::PAIR_LIFE,
    }
}

/// A ring for one test.
pub async fn ring() -> Ring {
    Ring::start(10).await.unwrap()
}
