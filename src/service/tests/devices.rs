//! Devices of one person, in a simulated network.

use std::path::Path;

use tempfile::TempDir;

use super::super::{
    CarryOffer, Draft, Found, Job, LeftBehind, Named, Published, Result, Service, Session, Settings,
};
use crate::handoff::{Mailbox, Token, Ttl};
use crate::network::world::World;
use crate::service::handoffs::lookup::Place;

/// One of them, with a home of its own.
pub struct Device {
    pub service: Service,
    /// Its home and Claude's folder.
    pub dir: TempDir,
}

impl Device {
    /// One that holds the key of this seed.
    pub fn new(world: &World, seed: &[u8; 32]) -> Self {
        let dir = tempfile::tempdir_in(memory()).unwrap();
        let home = dir.path().join("home");
        std::fs::create_dir(&home).unwrap();
        std::fs::write(home.join("secret_key"), seed).unwrap();
        let device = Self { service: Self::service(world, dir.path()), dir };
        std::fs::create_dir_all(device.dir.path().join("claude/projects/-p")).unwrap();
        device
    }

    fn service(world: &World, dir: &Path) -> Service {
        let bootstrap = world.bootstrap();
        let env = |name: &str| match name {
            "CCLINK_HOME" => Some(dir.join("home").into()),
            "CLAUDE_CONFIG_DIR" => Some(dir.join("claude").into()),
            "CCLINK_BOOTSTRAP" => Some(bootstrap.clone().into()),
            _ => None,
        };
        Service::new(Settings::from_env(&env).unwrap())
    }

    /// Its program ends, however far it is, and starts anew.
    pub fn restarts(&mut self, world: &World) {
        self.service = Self::service(world, self.dir.path());
    }

    /// A new session of one turn.
    pub fn session(&self, number: u64) -> Session {
        let id = format!("00000000-1111-4222-8333-{number:012x}");
        let line = |kind: &str, words: &str| {
            let line = serde_json::json!({
                "type": kind, "uuid": uuid::Uuid::new_v4().to_string(), "parentUuid": null, "sessionId": id,
                "cwd": "/p", "timestamp": "2026-11-20T10:00:00.000Z", "message": {"role": kind, "content": words},
            });
            format!("{line}\n")
        };
        let path = self.dir.path().join(format!("claude/projects/-p/{id}.jsonl"));
        std::fs::write(path, line("user", "hello") + &line("assistant", "hello")).unwrap();
        self.service.session(&id).unwrap()
    }

    /// Publishes to all of them.
    pub async fn publish(&self, session: &Session, burn: bool, ttl: Ttl) -> Result<Published> {
        let draft = Draft {
            session: session.clone(),
            continues: None,
            ttl,
            title: "Hello".to_owned(),
            label: None,
            ssh: None,
            named: Named::default(),
            git: None,
            left_behind: LeftBehind::default(),
            busy: false,
            went_on: None,
            alive: Vec::new(),
            carry: CarryOffer::default(),
        };
        let mut request = draft.request();
        (request.burn, request.replace) = (burn, true);
        self.service.publish(request, &Job::quiet()).await
    }

    /// What stands at a token.
    pub async fn find(&self, token: Token) -> Result<Found> {
        let identity = self.service.identity().await?;
        let mailbox = Mailbox::devices(&identity.devices_secret());
        let place = Place { mailbox, token, expected: vec![identity.public()] };
        self.service.find_place(&place, &Job::quiet()).await
    }

    /// Takes it, and has it.
    pub async fn take(&self, token: Token) -> Result<()> {
        let found = self.find(token).await?;
        self.service.pick_up(&found, &Job::quiet()).await.map(drop)
    }

    pub async fn revoke(&self, token: Token) -> Result<()> {
        let revoked = self.service.revoke(&[token.to_string()], &Job::quiet()).await?;
        match revoked.failed.first() {
            Some(failed) => Err(super::super::Error::failed(failed.error.clone())),
            None => Ok(()),
        }
    }
}

/// Where files cost least.
fn memory() -> std::path::PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// A key for a run.
pub fn seed(number: u64) -> [u8; 32] {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    seed
}
