//! One question to the nodes nearest to an address, as a value: whom to ask now,
//! what an answer changes, when it is enough. No socket, no clock of its own.
//!
//! What is put lies on the nearest nodes that answered the one who put it. So a
//! walk asks outward until so many have answered; nodes that are dead (on the
//! public DHT many are, for others' tables go stale) are passed over and do not
//! count. Where answers are too few even so, each silent node is asked again and
//! waited for to the end; where they are enough, the rest have two median round
//! trips more.

use std::net::SocketAddrV4;
use std::time::Duration;

use mainline::Id;
use tokio::time::Instant;

use super::message::Ask;

/// Nodes that keep an item: the nearest to its address, as in BEP 5.
pub const NEAREST: usize = 20;
/// How far out nodes are asked for those that are silent: who can make up so
/// many near an address is not asked for more.
const REACH: usize = 2 * NEAREST;
/// How often one node is asked at most.
const SENDS: u32 = 3;
/// No node is called late sooner: machines and their schedulers stutter.
const LEAST: Duration = Duration::from_millis(50);
/// The same of a node that was late before.
const LEAST_DOUBTED: Duration = Duration::from_millis(10);

/// Whether `answered` of `asked` nodes can speak for all of them: two thirds.
pub fn is_enough(answered: usize, asked: usize) -> bool {
    answered > 0 && 3 * answered >= 2 * asked
}

/// Whom a walk knows, and how it went.
pub struct Walk {
    target: Id,
    /// Nearest first.
    nodes: Vec<Node>,
    /// Nodes whose id is not known: asked for others.
    guides: Vec<Node>,
    /// Only these nodes, all of them: what they say of others is not heard.
    is_fixed: bool,
    round_trips: Vec<Duration>,
    /// A round trip where none was measured here yet.
    pace: Duration,
    /// How long a request may stay unanswered.
    timeout: Duration,
}

struct Node {
    id: Id,
    at: SocketAddrV4,
    /// It was late before.
    is_doubted: bool,
    state: State,
    first_asked: Option<Instant>,
    last_asked: Option<Instant>,
    sends: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Waited,
    Answered(Option<Vec<u8>>),
    /// It answered, and wrongly: nothing is expected of it.
    Wrong,
}

impl Walk {
    pub fn new(target: Id, pace: Duration, timeout: Duration) -> Self {
        let (nodes, guides, round_trips) = (Vec::new(), Vec::new(), Vec::new());
        Self { target, nodes, guides, is_fixed: false, round_trips, pace, timeout }
    }

    /// One to these nodes and no others.
    pub fn to(target: Id, nodes: &[(Id, SocketAddrV4)], pace: Duration, timeout: Duration) -> Self {
        let mut walk = Self::new(target, pace, timeout);
        for (id, at) in nodes {
            walk.hear(*id, *at, false);
        }
        walk.is_fixed = true;
        walk
    }

    /// Somebody who can name nodes.
    pub fn guide(&mut self, at: SocketAddrV4) {
        if self.guides.iter().all(|known| known.at != at) {
            self.guides.push(Node::new(Id::from([0; 20]), at));
        }
    }

    /// Hears of a node.
    pub fn hear(&mut self, id: Id, at: SocketAddrV4, is_doubted: bool) {
        if self.is_fixed || self.nodes.iter().any(|known| known.at == at) {
            return;
        }
        let node = Node { is_doubted, ..Node::new(id, at) };
        self.place(node);
    }

    /// Those with an id that their address allows (BEP 42) come first: nobody
    /// can choose such an id.
    fn place(&mut self, node: Node) {
        let far = |node: &Node| {
            let is_free = !node.id.is_valid_for_ip(*node.at.ip());
            (is_free, *node.id.xor(&self.target).as_bytes())
        };
        let at = self.nodes.partition_point(|known| far(known) <= far(&node));
        self.nodes.insert(at, node);
    }

    /// Whether an answer of this node is still to come: one that was asked twice
    /// answers twice.
    pub fn awaits(&self, at: SocketAddrV4) -> bool {
        self.nodes.iter().any(|node| node.at == at && node.is_waited())
    }

    /// A node answered: who it says that it is, and what it gave to put with.
    pub fn answered(&mut self, at: SocketAddrV4, id: Id, token: Option<Vec<u8>>, now: Instant) {
        if let Some(guide) = self.guides.iter_mut().find(|guide| guide.at == at && guide.is_waited()) {
            guide.state = State::Answered(None);
            self.round_trips.extend(guide.last_asked.map(|asked| now - asked));
            self.hear(id, at, false);
            return;
        }
        let Some(place) = self.nodes.iter().position(|node| node.at == at) else { return };
        let mut node = self.nodes.remove(place);
        if node.sends == 1 {
            self.round_trips.extend(node.first_asked.map(|asked| now - asked));
        }
        node.id = id;
        node.state = State::Answered(token);
        self.place(node);
    }

    /// A node answered what means nothing.
    pub fn wronged(&mut self, at: SocketAddrV4) {
        for node in self.nodes.iter_mut().chain(&mut self.guides).filter(|node| node.at == at) {
            if node.is_waited() && node.sends > 0 {
                node.state = State::Wrong;
            }
        }
    }

    /// Asks those that were silent once more, as if anew.
    pub fn again(&mut self) {
        for node in self.nodes.iter_mut().chain(&mut self.guides).filter(|node| node.is_waited()) {
            (node.first_asked, node.last_asked, node.sends) = (None, None, 0);
        }
    }

