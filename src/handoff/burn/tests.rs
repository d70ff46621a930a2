//! A model of the rule: readers and nodes in virtual time, with a network that
//! delays and loses, nodes that are silent or forget, readers that stop in
//! between. Seeds are printed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};

use super::*;

/// How long a request may take, in steps of the virtual clock.
const TIMEOUT: u64 = 100;
const ROUNDS: u32 = 8;
/// The sequence of the record.
const RECORD: u64 = 10;

/// xorshift64*: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Item {
    sequence: u64,
    mark: Option<u8>,
}

/// As mainline's server stores: compare, then never an older sequence.
#[derive(Clone, Default)]
struct Node {
    item: Option<Item>,
    silent: bool,
}

impl Node {
    fn put(&mut self, new: Item, expected: Option<u64>) {
        let stays = self.item.is_some_and(|old| {
            expected.is_some_and(|sequence| sequence != old.sequence) || new.sequence < old.sequence
        });
        if !stays {
            self.item = Some(new);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Won,
    /// Somebody else's mark was seen, or has won.
    Lost,
    Unknown,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A reader's get reaches a node.
    Ask {
        reader: usize,
        node: usize,
        look: u32,
    },
    /// What it held then comes back.
    Answer {
        reader: usize,
        look: u32,
        item: Option<Item>,
        node: usize,
    },
    /// The reader judges what it has.
    Judge {
        reader: usize,
        look: u32,
    },
    /// A put reaches a node.
    Store {
        node: usize,
        item: Item,
        expected: Option<u64>,
    },
    Look {
        reader: usize,
    },
}

struct Reader {
    mark: u8,
    /// The nodes it knows of.
    knows: Vec<usize>,
    look: u32,
    seen: Vec<(usize, Option<Item>)>,
    rounds: u32,
    /// Its mark stands in its journal.
    noted: bool,
    /// Its process was killed; it comes back when the network is well.
    killed: bool,
    outcome: Option<Outcome>,
}

struct World {
    random: Random,
    loss: u64,
    delay: u64,
    now: u64,
    counter: u64,
    nodes: Vec<Node>,
    readers: Vec<Reader>,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    winners: HashSet<u8>,
}

impl World {
    fn new(seed: u64, live: usize, silent: usize, readers: u8, loss: u64, delay: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let record = Item { sequence: RECORD, mark: None };
        let mut nodes: Vec<Node> = (0..live).map(|_| Node { item: Some(record), silent: false }).collect();
        // Publishing may have missed some.
        for node in &mut nodes {
            if random.percent(loss / 2) {
                node.item = None;
            }
        }
        nodes.extend((0..silent).map(|_| Node { item: None, silent: true }));
        let readers = (0..readers)
            .map(|mark| {
                // Every tenth node is unknown to one or the other.
                let missed = random.below(live as u64 / 10 + 1);
                let mut knows: Vec<usize> = (0..live + silent).collect();
                for _ in 0..missed {
                    knows.remove(usize::try_from(random.below(knows.len() as u64)).unwrap());
                }
                Reader {
                    mark,
                    knows,
                    look: 0,
                    seen: Vec::new(),
                    rounds: 0,
                    noted: false,
                    killed: false,
                    outcome: None,
                }
            })
            .collect();
        Self {
            random,
            loss,
            delay,
            now: 0,
            counter: 0,
            nodes,
            readers,
            events: BinaryHeap::new(),
            winners: HashSet::new(),
        }
    }

    fn at(&mut self, time: u64, event: Event) {
        self.counter += 1;
        self.events.push(Reverse((time, self.counter, event)));
    }

    /// A message on its way, unless it is lost.
    fn send(&mut self, event: Event) {
        if !self.random.percent(self.loss) {
            let time = self.now + 1 + self.random.below(self.delay.max(1));
            self.at(time, event);
        }
    }

    fn run(&mut self) {
        while let Some(Reverse((time, _, event))) = self.events.pop() {
            self.now = time;
            match event {
                Event::Look { reader } => self.look(reader),
                Event::Ask { reader, node, look } if !self.nodes[node].silent => {
                    let item = self.nodes[node].item;
                    self.send(Event::Answer { reader, look, item, node });
                }
                Event::Answer { reader, look, item, node } if self.readers[reader].look == look => {
                    self.readers[reader].seen.push((node, item));
                }
                Event::Judge { reader, look } if self.readers[reader].look == look => self.judge(reader),
                Event::Store { node, item, expected } if !self.nodes[node].silent => {
                    self.nodes[node].put(item, expected);
                }
                _ => {}
            }
        }
    }

    fn look(&mut self, reader: usize) {
        self.readers[reader].look += 1;
        self.readers[reader].seen.clear();
        let look = self.readers[reader].look;
        for node in self.readers[reader].knows.clone() {
            self.send(Event::Ask { reader, node, look });
        }
        // Now and then a whole machine sleeps between looking and judging.
        let pause = if self.random.percent(5) { 20 * TIMEOUT } else { 0 };
        self.at(self.now + TIMEOUT + pause, Event::Judge { reader, look });
    }

    fn judge(&mut self, reader: usize) {
        if self.readers[reader].killed {
            return;
        }
        let view = self.view(reader);
        let mine = self.readers[reader].mark;
        let foreign = view.held.iter().any(|held| held.mark.is_some_and(|mark| mark != mine));
        if !self.readers[reader].noted && foreign {
            return self.ends(reader, Outcome::Lost);
        }
        match view.next(&mine) {
            Next::Won(mark) if mark == mine => {
                self.winners.insert(mine);
                let sequence = view.held.iter().map(|held| held.sequence).max().unwrap();
                self.put(reader, Item { sequence, mark: Some(mine) }, None);
                self.ends(reader, Outcome::Won);
            }
            Next::Won(_) => self.ends(reader, Outcome::Lost),
            _ if self.readers[reader].rounds >= ROUNDS => self.ends(reader, Outcome::Unknown),
            Next::Put { mark, sequence, over } => {
                self.readers[reader].rounds += 1;
                self.readers[reader].noted = true;
                for expected in over {
                    self.put(reader, Item { sequence, mark: Some(mark) }, Some(expected));
                }
                self.readers[reader].killed = self.random.percent(3);
                let again = self.now + TIMEOUT + self.random.below(TIMEOUT);
                self.at(again, Event::Look { reader });
            }
            Next::Unknown => {
                self.readers[reader].rounds += 1;
                let again = self.now + self.random.below(TIMEOUT);
                self.at(again, Event::Look { reader });
            }
        }
    }

    fn view(&self, reader: usize) -> View<u8> {
        let reader = &self.readers[reader];
        let mut held: BTreeMap<Item, u32> = BTreeMap::new();
        for item in reader.seen.iter().filter_map(|(_, item)| *item) {
            *held.entry(item).or_default() += 1;
        }
        View {
            held: held
                .into_iter()
                .map(|(item, nodes)| Held { sequence: item.sequence, mark: item.mark, nodes })
                .collect(),
            asked: u32::try_from(reader.knows.len()).unwrap(),
            answered: u32::try_from(reader.seen.len()).unwrap(),
        }
    }

    /// To the nodes that answered, the closest ones first.
    fn put(&mut self, reader: usize, item: Item, expected: Option<u64>) {
        let mut answered: Vec<usize> = self.readers[reader].seen.iter().map(|(node, _)| *node).collect();
        answered.sort_unstable();
        answered.truncate(CLOSEST as usize);
        for node in answered {
            self.send(Event::Store { node, item, expected });
        }
    }

    fn ends(&mut self, reader: usize, outcome: Outcome) {
        self.readers[reader].outcome = Some(outcome);
        self.readers[reader].look += 1;
        if outcome == Outcome::Lost {
            self.readers[reader].noted = false;
        }
    }

    /// All start within this time.
    fn race(&mut self, within: u64) {
        for reader in 0..self.readers.len() {
            let start = self.random.below(within.max(1));
            self.at(start, Event::Look { reader });
        }
        self.run();
    }

    /// The network is well again, and every device that noted a try tries again.
    fn heal(&mut self) {
        (self.loss, self.delay) = (0, 5);
        for round in 0..3 {
            for reader in 0..self.readers.len() {
                let one = &mut self.readers[reader];
                if one.noted && one.outcome != Some(Outcome::Won) {
                    (one.rounds, one.killed) = (0, false);
                    self.now += 10 * TIMEOUT * round;
                    self.at(self.now, Event::Look { reader });
                    self.run();
                }
            }
        }
    }
}

fn play(runs: u64, live: usize, silent: usize, loss: u64) {
    for seed in 0..runs {
        let readers = 2 + u8::try_from(seed % 3).unwrap();
        let delay = [5, 40, 90, 300][usize::try_from(seed % 4).unwrap()];
        let within = [1, 30, 200, 1500][usize::try_from(seed / 4 % 4).unwrap()];
        let mut world = World::new(seed, live, silent, readers, loss, delay);
        world.race(within);
        let case = format!("seed {seed}, {live} live, {silent} silent, {loss} % lost");
        assert!(world.winners.len() <= 1, "two got it: {:?}, {case}", world.winners);
        world.heal();
        assert!(world.winners.len() <= 1, "two got it in the end: {:?}, {case}", world.winners);
        let marked = |node: &Node| node.item.is_some_and(|item| item.mark.is_some());
        let tried = world.nodes.iter().any(marked);
        let outcomes: Vec<_> = world.readers.iter().map(|reader| reader.outcome).collect();
        assert!(!tried || world.winners.len() == 1, "nobody can get it: {outcomes:?}, {case}");
    }
}

#[test]
fn at_most_one_gets_it_and_never_nobody() {
    for loss in [0, 10, 30] {
        play(1000, 20, 0, loss);
        play(1000, 10, 0, loss);
        play(800, 20, 4, loss);
        play(200, 3, 0, loss);
        play(100, 1, 0, loss);
    }
    // So poor that most do not know: nobody is told a lie all the same.
    play(700, 20, 0, 60);
}
