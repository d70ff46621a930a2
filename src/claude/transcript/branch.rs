//! Branches of a conversation: going back to an earlier prompt, or two claudes in
//! one session, leave lines in the file that claude no longer goes on with.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::line::Line;
use super::prompt::{self, Prompt};

/// How a line hangs on others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    uuid: String,
    /// What it hangs on, also where a compaction stands between.
    parent: Option<String>,
    time: Option<DateTime<Utc>>,
    talk: bool,
    /// Words of the person's: a branch begins with some.
    prompt: bool,
}

impl Link {
    /// `None` for lines that are none of a conversation.
    pub(crate) fn of(line: &Line<'_>) -> Option<Self> {
        let time = line.timestamp.as_deref().and_then(|time| DateTime::parse_from_rfc3339(time).ok());
        Some(Self {
            uuid: line.uuid.as_deref()?.to_owned(),
            parent: line.parent.as_deref().or(line.logical_parent.as_deref()).map(str::to_owned),
            time: time.map(|time| time.to_utc()),
            talk: line.is_talk(),
            prompt: matches!(prompt::of(line), Some(Prompt::Words(_))),
        })
    }
}

/// What is known of some lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branches {
    /// Which of them belong to a branch that was left.
    pub left: Vec<bool>,
    /// The branch that is alive is known from its root or from the oldest line on:
    /// no fork further back leads to another.
    pub sure: bool,
    /// The message further back that it goes on from.
    pub above: Option<String>,
    /// It begins here: what is further back is of another.
    pub begins: bool,
}

/// The branches of some lines of a conversation, oldest first. The branch that claude
/// goes on with is that of the message `from`, which what is later hangs on; at a
/// conversation's end that of the newest message on which no other hangs. Left is
/// what hangs on a prompt beside it, and another start beside its own. Of what is
/// older than what is known of it, that is not said.
pub(crate) fn branches(links: &[Option<Link>], from: Option<&str>) -> Branches {
    let tree = Tree::new(links);
    let mut live = vec![false; links.len()];
    let start = from.map_or_else(|| tree.leaf(), |from| tree.places.get(from).copied());
    let (mut at, mut top, mut said) = (start, None, usize::from(from.is_some()));
    while let Some(on) = at.filter(|on| !live[*on]) {
        live[on] = true;
        top = Some(on);
        said += usize::from(tree.get(on).is_some_and(|link| link.talk));
        at = tree.parent(on);
    }
    let root = top.and_then(|top| tree.get(top));
    let is_root = root.is_some_and(|root| root.parent.is_none());
    let reaches = links.iter().position(Option::is_some).is_none_or(|oldest| live[oldest]);
    let is_lost = from.is_some() && start.is_none();
    let sure = !is_lost && (reaches || is_root || root.is_none());
    // Lines that all hang on nothing tell of no other start.
    let is_start = is_root && said > 1 && root.is_some_and(|root| root.prompt);
    let begins_left = |at: usize| {
        if is_start && !live[at] && top.is_some_and(|top| at < top) {
            return true;
        }
        let Some(link) = tree.get(at).filter(|link| link.prompt && !live[at]) else { return false };
        let beside = tree.talk_above(at).is_some_and(|above| live[above]);
        beside || if link.parent.is_some() { reaches && sure || is_start } else { is_start }
    };
    let mut left: Vec<Option<bool>> = live.iter().map(|live| live.then_some(false)).collect();
    for start in 0..links.len() {
        let (mut path, mut at) = (Vec::new(), Some(start));
        let found = loop {
            let Some(on) = at else { break false };
            if let Some(known) = left[on] {
                break known;
            }
            path.push(on);
            // What is met again hangs on itself.
            left[on] = Some(false);
            if begins_left(on) {
                break true;
            }
            at = tree.parent(on);
        };
        for on in path {
            left[on] = Some(found);
        }
    }
    let above = if is_lost { from.map(str::to_owned) } else { root.and_then(|root| root.parent.clone()) };
    Branches {
        left: left.into_iter().map(|left| left == Some(true)).collect(),
        sure,
        above,
        begins: is_start,
    }
}

struct Tree<'a> {
    links: &'a [Option<Link>],
    places: HashMap<&'a str, usize>,
}

impl<'a> Tree<'a> {
    fn new(links: &'a [Option<Link>]) -> Self {
        let places =
            links.iter().enumerate().filter_map(|(at, link)| Some((link.as_ref()?.uuid.as_str(), at)));
        Self { links, places: places.collect() }
    }

