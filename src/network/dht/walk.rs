//! One question to the nodes nearest to an address, as a value: whom to ask now,
//! what an answer changes, when it is enough. No socket, no clock of its own.
//!
//! What is put lies on the nearest nodes that answered the one who put it. So a
//! walk asks outward until so many have answered; nodes that are dead (on the
//! public DHT many are, for others' tables go stale) are passed over and do not
//! count. Where answers are too few even so, each silent node is asked again and
//! waited for to the end; where they are enough, the rest have two median round
//! trips more.

mod node;

use std::net::SocketAddrV4;
use std::time::Duration;

use mainline::Id;
use tokio::time::Instant;

pub use self::node::far;
use self::node::{Node, State};
use super::message::Ask;

/// Nodes that keep an item: the nearest to its address, as in BEP 5.
pub const NEAREST: usize = 20;
/// How far out nodes are asked for those that are silent: who can make up so
/// many near an address is not asked for more.
const REACH: usize = 2 * NEAREST;
/// Nodes of which is known at most, and that are asked: whoever invents nearer ones
/// without end is left.
const MOST_HEARD: usize = 500;
const MOST_ASKED: usize = 200;
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
    /// It went as far as it could: those that answered are the nearest.
    is_settled: bool,
}

impl Walk {
    pub fn new(target: Id, pace: Duration, timeout: Duration) -> Self {
        let (nodes, guides, round_trips) = (Vec::new(), Vec::new(), Vec::new());
        Self { target, nodes, guides, is_fixed: false, round_trips, pace, timeout, is_settled: false }
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

    fn place(&mut self, mut node: Node) {
        node.far = far(&self.target, &node.id, node.at);
        let at = self.nodes.partition_point(|known| known.far <= node.far);
        self.nodes.insert(at, node);
        if self.nodes.len() > MOST_HEARD {
            let farthest = self.nodes.iter().rposition(|node| node.sends == 0);
            farthest.map(|place| self.nodes.remove(place));
        }
    }

    /// Whether an answer of this node is still to come: one that was asked twice
    /// answers twice.
    pub fn awaits(&self, at: SocketAddrV4) -> bool {
        self.nodes.iter().any(|node| node.at == at && node.is_waited())
    }

    /// A node answered: who it says that it is, and what it gave to put with.
    pub fn answered(&mut self, at: SocketAddrV4, id: Id, token: Option<Vec<u8>>, now: Instant) {
        self.answer(at, id, State::Answered(token), now);
    }

    /// A node answered that does not store (BEP 44 is not everybody's): it cannot
    /// say that something is absent.
    pub fn keeps_nothing(&mut self, at: SocketAddrV4, id: Id, now: Instant) {
        self.answer(at, id, State::Passed, now);
    }

    fn answer(&mut self, at: SocketAddrV4, id: Id, state: State, now: Instant) {
        // One can be guide and node: who gives something to put with was asked as node.
        let is_nodes = matches!(state, State::Answered(Some(_))) && self.awaits(at);
        let guide = self.guides.iter_mut().find(|guide| guide.at == at && guide.is_waited());
        if let Some(guide) = guide.filter(|_| !is_nodes) {
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
        node.state = state;
        self.place(node);
    }

    /// A node answered what means nothing.
    pub fn wronged(&mut self, at: SocketAddrV4) {
        for node in self.nodes.iter_mut().chain(&mut self.guides).filter(|node| node.at == at) {
            if node.is_waited() && node.sends > 0 {
                node.state = State::Passed;
            }
        }
    }

    /// Asks those that were silent once more, as if anew.
    pub fn again(&mut self) {
        self.is_settled = false;
        for node in self.nodes.iter_mut().chain(&mut self.guides).filter(|node| node.is_waited()) {
            (node.first_asked, node.last_asked, node.sends) = (None, None, 0);
        }
    }

    /// Whom to ask now, and what; they count as asked.
    pub fn next_to_ask(&mut self, now: Instant) -> Vec<(SocketAddrV4, Ask)> {
        self.shade();
        let (grace, is_spent) = (self.grace(), self.is_spent());
        let near = self.near(now);
        let due = |node: &Node| {
            let rested = |asked| now.saturating_duration_since(asked) >= grace * node.sends;
            node.is_waited() && node.sends < SENDS && node.last_asked.is_none_or(rested)
        };
        let may = |node: &Node| due(node) && !node.is_shaded && !(is_spent && node.sends == 0);
        let items = self.nodes[..near].iter_mut().filter(|node| may(node)).map(|node| (node, Ask::Item));
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
    pub fn is_done(&mut self, now: Instant) -> bool {
        self.shade();
        let near: Vec<&Node> = self.nodes[..self.near(now)].iter().filter(|node| !node.is_shaded).collect();
        if near.is_empty() {
            return self.guides.iter().all(|guide| guide.is_over(now, self.timeout));
        }
        let (unasked, asked): (Vec<&Node>, Vec<&Node>) =
            near.into_iter().partition(|node| node.is_waited() && node.sends == 0);
        if !unasked.is_empty() && !self.is_spent() {
            return false;
        }
        // Guides too: one that begins anew knows nobody.
        let mut all = asked.into_iter().chain(&self.guides);
        let is_done = if !is_enough(self.nearest().count(), self.asked()) {
            all.all(|node| node.is_over(now, self.timeout))
        } else if self.is_heard() {
            all.all(|node| !node.is_waited() || self.is_late(node, now))
        } else {
            all.all(|node| self.is_given_up(node, now) || node.is_over(now, self.timeout))
        };
        self.is_settled = is_done && unasked.is_empty();
        is_done
    }

    /// Whether of the very nearest two thirds answered. Where they are silent all at
    /// once it may be our own network that stutters: those further out do not speak
    /// for them before each was asked as often as one is.
    fn is_heard(&self) -> bool {
        let nearest = self.nodes.iter().filter(|node| !node.is_shaded && node.state != State::Passed);
        let nearest: Vec<&Node> = nearest.take(NEAREST).collect();
        self.is_fixed || is_enough(nearest.iter().filter(|node| !node.is_waited()).count(), nearest.len())
    }

    fn is_given_up(&self, node: &Node, now: Instant) -> bool {
        let is_past = |asked| now.saturating_duration_since(asked) >= self.grace() * 2;
        !node.is_waited() || (node.sends == SENDS && node.last_asked.is_some_and(is_past))
    }

    /// Whether as many were asked as one walk may ask.
    fn is_spent(&self) -> bool {
        !self.is_fixed && self.nodes.iter().filter(|node| node.sends > 0).count() >= MOST_ASKED
    }

    /// Whether everybody who was asked is late.
    pub fn is_deserted(&self, now: Instant) -> bool {
        self.responded() == 0 && self.nodes.iter().all(|node| node.sends == 0 || self.is_late(node, now))
    }

    /// How long until time alone changes something.
    pub fn patience(&self, now: Instant) -> Duration {
        let grace = self.grace();
        let all = self.nodes.iter().filter(|node| !node.is_shaded).chain(&self.guides);
        let waited = all.filter(|node| node.is_waited());
        let next = waited.filter_map(|node| {
            let (first, last) = (node.first_asked?, node.last_asked?);
            let late = if node.is_doubted { self.doubted_grace() } else { grace * 2 };
            [last + grace * node.sends, last + grace * 2, first + late, first + self.timeout]
                .into_iter()
                .filter(|then| *then > now)
                .min()
        });
        next.min().map_or(Duration::ZERO, |then| then - now)
    }

    /// How many answers were wanted: of the nearest nodes, or of all where there
    /// are fewer.
    pub fn asked(&self) -> usize {
        let asked = self.counted().filter(|node| node.sends > 0).count();
        // Guides that are silent may each know more: few nodes are not all of them.
        if self.is_fixed { asked } else { asked.max(self.guides.len()).min(NEAREST) }
    }

    /// How many of those that keep an item answered. Before a walk came to its end
    /// nobody knows whether those that did are near.
    pub fn responded(&self) -> usize {
        if self.is_fixed || self.is_settled {
            return self.nearest().count();
        }
        let nearest = self.counted().filter(|node| node.state != State::Passed).take(NEAREST);
        nearest.filter(|node| !node.is_waited()).count()
    }

    /// The nearest nodes that answered, with what they gave to put with.
    pub fn nearest(&self) -> impl Iterator<Item = (Id, SocketAddrV4, Option<&[u8]>)> {
        let limit = if self.is_fixed { self.nodes.len() } else { NEAREST };
        let answered = self.counted().filter_map(|node| match &node.state {
            State::Answered(token) => Some((node.id, node.at, token.as_deref())),
            _ => None,
        });
        answered.take(limit)
    }

    /// Nodes as far out as they count.
    fn counted(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().take(self.reach()).filter(|node| !node.is_shaded)
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
        let (mut hoped_for, limit) = (0, self.reach());
        let reach = self.nodes.iter().take(limit).position(|node| {
            let is_lost = match node.state {
                State::Waited => self.is_late(node, now),
                State::Answered(_) => false,
                State::Passed => true,
            };
            hoped_for += usize::from(!is_lost && !node.is_shaded);
            hoped_for == NEAREST
        });
        reach.map_or(limit, |last| last + 1)
    }

    /// So many nodes count, of those that may keep something.
    fn reach(&self) -> usize {
        let may_keep = |node: &Node| !node.is_shaded && node.state != State::Passed;
        let mut all = self.nodes.iter().enumerate().filter(|(_, node)| may_keep(node));
        let last = if self.is_fixed { None } else { all.nth(REACH - 1) };
        last.map_or(self.nodes.len(), |(place, _)| place + 1)
    }

    fn shade(&mut self) {
        if !self.is_fixed {
            node::shade(&mut self.nodes);
        }
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

#[cfg(test)]
mod tests;
