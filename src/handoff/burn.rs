//! Who gets a handoff that burns: at most one reader, and never nobody.
//!
//! Each node near a record's address has one vote a round; a round is a sequence.
//! Readers put their mark one sequence above what they saw, by compare-and-swap,
//! so a node's vote in a round is the first mark that reaches it, and stays. The
//! mark with more than two thirds of the nodes asked has won, and silent nodes
//! count as asked: two marks cannot both have that. Where nobody has it, those
//! that did not vote are asked to; as soon as at most one mark can have won
//! without being seen, all go on with that one (else with the leading one) in the
//! next round. So a mark that has won is the only one of every later round.

#[cfg(test)]
mod tests;

/// Nodes that keep an item: the closest ones to its address, as in BEP 5.
const CLOSEST: u32 = 20;
/// One node in so many is known to another reader and not to this one.
const UNKNOWN: u32 = 10;

/// What some nodes hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<M> {
    /// The item's sequence.
    pub sequence: u64,
    /// The mark in it; `None` for a record, or what cannot be read.
    pub mark: Option<M>,
    /// How many nodes hold it.
    pub nodes: u32,
}

/// What one lookup saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View<M> {
    /// Per different item.
    pub held: Vec<Held<M>>,
    /// Nodes that were asked, the silent ones too.
    pub asked: u32,
    /// Nodes that answered, those without an item too.
    pub answered: u32,
}

/// What a reader does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<M> {
    /// This mark has it, for good.
    Won(M),
    /// Put this mark under this sequence, once for each of the sequences that
    /// it may replace.
    Put {
        /// The own mark, or the leading one.
        mark: M,
        /// The round.
        sequence: u64,
        /// What compare-and-swap expects: nodes that hold anything else keep it.
        over: Vec<u64>,
    },
    /// Too few nodes answered to know anything.
    Unknown,
}

impl<M: Ord + Clone> View<M> {
    /// What a reader with this mark does next.
    pub fn next(&self, mine: &M) -> Next<M> {
        let Some(round) = self.held.iter().map(|held| held.sequence).max() else { return Next::Unknown };
        let leading = self.leading(round);
        if let Some((mark, nodes)) = &leading
            && self.is_enough(*nodes)
        {
            return Next::Won(mark.clone());
        }
        if !self.is_enough(self.answered) {
            return Next::Unknown;
        }
        let mut over: Vec<u64> = self.held.iter().map(|held| held.sequence).collect();
        over.sort_unstable();
        over.dedup();
        match leading {
            // Two may have won: those who have not voted decide in this round.
            Some((mark, _)) if self.may_have_won(round) > 1 => {
                over.retain(|sequence| *sequence < round);
                // Where nothing lies nothing is compared.
                if over.is_empty() {
                    over.push(0);
                }
                Next::Put { mark, sequence: round, over }
            }
            leading => {
                let mark = leading.map_or_else(|| self.earlier(mine), |(mark, _)| mark);
                Next::Put { mark, sequence: round + 1, over }
            }
        }
    }

    /// How many marks can have won a round, as far as can be seen from here.
    fn may_have_won(&self, round: u64) -> usize {
        let voted: u32 = self.held.iter().filter(|held| held.sequence == round).map(|held| held.nodes).sum();
        let unseen = self.size().saturating_sub(voted) + self.size().div_ceil(UNKNOWN);
        self.votes(round).iter().filter(|(_, votes)| self.is_enough(votes + unseen)).count()
    }

    /// The marks of a round and how many nodes hold each.
    fn votes(&self, round: u64) -> Vec<(M, u32)> {
        let mut marks: Vec<(M, u32)> = Vec::new();
        for held in self.held.iter().filter(|held| held.sequence == round) {
            let Some(mark) = &held.mark else { continue };
            match marks.iter_mut().find(|(known, _)| known == mark) {
                Some((_, nodes)) => *nodes += held.nodes,
                None => marks.push((mark.clone(), held.nodes)),
            }
        }
        marks
    }

    /// The mark with most votes in a round, of equal ones the smaller.
    fn leading(&self, round: u64) -> Option<(M, u32)> {
        let by_votes =
            |(a, votes): &(M, u32), (b, others): &(M, u32)| votes.cmp(others).then_with(|| b.cmp(a));
        self.votes(round).into_iter().max_by(by_votes)
    }

    /// Without a mark in the last round: the leading one of those before, else
    /// the own one.
    fn earlier(&self, mine: &M) -> M {
        let rounds = self.held.iter().filter(|held| held.mark.is_some()).map(|held| held.sequence);
        rounds.max().and_then(|round| self.leading(round)).map_or_else(|| mine.clone(), |(mark, _)| mark)
    }

    /// More than two thirds of the nodes that can hold it and were asked.
    fn is_enough(&self, nodes: u32) -> bool {
        3 * nodes > 2 * self.size()
    }

    fn size(&self) -> u32 {
        self.asked.min(CLOSEST)
    }
}
