//! A network that exists only in tests: nodes that keep items as BEP 44 says, and
//! datagrams that are lost, late or doubled. Whoever runs in a runtime whose clock
//! is paused lives in it through years in a second, the same way for each seed.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainline::Id;
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep};

use super::bencode::{Dict, Writer};

/// Nodes that one names.
const NAMED: usize = 20;
/// What a node wants to see again from who puts.
const TOKEN: &[u8] = b"token";

thread_local! {
    static HERE: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// How datagrams fare.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Of a thousand, so many are lost.
    pub lost: u64,
    /// Of a thousand, so many come twice.
    pub doubled: u64,
    /// From how many to how many milliseconds they take.
    pub takes: (u64, u64),
    /// After how long a node forgets what it was not told again.
    pub forgets: Duration,
}

impl Weather {
    pub const FINE: Self = Self { lost: 0, doubled: 0, takes: (5, 40), forgets: Duration::from_hours(2) };
}

/// A simulated network. Lives on its thread until it is dropped.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

struct State {
    nodes: BTreeMap<SocketAddrV4, Node>,
    sockets: HashMap<SocketAddrV4, UnboundedSender<(SocketAddrV4, Vec<u8>)>>,
    weather: Weather,
    seed: u64,
    next: u16,
    requests: u64,
    /// Whom nodes name for a target, while the nodes are the same.
    named: HashMap<[u8; 20], Vec<u8>>,
    /// When it began, by both clocks.
    began: (Instant, DateTime<Utc>),
}

struct Node {
    id: Id,
    is_silent: bool,
    items: HashMap<[u8; 20], Kept>,
}

#[derive(Clone)]
struct Kept {
    key: Vec<u8>,
    signature: Vec<u8>,
    value: Vec<u8>,
    sequence: i64,
    at: Instant,
}

impl World {
    /// One of so many nodes; sockets that are opened on this thread are in it.
    pub fn enter(seed: u64, nodes: usize, weather: Weather) -> Self {
        let state = State {
            nodes: BTreeMap::new(),
            sockets: HashMap::new(),
            weather,
            // 0 would stay 0.
            seed: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            next: 1_000,
            requests: 0,
            named: HashMap::new(),
            began: (Instant::now(), Utc::now()),
        };
        let world = Self(Arc::new(Mutex::new(state)));
        for _ in 0..nodes {
            world.add_node();
        }
        HERE.set(Some(world.clone()));
        world
    }

    /// The one of this thread.
    pub fn here() -> Option<Self> {
        HERE.with_borrow(Clone::clone)
    }

    /// What the clock on the wall says.
    pub fn now(&self) -> DateTime<Utc> {
        let (began, at) = self.state().began;
        at + TimeDelta::from_std(began.elapsed()).unwrap_or_default()
    }

    /// How the network begins: any node.
    pub fn bootstrap(&self) -> String {
        self.state().nodes.keys().next().map(ToString::to_string).unwrap_or_default()
    }

    pub fn set_weather(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// A number below `below`.
    pub fn random(&self, below: u64) -> u64 {
        self.state().random(below)
    }

    /// Requests that were sent so far; what nodes answer is none.
    pub fn requests(&self) -> u64 {
        self.state().requests
    }

    /// Another node comes.
    pub fn add_node(&self) {
        let mut state = self.state();
        state.next += 1;
        let at = SocketAddrV4::new(Ipv4Addr::LOCALHOST, state.next);
        let id: [u8; 20] = std::array::from_fn(|_| u8::try_from(state.random(256)).unwrap_or(0));
        state.nodes.insert(at, Node { id: id.into(), is_silent: false, items: HashMap::new() });
        state.named.clear();
    }

    /// One goes, and a new one takes its place in the network; the first stays, for it
    /// is the way in.
    pub fn replace_node(&self) {
        let gone = {
            let mut state = self.state();
            let others = state.nodes.len() as u64 - 1;
            let which = 1 + state.random(others);
            state.nodes.keys().nth(usize::try_from(which).unwrap_or(0)).copied()
        };
        if let Some(gone) = gone {
            self.state().nodes.remove(&gone);
            self.add_node();
        }
    }

    /// How many nodes, of all, answer nothing.
    pub fn silence(&self, nodes: usize) {
        for (number, node) in self.state().nodes.values_mut().enumerate() {
            node.is_silent = number > 0 && number <= nodes;
        }
    }

    /// All sockets that are open are dead from now on, as after sleep.
    pub fn break_sockets(&self) {
        self.state().sockets.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, from: SocketAddrV4, to: SocketAddrV4, message: &[u8]) {
        let times = {
            let mut state = self.state();
            state.requests += u64::from(state.sockets.contains_key(&from));
            let Weather { lost, doubled, .. } = state.weather;
            match (state.random(1_000), state.random(1_000)) {
                (luck, _) if luck < lost => 0,
                (_, luck) if luck < doubled => 2,
                _ => 1,
            }
        };
        for _ in 0..times {
            let (world, message, takes) = (self.clone(), message.to_vec(), self.state().takes());
            tokio::spawn(async move {
                sleep(takes).await;
                world.arrive(from, to, message);
            });
        }
    }

    fn arrive(&self, from: SocketAddrV4, to: SocketAddrV4, message: Vec<u8>) {
        let answer = {
            let mut state = self.state();
            if let Some(socket) = state.sockets.get(&to) {
                let _ = socket.send((from, message));
                return;
            }
            state.answer(to, &message)
        };
        if let Some(answer) = answer {
            self.send(to, from, &answer);
        }
    }
}

impl State {
    /// xorshift: enough to be fair, and always the same.
    fn random(&mut self, below: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % below.max(1)
    }

