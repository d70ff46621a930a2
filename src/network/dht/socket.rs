//! The socket: numbers each request, and brings each answer to who asked. An
//! answer counts only from the address that was asked.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::message::{self, Answer};

/// Longer than any message of the DHT.
const LONGEST: usize = 4_096;
/// How long a node that was late is not waited for like the others.
const DOUBT: Duration = Duration::from_mins(10);
/// From so many on those are forgotten for whom that is over.
const MOST_DOUBTED: usize = 1_000;
/// A node that answers sooner than this is not slow, whatever it was called.
const SOON: Duration = Duration::from_millis(200);
/// Before a socket that failed is read again.
const PAUSE: Duration = Duration::from_millis(20);
/// After so many failures in a row a socket is another one: some systems leave one
/// dead behind sleep.
const DEAD: u32 = 25;
/// Bytes that the system is asked to keep of what came and is not read yet: of
/// several lookups all nodes may answer in one moment. It grants what it allows.
const ROOM: usize = 1 << 20;

pub struct Socket {
    wire: Arc<Line>,
    open: Arc<Mutex<Open>>,
    timeout: Duration,
    reader: AbortHandle,
}

/// What carries datagrams.
enum Wire {
    Udp(UdpSocket),
    /// A network that exists only in tests.
    #[cfg(test)]
    World(super::world::Wire),
}

impl Wire {
    async fn open(is_loopback: bool) -> io::Result<Self> {
        #[cfg(test)]
        if let Some(wire) = super::world::Wire::open() {
            return Ok(Self::World(wire));
        }
        let ip = if is_loopback { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
        let udp = UdpSocket::bind((ip, 0)).await?;
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&udp, ROOM);
        Ok(Self::Udp(udp))
    }

    async fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<()> {
        match self {
            Self::Udp(udp) => udp.send_to(message, to).await.map(drop),
            #[cfg(test)]
            Self::World(wire) => wire.send_to(message, to),
        }
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self {
            Self::Udp(udp) => udp.recv_from(buffer).await,
            #[cfg(test)]
            Self::World(wire) => wire.recv_from(buffer).await,
        }
    }
}

/// A wire that is replaced when it is dead.
struct Line {
    wire: Mutex<Arc<Wire>>,
    is_loopback: bool,
    /// Datagrams in a row that could not be sent.
    unsent: AtomicU32,
    is_dead: Notify,
}

impl Line {
    async fn open(is_loopback: bool) -> io::Result<Self> {
        let wire = Mutex::new(Arc::new(Wire::open(is_loopback).await?));
        Ok(Self { wire, is_loopback, unsent: AtomicU32::new(0), is_dead: Notify::new() })
    }

    fn wire(&self) -> Arc<Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<()> {
        let sent = self.wire().send_to(message, to).await;
        match &sent {
            Ok(()) => self.unsent.store(0, Ordering::Relaxed),
            Err(_) if self.unsent.fetch_add(1, Ordering::Relaxed) + 1 == DEAD => self.is_dead.notify_one(),
            Err(_) => {}
        }
        sent
    }

    /// Another wire; the old one stays where none can be had.
    async fn renew(&self) {
        match Wire::open(self.is_loopback).await {
            Ok(wire) => *self.wire.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(wire),
            Err(error) => tracing::debug!(%error, "no other socket"),
        }
        self.unsent.store(0, Ordering::Relaxed);
    }
}

/// What is asked and not answered, and who was late.
#[derive(Default)]
struct Open {
    requests: HashMap<u32, Request>,
    doubted: HashMap<SocketAddrV4, Instant>,
}

struct Request {
    to: SocketAddrV4,
    at: Instant,
    is_first: bool,
    /// Its node sent garbage: that is told once, however much comes.
    is_spoilt: bool,
    /// Who asked; gone when that is over, and a late answer tells only how slow
    /// its node is.
    asker: UnboundedSender<Heard>,
}

/// An answer.
#[derive(Debug)]
pub struct Heard {
    pub from: SocketAddrV4,
    pub answer: Answer,
    /// Whether it answers the first request to that node.
    pub is_first: bool,
}

impl Socket {
    /// Opens one; `is_loopback`, one that no other machine reaches.
    pub async fn open(is_loopback: bool, timeout: Duration) -> std::io::Result<Self> {
        let wire = Arc::new(Line::open(is_loopback).await?);
        let open = Arc::<Mutex<Open>>::default();
        let reader = tokio::spawn(read(wire.clone(), open.clone())).abort_handle();
        Ok(Self { wire, open, timeout, reader })
    }

    /// Begins to ask.
    pub fn asking(&self) -> Asking<'_> {
        let timeout = self.timeout;
        lock(&self.open).requests.retain(|_, request| request.at.elapsed() < timeout);
        let (asker, heard) = unbounded_channel();
        Asking { socket: self, asker, heard, asked: Vec::new() }
    }

    /// That a node was late.
    pub fn doubt(&self, at: SocketAddrV4) {
        let mut open = lock(&self.open);
        if open.doubted.len() >= MOST_DOUBTED {
            open.doubted.retain(|_, since| since.elapsed() < DOUBT);
        }
        open.doubted.insert(at, Instant::now());
    }

    /// Whether it was, not long ago.
    pub fn is_doubted(&self, at: SocketAddrV4) -> bool {
        lock(&self.open).doubted.get(&at).is_some_and(|since| since.elapsed() < DOUBT)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Requests of one who asks.
pub struct Asking<'a> {
    socket: &'a Socket,
    asker: UnboundedSender<Heard>,
    heard: UnboundedReceiver<Heard>,
    asked: Vec<SocketAddrV4>,
}

