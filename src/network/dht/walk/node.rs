//! A node of a walk, how far it is, and which nodes of one host count.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddrV4;
use std::time::Duration;

use mainline::Id;
use tokio::time::Instant;

/// Silent nodes of one host that are asked at once.
const OF_ONE_HOST: usize = 3;
/// How far a node is from a target. Those with an id that their address allows
/// (BEP 42) come first: nobody can choose such an id.
pub type Far = (bool, [u8; 20]);

pub fn far(target: &Id, id: &Id, at: SocketAddrV4) -> Far {
    (!id.is_valid_for_ip(*at.ip()), *id.xor(target).as_bytes())
}

/// One node, as far as a walk knows it.
pub struct Node {
    pub id: Id,
    pub at: SocketAddrV4,
    pub far: Far,
    /// It was late before.
    pub is_doubted: bool,
    /// Others of its host count, not this one.
    pub is_shaded: bool,
    pub state: State,
    pub first_asked: Option<Instant>,
    pub last_asked: Option<Instant>,
    pub sends: u32,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Waited,
    Answered(Option<Vec<u8>>),
    /// It answered wrongly, or keeps nothing for anybody: nothing is expected of it,
    /// and it speaks for nobody.
    Passed,
}

impl Node {
    pub fn new(id: Id, at: SocketAddrV4) -> Self {
        let state = State::Waited;
        Self {
            id,
            at,
            far: (false, [0; 20]),
            is_doubted: false,
            is_shaded: false,
            state,
            first_asked: None,
            last_asked: None,
            sends: 0,
        }
    }

    pub fn is_waited(&self) -> bool {
        self.state == State::Waited
    }

    /// Whether it answered, or had all the time there is.
    pub fn is_over(&self, now: Instant, timeout: Duration) -> bool {
        !self.is_waited()
            || self.first_asked.is_some_and(|asked| now.saturating_duration_since(asked) >= timeout)
    }
}

/// One host can have as many ports as it likes: where one of its nodes answered
/// no other of them counts (as in mainline, by address and the part of the id
/// that BEP 42 ties to it), and of silent ones few, for others may make them up.
pub fn shade(nodes: &mut [Node]) {
    let host = |node: &Node| {
        let [a, b, c, ..] = *node.id.as_bytes();
        (*node.at.ip(), if node.far.0 { None } else { Some([a, b, c & 0xf8]) })
    };
    let mut seen: HashMap<_, (usize, usize)> = HashMap::new();
    for node in nodes.iter().filter(|node| matches!(node.state, State::Answered(_))) {
        seen.entry(host(node)).or_default().0 += 1;
    }
    let mut done = HashSet::new();
    for node in nodes {
        let key = host(node);
        let (answered, waited) = seen.entry(key).or_default();
        node.is_shaded = match node.state {
            State::Answered(_) => !done.insert(key),
            State::Waited => {
                *waited += 1;
                *answered > 0 || *waited > OF_ONE_HOST
            }
            State::Passed => false,
        };
    }
}