    fn takes(&mut self) -> Duration {
        let (least, most) = self.weather.takes;
        Duration::from_millis(least + self.random(most - least + 1))
    }

    /// What a node says to a message.
    fn answer(&mut self, at: SocketAddrV4, message: &[u8]) -> Option<Vec<u8>> {
        let forgets = self.weather.forgets;
        let asked = Dict::read(message)?;
        let (number, arguments) = (asked.bytes("t")?, asked.dict("a")?);
        let target: [u8; 20] = arguments.array("target")?;
        let named = self.nearest(&target);
        let node = self.nodes.get_mut(&at).filter(|node| !node.is_silent)?;
        node.items.retain(|_, kept| kept.at.elapsed() < forgets);
        let reply = |r: &dyn Fn(Writer) -> Writer| {
            Writer::message().dict("r", r).bytes("t", number).bytes("y", b"r").end()
        };
        let id = *node.id.as_bytes();
        match asked.bytes("q")? {
            b"get" => {
                let kept = node.items.get(&target).cloned();
                Some(reply(&|r| {
                    let r = r.bytes("id", &id);
                    let r = match &kept {
                        Some(kept) => {
                            r.bytes("k", &kept.key).bytes("nodes", &named).int("seq", kept.sequence)
                        }
                        None => r.bytes("nodes", &named),
                    };
                    let r = match &kept {
                        Some(kept) => r.bytes("sig", &kept.signature),
                        None => r,
                    };
                    let r = r.bytes("token", TOKEN);
                    match &kept {
                        Some(kept) => r.bytes("v", &kept.value),
                        None => r,
                    }
                }))
            }
            b"put" => {
                let put = Kept {
                    key: arguments.bytes("k")?.to_vec(),
                    signature: arguments.bytes("sig")?.to_vec(),
                    value: arguments.bytes("v")?.to_vec(),
                    sequence: arguments.int("seq")?,
                    at: Instant::now(),
                };
                let before = node.items.get(&target);
                let refused = match before {
                    Some(before) if arguments.int("cas").is_some_and(|cas| cas != before.sequence) => {
                        Some(301)
                    }
                    Some(before) if put.sequence < before.sequence => Some(302),
                    // As mainline has it: of one sequence there is one item.
                    Some(before) if put.sequence == before.sequence && put.value != before.value => Some(302),
                    _ => None,
                };
                if let Some(code) = refused {
                    let words = format!("d1:eli{code}e1:xe1:t{}:", number.len());
                    return Some([words.as_bytes(), number, b"1:y1:ee"].concat());
                }
                node.items.insert(target, put);
                Some(reply(&|r| r.bytes("id", &id)))
            }
            _ => Some(reply(&|r| r.bytes("id", &id).bytes("nodes", &named))),
        }
    }

    fn nearest(&mut self, wanted: &[u8; 20]) -> Vec<u8> {
        if let Some(named) = self.named.get(wanted) {
            return named.clone();
        }
        let target = Id::from(*wanted);
        let mut all: Vec<_> =
            self.nodes.iter().map(|(at, node)| (node.id.xor(&target), at, node.id)).collect();
        all.sort_by_key(|(far, ..)| *far.as_bytes());
        let named = all.iter().take(NAMED);
        let named: Vec<u8> = named
            .flat_map(|(_, at, id)| [id.as_bytes(), &at.ip().octets()[..], &at.port().to_be_bytes()].concat())
            .collect();
        self.named.insert(*wanted, named.clone());
        named
    }
}

/// A socket in a simulated network.
pub struct Wire {
    world: World,
    at: SocketAddrV4,
    inbox: AsyncMutex<UnboundedReceiver<(SocketAddrV4, Vec<u8>)>>,
}

impl Wire {
    /// `None` outside of one.
    pub fn open() -> Option<Self> {
        let world = World::here()?;
        let (sender, inbox) = unbounded_channel();
        let at = {
            let mut state = world.state();
            state.next += 1;
            SocketAddrV4::new(Ipv4Addr::LOCALHOST, state.next)
        };
        world.state().sockets.insert(at, sender);
        Some(Self { world, at, inbox: AsyncMutex::new(inbox) })
    }

    pub fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<()> {
        if !self.world.state().sockets.contains_key(&self.at) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if let SocketAddr::V4(to) = to {
            self.world.send(self.at, to, message);
        }
        Ok(())
    }

    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let Some((from, message)) = self.inbox.lock().await.recv().await else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let length = message.len().min(buffer.len());
        buffer[..length].copy_from_slice(&message[..length]);
        Ok((length, SocketAddr::V4(from)))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.world.state().sockets.remove(&self.at);
    }
}
