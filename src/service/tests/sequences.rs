//! Sequences of verbs of three devices, in all weathers. Whatever happens:
//! what was acknowledged is found, or it is said that this cannot be known; an end
//! stays; of several who take one that burns one has it; nobody is told a lie.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::sleep;

use super::super::{ErrorKind, Job, Result};
use super::devices::{Device, seed};
use crate::handoff::{Token, Ttl};
use crate::network::world::{Weather, World};

/// Runs; `CCLINK_TEST_SIMULATIONS` says otherwise.
const RUNS: u64 = 150;
const DEVICES: usize = 3;
const STEPS: u64 = 8;

/// What has happened to a handoff, by what its devices were told.
#[derive(Debug)]
struct Handoff {
    token: Token,
    by: usize,
    burns: bool,
    is_revoked: bool,
    /// A revoke that could not be confirmed.
    may_be_revoked: bool,
    /// Who was given it for good.
    takers: BTreeSet<usize>,
    /// Who tried, and was told that it is not known.
    tried: BTreeSet<usize>,
}

impl Handoff {
    /// Whether somebody may be told that it is gone.
    fn may_be_gone(&self, reader: usize) -> bool {
        let others = self.takers.iter().chain(&self.tried).any(|taker| *taker != reader);
        self.is_revoked || self.may_be_revoked || others
    }

    /// Whether nobody ever tried to end it.
    fn is_alive(&self) -> bool {
        !(self.is_revoked || self.may_be_revoked) && self.takers.is_empty() && self.tried.is_empty()
    }

    /// Whether somebody may be shown it.
    fn may_be_there(&self, reader: usize) -> bool {
        !self.is_revoked && self.takers.iter().all(|taker| *taker == reader)
    }
}

struct Run {
    seed: u64,
    /// What is done, whatever the weather does to it.
    dice: u64,
    world: World,
    devices: Vec<Device>,
    handoffs: Vec<Handoff>,
    is_fine: bool,
    told: Vec<String>,
}

impl Run {
    fn new(number: u64) -> Self {
        let world = World::enter(number, 0, Weather::FINE);
        let nodes = 10 + world.random(16);
        for _ in 0..nodes {
            world.add_node();
        }
        let key = seed(number);
        let devices = (0..DEVICES).map(|_| Device::new(&world, &key)).collect();
        let dice = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { seed: number, dice, world, devices, handoffs: Vec::new(), is_fine: true, told: Vec::new() }
    }

