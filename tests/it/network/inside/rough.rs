//! A ring in which each node is reached by a way that can be rough: what goes to
//! it and what comes back is lost, late or turned into nonsense.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cclink::network::NetworkConfig;
use mainline::async_dht::AsyncDht;
use mainline::{Dht, Id};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::sleep;

const LONGEST: usize = 2_048;

/// How a node is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// As it should be.
    #[default]
    Smooth,
    /// So many of a hundred are lost, there and back.
    Loses(u32),
    /// The first thing that is put arrives; that it did is never heard, and what
    /// is put later is lost.
    Mute,
    /// No answer at all.
    Silent,
    /// Each answer is late by so much.
    Late(Duration),
    /// Bytes that mean nothing, at once.
    Garbage,
    /// An answer longer than any.
    Huge,
}

/// The ring and the ways to its nodes.
pub struct RoughRing {
    ways: Vec<Arc<Mutex<Way>>>,
    fronts: Vec<String>,
    asked: Arc<AtomicUsize>,
    _nodes: Vec<AsyncDht>,
    _workers: JoinSet<()>,
}

impl RoughRing {
    /// Starts `count` nodes, each known to the others where its way begins.
    pub async fn start(count: usize) -> Self {
        let mut fronts = Vec::new();
        for _ in 0..count {
            fronts.push(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
        }
        let names: Vec<String> = fronts.iter().map(|front| front.local_addr().unwrap().to_string()).collect();
        let (asked, mut workers) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
        let (mut ways, mut nodes) = (Vec::new(), Vec::new());
        for (number, front) in fronts.into_iter().enumerate() {
            let others: Vec<String> = names
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != number)
                .map(|(_, at)| at.clone())
                .collect();
            let (node, port) = node(&others);
            nodes.push(node);
            let way = Arc::new(Mutex::new(Way::Smooth));
            ways.push(way.clone());
            workers.spawn(forward(Arc::new(front), (Ipv4Addr::LOCALHOST, port).into(), way, asked.clone()));
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        for node in &nodes {
            while node.find_node(Id::random()).await.len() < (count - 1).min(16) {
                assert!(Instant::now() < deadline, "the ring did not get ready");
            }
        }
        Self { ways, fronts: names, asked, _nodes: nodes, _workers: workers }
    }

    pub fn network(&self) -> NetworkConfig {
        NetworkConfig { bootstrap: Some(self.fronts.clone()), relays: Vec::new() }
    }

    /// Makes the way to one node so.
    pub fn set(&self, number: usize, way: Way) {
        *self.ways[number].lock().unwrap() = way;
    }

    /// Makes the ways to all so.
    pub fn set_all(&self, way: Way) {
        (0..self.ways.len()).for_each(|number| self.set(number, way));
    }

    /// How often its nodes were asked for an item since this was last asked.
    pub fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

fn node(others: &[String]) -> (AsyncDht, u16) {
    for _ in 0..10 {
        let port = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut node = Dht::builder();
        node.server_mode()
            .bind_address(Ipv4Addr::LOCALHOST)
            .port(port)
            .bootstrap(others)
            .request_timeout(Duration::from_millis(500));
        // Somebody may have taken the port between the two.
        if let Ok(node) = node.build() {
            return (node.as_async(), port);
        }
    }
    panic!("no free port");
}

/// Carries what comes to `front` to its node, and answers back.
async fn forward(front: Arc<UdpSocket>, node: SocketAddr, way: Arc<Mutex<Way>>, asked: Arc<AtomicUsize>) {
    let mut back: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut buffer = [0; LONGEST];
    let mut workers = JoinSet::new();
    let mut did_put = false;
    while let Ok((length, from)) = front.recv_from(&mut buffer).await {
        let message = buffer[..length].to_vec();
        let is_get = message.windows(8).any(|part| part == b"1:q3:get");
        asked.fetch_add(usize::from(is_get), Ordering::SeqCst);
        let is_put = message.windows(8).any(|part| part == b"1:q3:put");
        let now = *way.lock().unwrap();
        let nonsense = match now {
            Way::Silent => continue,
            Way::Loses(percent) if lost(percent) => continue,
            Way::Garbage => 30,
            Way::Huge => 20_000,
            _ => 0,
        };
        if nonsense > 0 {
            let _ = front.send_to(&vec![b'l'; nonsense], from).await;
            continue;
        }
        let known = back.get(&from).cloned();
        let socket = if let Some(socket) = known {
            socket
        } else {
            let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
            socket.connect(node).await.unwrap();
            workers.spawn(answer(socket.clone(), front.clone(), from, way.clone()));
            back.insert(from, socket.clone());
            socket
        };
        if is_put && now == Way::Mute {
            if std::mem::replace(&mut did_put, true) {
                continue;
            }
            // From elsewhere, so that its answer comes back to nobody.
            let nobody = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let _ = nobody.send_to(&message, node).await;
        } else {
            let _ = socket.send(&message).await;
        }
    }
}

async fn answer(socket: Arc<UdpSocket>, front: Arc<UdpSocket>, to: SocketAddr, way: Arc<Mutex<Way>>) {
    let mut buffer = [0; LONGEST];
    loop {
        let Ok(length) = socket.recv(&mut buffer).await else { return };
        let message = buffer[..length].to_vec();
        let now = *way.lock().unwrap();
        match now {
            Way::Loses(percent) if lost(percent) => {}
            Way::Late(by) => {
                let front = front.clone();
                tokio::spawn(async move {
                    sleep(by).await;
                    let _ = front.send_to(&message, to).await;
                });
            }
            _ => drop(front.send_to(&message, to).await),
        }
    }
}

fn lost(percent: u32) -> bool {
    let mut byte = [0];
    getrandom::fill(&mut byte).unwrap();
    u32::from(byte[0]) * 100 / 256 < percent
}