impl Asking<'_> {
    /// Sends what `message` makes of the request's number. What cannot be sent is
    /// lost, as on its way.
    pub async fn send(&mut self, to: SocketAddrV4, message: impl FnOnce(u32) -> Vec<u8>) {
        let is_first = !self.asked.contains(&to);
        self.asked.push(to);
        let number = {
            let Some(number) = unguessable() else { return };
            let asker = self.asker.clone();
            let request = Request { to, at: Instant::now(), is_first, is_spoilt: false, asker };
            lock(&self.socket.open).requests.insert(number, request);
            number
        };
        if let Err(error) = self.socket.wire.send_to(&message(number), SocketAddr::V4(to)).await {
            tracing::trace!(%to, %error, "not sent");
        }
    }

    /// The next answer within `wait`.
    pub async fn hear(&mut self, wait: Duration) -> Option<Heard> {
        if wait.is_zero() {
            return self.heard.try_recv().ok();
        }
        timeout(wait, self.heard.recv()).await.ok().flatten()
    }
}

/// The number of a request. Who is asked sees it, and must not know from it what
/// others are asked: it could answer in their name.
fn unguessable() -> Option<u32> {
    let mut number = [0; 4];
    getrandom::fill(&mut number).ok()?;
    Some(u32::from_be_bytes(number))
}

/// Reads for ever.
async fn read(line: Arc<Line>, open: Arc<Mutex<Open>>) {
    let mut buffer = [0; LONGEST];
    let mut failures = 0;
    loop {
        let wire = line.wire();
        let received = tokio::select! {
            received = wire.recv_from(&mut buffer) => received,
            () = line.is_dead.notified() => {
                line.renew().await;
                continue;
            }
        };
        match received {
            Ok((length, SocketAddr::V4(from))) => {
                failures = 0;
                // One that fills it all was longer, and is cut off.
                let message = if length < LONGEST { &buffer[..length] } else { &[] };
                lock(&open).take_in(from, message);
            }
            Ok(_) => {}
            // One alone may be what Windows tells of a port where nobody listens.
            Err(_) => {
                failures += 1;
                if failures > 1 {
                    sleep(PAUSE).await;
                }
                if failures >= DEAD {
                    failures = 0;
                    line.renew().await;
                }
            }
        }
    }
}

impl Open {
    fn take_in(&mut self, from: SocketAddrV4, message: &[u8]) {
        let Some((number, answer)) = message::answer(message) else { return };
        let request = number.filter(|number| self.requests.get(number).is_some_and(|r| r.to == from));
        if let Some(request) = request.and_then(|number| self.requests.remove(&number)) {
            if request.at.elapsed() < SOON && answer != Answer::Nonsense {
                self.doubted.remove(&from);
            }
            let _ = request.asker.send(Heard { from, answer, is_first: request.is_first });
        } else if answer == Answer::Nonsense {
            // Garbage has no number: it is all that this node has to say.
            let of_it = |request: &&mut Request| request.to == from && !request.is_spoilt;
            for request in self.requests.values_mut().filter(of_it) {
                request.is_spoilt = true;
                let _ = request.asker.send(Heard { from, answer: Answer::Nonsense, is_first: true });
            }
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(1);

    /// A node that only listens, and a socket.
    async fn two() -> (UdpSocket, SocketAddrV4, Socket) {
        let node = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let SocketAddr::V4(at) = node.local_addr().unwrap() else { panic!("it is one") };
        (node, at, Socket::open(true, TIMEOUT).await.unwrap())
    }

    #[tokio::test]
    async fn who_is_asked_does_not_learn_the_next_number() {
        let (_node, at, socket) = two().await;
        let mut numbers = Vec::new();
        let mut asking = socket.asking();
        for _ in 0..3 {
            let note = |number: u32| {
                numbers.push(number);
                Vec::new()
            };
            asking.send(at, note).await;
        }
        assert!(
            numbers[0].abs_diff(numbers[1]) > 100 || numbers[1].abs_diff(numbers[2]) > 100,
            "{numbers:?}"
        );
    }

    #[tokio::test]
    async fn garbage_is_told_once_however_much_comes() {
        let (node, at, socket) = two().await;
        let mut asking = socket.asking();
        let mut buffer = [0; 64];
        asking.send(at, |number| number.to_be_bytes().to_vec()).await;
        let (_, from) = node.recv_from(&mut buffer).await.unwrap();
        for _ in 0..50 {
            node.send_to(b"garbage", from).await.unwrap();
        }
        // What has a number is heard even so.
        let answer = [b"d1:rd2:id20:", &[3; 20][..], b"e1:t4:", &buffer[..4], b"1:y1:re"].concat();
        node.send_to(&answer, from).await.unwrap();
        assert_eq!(asking.hear(TIMEOUT).await.map(|heard| heard.answer), Some(Answer::Nonsense));
        assert!(matches!(asking.hear(TIMEOUT).await.map(|heard| heard.answer), Some(Answer::Told(_))));
    }

    #[tokio::test]
    async fn the_system_keeps_what_several_lookups_are_told_at_once() {
        let (_node, _, socket) = two().await;
        let Wire::Udp(udp) = &*socket.wire.wire() else { panic!("it is one") };
        let plain = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let room = |udp| rustix::net::sockopt::socket_recv_buffer_size(udp).unwrap();
        assert!(room(udp) > room(&plain), "{} of {}", room(udp), room(&plain));
    }
}