    fn random(&mut self, below: u64) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        usize::try_from(self.dice % below).unwrap()
    }

    fn tell(&mut self, words: String) {
        self.told.push(words);
    }

    /// Fails with all that happened.
    fn lie(&self, words: &str) -> ! {
        panic!("seed {}: {words}\n{}", self.seed, self.told.join("\n"));
    }

    fn weather(&mut self) {
        let lost = [0, 0, 100, 300, 600][self.random(5)];
        let slow = [40, 200, 900][self.random(3)];
        let doubled = [0, 50][self.random(2)];
        let silent = if self.random(2) == 0 { 0 } else { self.random(4) };
        self.is_fine = lost == 0 && slow == 40 && silent == 0;
        self.world.set_weather(Weather { lost, doubled, takes: (5, slow), ..Weather::FINE });
        self.world.silence(silent);
        self.tell(format!("weather: {lost} ‰ lost, up to {slow} ms, {silent} silent"));
    }

    fn clears_up(&mut self) {
        self.is_fine = true;
        self.world.set_weather(Weather::FINE);
        self.world.silence(0);
        self.tell("it clears up".to_owned());
    }

    /// One or two devices publish, at the same time.
    async fn publish(&mut self, by: &[usize], number: u64) {
        let burns = self.random(2) == 0;
        let published = join_all(by.iter().map(async |by| {
            let device = &self.devices[*by];
            // Of each its own session: one takes the place of another.
            let session = device.session(number * DEVICES as u64 + *by as u64);
            device.publish(&session, burns, Ttl::DEFAULT).await
        }));
        let published: Vec<_> = published.await;
        for (by, published) in by.iter().zip(published) {
            self.tell(format!("{by} publishes: {:?}", published.as_ref().map(|out| &out.token)));
            match published {
                Ok(out) => self.handoffs.push(Handoff {
                    token: out.token.parse().unwrap(),
                    by: *by,
                    burns,
                    is_revoked: false,
                    may_be_revoked: false,
                    takers: BTreeSet::new(),
                    tried: BTreeSet::new(),
                }),
                Err(error) if self.is_fine => self.lie(&format!("not published in fine weather: {error:?}")),
                Err(_) => {}
            }
        }
    }

    async fn read(&mut self, by: usize, which: usize) {
        let found = self.devices[by].find(self.handoffs[which].token).await;
        self.tell(format!("{by} reads {which}: {:?}", found.as_ref().map(drop).map_err(|e| &e.message)));
        let handoff = &self.handoffs[which];
        // Who began to take it is shown it until enough nodes say that another has it:
        // taking it settles that, and is checked there.
        let is_unsettled = handoff.tried.contains(&by) && !handoff.is_revoked && !self.is_fine;
        match found {
            Ok(_) if !handoff.may_be_there(by) && !is_unsettled => self.lie("what has ended is shown"),
            Err(error)
                if error.kind == ErrorKind::Gone && !handoff.may_be_gone(by) && handoff.takers.is_empty() =>
            {
                self.lie("what is alive is called gone")
            }
            Err(error) if error.kind == ErrorKind::Unreachable && self.is_fine => {
                self.lie("unknown in fine weather")
            }
            _ => {}
        }
    }

    /// One or two devices take it, at the same time.
    async fn take(&mut self, by: &[usize], which: usize) {
        let handoff = self.handoffs[which].token;
        let ends = join_all(by.iter().map(|by| self.devices[*by].take(handoff))).await;
        let mut ends: Vec<_> = by.iter().copied().zip(ends).collect();
        // Who was told that it is gone can only be right about what the other got.
        ends.sort_by_key(|(_, end)| matches!(end, Err(error) if error.kind == ErrorKind::Gone));
        for (by, end) in ends {
            self.took(by, which, end);
        }
    }

    fn took(&mut self, by: usize, which: usize, taken: Result<()>) {
        self.tell(format!("{by} takes {which}: {:?}", taken.as_ref().map_err(|e| &e.message)));
        let burns = self.handoffs[which].burns;
        match taken {
            Ok(()) if !self.handoffs[which].may_be_there(by) => self.lie("a second one has it"),
            Ok(()) if burns => drop(self.handoffs[which].takers.insert(by)),
            Err(error) if error.kind == ErrorKind::Gone => {
                let handoff = &self.handoffs[which];
                if !handoff.may_be_gone(by) && handoff.takers.is_empty() {
                    self.lie("what is alive is called gone");
                }
            }
            Err(_) if burns => drop(self.handoffs[which].tried.insert(by)),
            Ok(()) | Err(_) => {}
        }
    }

    async fn revoke(&mut self, by: usize, which: usize) {
        let revoked = self.devices[by].revoke(self.handoffs[which].token).await;
        self.tell(format!("{by} revokes {which}: {:?}", revoked.as_ref().map_err(|e| &e.message)));
        match revoked {
            Ok(()) => self.handoffs[which].is_revoked = true,
            Err(_) => self.handoffs[which].may_be_revoked = true,
        }
    }

    /// This device; one time in three the next one as well.
    fn some(&mut self, by: usize) -> Vec<usize> {
        if self.random(3) == 0 { vec![by, (by + 1) % DEVICES] } else { vec![by] }
    }

    async fn step(&mut self, number: u64) {
        let by = self.random(DEVICES as u64);
        if self.handoffs.is_empty() {
            let by = self.some(by);
            return self.publish(&by, number).await;
        }
        let which = self.random(self.handoffs.len() as u64);
        match self.random(12) {
            0 | 1 => {
                let by = self.some(by);
                self.publish(&by, number).await;
            }
            2..=4 => self.read(by, which).await,
            5..=7 => {
                let by = self.some(by);
                self.take(&by, which).await;
            }
            8 => self.revoke(by, which).await,
            9 => self.weather(),
            10 => {
                self.tell(format!("{by} starts anew; a node is another"));
                let world = self.world.clone();
                self.devices[by].restarts(&world);
                self.world.replace_node();
            }
            _ => {
                self.tell(format!("{by} keeps"));
                let _ = self.devices[by].service.keep_once().await;
            }
        }
        let pause = self.random(120);
        sleep(Duration::from_secs(pause as u64)).await;
    }

    /// When the network is well again, everything is known.
    async fn ends(&mut self) {
        self.clears_up();
        for by in 0..DEVICES {
            let _ = self.devices[by].service.keep_once().await;
        }
        for which in 0..self.handoffs.len() {
            let handoff = &self.handoffs[which];
            let may_still_end = handoff.may_be_revoked;
            for by in handoff.tried.clone() {
                self.take(&[by], which).await;
            }
            for by in 0..DEVICES {
                self.read(by, which).await;
            }
            let handoff = &self.handoffs[which];
            if handoff.takers.len() > 1 {
                self.lie("two have it");
            }
            if !handoff.tried.is_empty() && handoff.takers.is_empty() && !handoff.is_revoked && !may_still_end
            {
                self.lie("nobody has it, and nobody can");
            }
        }
        self.all_are_listed().await;
    }

    /// What is alive stands in the lists, whoever wrote them at the same time.
    async fn all_are_listed(&mut self) {
        for device in &self.devices {
            let _ = device.service.list(true, &Job::quiet()).await;
        }
        for by in 0..DEVICES {
            let inbox = self.devices[by].service.inbox(&Job::quiet()).await.unwrap_or_default();
            let others = self.handoffs.iter().filter(|handoff| handoff.by != by && handoff.is_alive());
            let listed = |token: &str| inbox.iter().any(|entry| entry.token == token);
            let missing = others.map(|handoff| handoff.token.to_string()).find(|token| !listed(token));
            if let Some(missing) = missing {
                self.lie(&format!("{missing} is not in the list that {by} reads"));
            }
        }
    }
}

async fn run(number: u64) {
    let mut run = Run::new(number);
    if !number.is_multiple_of(3) {
        run.weather();
    }
    for step in 0..STEPS {
        run.step(step).await;
    }
    run.ends().await;
}

#[test]
fn nobody_is_told_a_lie_whatever_happens() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let (first, runs) = match number("CCLINK_TEST_SEED") {
        Some(seed) => (seed, 1),
        None => {
            (u64::from(uuid::Uuid::new_v4().as_fields().0), number("CCLINK_TEST_SIMULATIONS").unwrap_or(RUNS))
        }
    };
    println!("{runs} runs from seed {first}");
    std::thread::scope(|scope| {
        for part in 0..2 {
            scope.spawn(move || {
                for seed in (first..first + runs).skip(part).step_by(2) {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .start_paused(true)
                        .build()
                        .unwrap();
                    runtime.block_on(run(seed));
                }
            });
        }
    });
}