    fn get(&self, at: usize) -> Option<&Link> {
        self.links.get(at)?.as_ref()
    }

    fn parent(&self, at: usize) -> Option<usize> {
        self.places.get(self.get(at)?.parent.as_deref()?).copied()
    }

    /// The nearest message that a line hangs on.
    fn talk_above(&self, at: usize) -> Option<usize> {
        let above = std::iter::successors(self.parent(at), |at| self.parent(*at));
        // A circle comes to an end.
        above.take(self.links.len()).find(|at| self.get(*at).is_some_and(|link| link.talk))
    }

    /// The newest message on which no other hangs.
    fn leaf(&self) -> Option<usize> {
        let talk = |at: &usize| self.get(*at).is_some_and(|link| link.talk);
        let mut has_child = vec![false; self.links.len()];
        for above in (0..self.links.len()).filter(talk).filter_map(|at| self.talk_above(at)) {
            has_child[above] = true;
        }
        (0..self.links.len())
            .filter(talk)
            .filter(|at| !has_child[*at])
            .max_by_key(|at| self.get(*at).and_then(|link| link.time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn left(links: &[Option<Link>]) -> Vec<bool> {
        branches(links, None).left
    }

    /// A line by its number, the one it hangs on, and its second.
    #[allow(clippy::unnecessary_wraps)] // as the lists below hold them
    fn link(uuid: u32, parent: Option<u32>, second: i64, talk: bool, prompt: bool) -> Option<Link> {
        let time = DateTime::from_timestamp(second, 0);
        Some(Link { uuid: uuid.to_string(), parent: parent.map(|n| n.to_string()), time, talk, prompt })
    }

    fn prompt(uuid: u32, parent: u32, second: i64) -> Option<Link> {
        link(uuid, Some(parent), second, true, true)
    }

    fn answer(uuid: u32, parent: u32, second: i64) -> Option<Link> {
        link(uuid, Some(parent), second, true, false)
    }

    #[test]
    fn what_hangs_on_a_prompt_beside_the_newest_branch_was_left() {
        let root = link(1, None, 1, true, true);
        // Back to the first answer, and another way from there.
        let links = [
            root.clone(),
            answer(2, 1, 2),
            prompt(3, 2, 3),
            answer(4, 3, 4),
            prompt(5, 2, 5),
            answer(6, 5, 6),
        ];
        assert_eq!(left(&links), [false, false, true, true, false, false]);
        // The newest message decides, not the last line.
        let links = [
            root.clone(),
            answer(2, 1, 2),
            prompt(5, 2, 5),
            answer(6, 5, 6),
            prompt(3, 2, 3),
            answer(4, 3, 4),
        ];
        assert_eq!(left(&links), [false, false, false, false, true, true]);
        // A line of the system stands between.
        let links = [
            root.clone(),
            answer(2, 1, 2),
            link(9, Some(2), 2, false, false),
            prompt(3, 9, 3),
            prompt(5, 2, 5),
        ];
        assert_eq!(left(&links), [false, false, false, true, false]);
        // Two answers of tools beside each other, a prompt that hangs on nothing here, lines
        // without an id.
        let links = [
            root.clone(),
            answer(2, 1, 2),
            answer(3, 2, 3),
            answer(4, 2, 3),
            prompt(7, 99, 4),
            None,
            answer(5, 4, 5),
        ];
        assert_eq!(left(&links), [false, false, false, false, true, false, false]);
        // No line hangs on another, or each on the next.
        assert_eq!(left(&[root.clone(), link(2, None, 2, true, true)]), [false; 2]);
        assert_eq!(left(&[prompt(1, 2, 1), prompt(2, 1, 2), prompt(3, 1, 0)]), [false; 3]);
        assert_eq!(left(&[]), [false; 0]);
    }

    proptest! {
        #[test]
        fn any_links_come_to_an_end_and_the_newest_stays(
            links in prop::collection::vec((0u32..12, prop::option::of(0u32..12), 0i64..9, any::<bool>(), any::<bool>()), 0..40)
        ) {
            let links: Vec<Option<Link>> =
                links.into_iter().map(|(uuid, parent, second, talk, prompt)| link(uuid, parent, second, talk, talk && prompt)).collect();
            let left = left(&links);
            prop_assert_eq!(left.len(), links.len());
            if let Some(leaf) = Tree::new(&links).leaf() {
                prop_assert!(!left[leaf]);
            }
        }
    }
}