    /// Whom to ask now, and what; they count as asked.
    pub fn next_to_ask(&mut self, now: Instant) -> Vec<(SocketAddrV4, Ask)> {
        let grace = self.grace();
        let near = self.near(now);
        let due = |node: &Node| {
            let rested = |asked| now.saturating_duration_since(asked) >= grace * node.sends;
            node.is_waited() && node.sends < SENDS && node.last_asked.is_none_or(rested)
        };
        let items = self.nodes[..near].iter_mut().filter(|node| due(node)).map(|node| (node, Ask::Item));
        let nodes = self.guides.iter_mut().filter(|node| due(node)).map(|node| (node, Ask::Nodes));
        items
            .chain(nodes)
            .map(|(node, ask)| {
                node.first_asked.get_or_insert(now);
                node.last_asked = Some(now);
                node.sends += 1;
                (node.at, ask)
            })
            .collect()
    }

    /// Whether nothing more is to be expected.
    pub fn is_done(&self, now: Instant) -> bool {
        let near = &self.nodes[..self.near(now)];
        if near.is_empty() {
            return self.guides.iter().all(|guide| guide.is_over(now, self.timeout));
        }
        if near.iter().any(|node| node.is_waited() && node.sends == 0) {
            return false;
        }
        if is_enough(self.responded(), self.asked()) {
            // Guides too: one that begins anew knows nobody.
            let mut all = near.iter().chain(&self.guides);
            all.all(|node| !node.is_waited() || self.is_late(node, now))
        } else {
            near.iter().all(|node| node.is_over(now, self.timeout))
                && self.guides.iter().all(|guide| guide.is_over(now, self.timeout))
        }
    }

    /// Whether everybody who was asked is late.
    pub fn is_deserted(&self, now: Instant) -> bool {
        self.responded() == 0 && self.nodes.iter().all(|node| node.sends == 0 || self.is_late(node, now))
    }

    /// How long until time alone changes something.
    pub fn patience(&self, now: Instant) -> Duration {
        let grace = self.grace();
        let waited = self.nodes.iter().chain(&self.guides).filter(|node| node.is_waited());
        let next = waited.filter_map(|node| {
            let (first, last) = (node.first_asked?, node.last_asked?);
            let late = if node.is_doubted { self.doubted_grace() } else { grace * 2 };
            [last + grace * node.sends, first + late, first + self.timeout]
                .into_iter()
                .filter(|then| *then > now)
                .min()
        });
        next.min().map_or(Duration::ZERO, |then| then - now)
    }

    /// How many answers were wanted: of the nearest nodes, or of all where there
    /// are fewer.
    pub fn asked(&self) -> usize {
        let asked = self.nodes.iter().take(self.reach()).filter(|node| node.sends > 0).count();
        // Guides that are silent may each know more: few nodes are not all of them.
        if self.is_fixed { asked } else { asked.max(self.guides.len()).min(NEAREST) }
    }

    /// How many of those that keep an item answered.
    pub fn responded(&self) -> usize {
        self.nearest().count()
    }

    /// The nearest nodes that answered, with what they gave to put with.
    pub fn nearest(&self) -> impl Iterator<Item = (Id, SocketAddrV4, Option<&[u8]>)> {
        let limit = if self.is_fixed { self.nodes.len() } else { NEAREST };
        let answered = self.nodes.iter().take(self.reach()).filter_map(|node| match &node.state {
            State::Answered(token) => Some((node.id, node.at, token.as_deref())),
            _ => None,
        });
        answered.take(limit)
    }

    /// Nodes that were asked and are silent.
    pub fn silent(&self) -> impl Iterator<Item = SocketAddrV4> {
        self.nodes.iter().filter(|node| node.is_waited() && node.sends > 0).map(|node| node.at)
    }

    /// The median round trip.
    pub fn pace(&self) -> Duration {
        let mut all = self.round_trips.clone();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or(self.pace)
    }

    /// How many of the nodes count as near now: outward, until so many answered
    /// or may still do so in time.
    fn near(&self, now: Instant) -> usize {
        if self.is_fixed {
            return self.nodes.len();
        }
        let mut hoped_for = 0;
        let reach = self.nodes.iter().take(self.reach()).position(|node| {
            let is_lost = match node.state {
                State::Waited => self.is_late(node, now),
                State::Answered(_) => false,
                State::Wrong => true,
            };
            hoped_for += usize::from(!is_lost);
            hoped_for == NEAREST
        });
        reach.map_or(self.reach(), |last| last + 1)
    }

    fn reach(&self) -> usize {
        self.nodes.len().min(if self.is_fixed { usize::MAX } else { REACH })
    }

    /// After this long without an answer a node is asked again.
    fn grace(&self) -> Duration {
        (self.pace() * 2).clamp(LEAST, (self.timeout / 4).max(LEAST))
    }

    fn doubted_grace(&self) -> Duration {
        (self.pace() * 2).clamp(LEAST_DOUBTED, (self.timeout / 4).max(LEAST_DOUBTED))
    }

    /// Whether a node that was asked is not waited for where others are enough.
    fn is_late(&self, node: &Node, now: Instant) -> bool {
        let late = if node.is_doubted { self.doubted_grace() } else { self.grace() * 2 };
        node.first_asked.is_some_and(|asked| now.saturating_duration_since(asked) >= late)
    }
}

impl Node {
    fn new(id: Id, at: SocketAddrV4) -> Self {
        let state = State::Waited;
        Self { id, at, is_doubted: false, state, first_asked: None, last_asked: None, sends: 0 }
    }

    fn is_waited(&self) -> bool {
        self.state == State::Waited
    }

    /// Whether it answered, or had all the time there is.
    fn is_over(&self, now: Instant, timeout: Duration) -> bool {
        !self.is_waited()
            || self.first_asked.is_some_and(|asked| now.saturating_duration_since(asked) >= timeout)
    }
}

#[cfg(test)]
mod tests;
