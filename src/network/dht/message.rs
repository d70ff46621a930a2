//! The messages of the DHT (BEP 5, 44 and 43): what is asked, and what an
//! answer says.

use std::net::{Ipv4Addr, SocketAddrV4};

use mainline::Id;

use super::bencode::{Dict, Writer};

/// Nodes of one answer that are believed: as many as are kept of a bucket.
const MOST_NODES: usize = 20;
/// Bytes of one of them: id, address, port.
const NODE: usize = 26;

/// What a node is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Which nodes are near: of one that may store nothing itself.
    Nodes,
    /// What lies at an address.
    Item,
}

/// A signed item, as BEP 44 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub sequence: u64,
    pub signature: [u8; 64],
    pub value: Vec<u8>,
}

/// What a node answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What it knows.
    Told(Box<Told>),
    /// It refused, with this code.
    Refused(i64),
    /// Nothing that means anything.
    Nonsense,
}

/// What a node knows of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub id: Id,
    /// Nodes that it takes to be nearer.
    pub nodes: Vec<(Id, SocketAddrV4)>,
    /// With which something may be put there; a node that stores gives one.
    pub token: Option<Vec<u8>>,
    /// What lies there.
    pub item: Option<Item>,
    /// Something lies there that cannot be an item.
    pub is_damaged: bool,
}

/// A question. We only ask: nobody need remember us.
pub fn question(number: u32, own: &Id, ask: Ask, target: &Id) -> Vec<u8> {
    let method = match ask {
        Ask::Nodes => &b"find_node"[..],
        Ask::Item => b"get",
    };
    Writer::message()
        .dict("a", |a| a.bytes("id", own.as_bytes()).bytes("target", target.as_bytes()))
        .bytes("q", method)
        .int("ro", 1)
        .bytes("t", &number.to_be_bytes())
        .bytes("y", b"q")
        .end()
}

/// Asks a node to store an item, where `expected` stands there, if that is given.
pub fn store(
    number: u32,
    (own, target): (&Id, &Id),
    (key, item): (&[u8; 32], &Item),
    token: &[u8],
    expected: Option<i64>,
) -> Vec<u8> {
    let arguments = |a: Writer| {
        let a = match expected {
            Some(expected) => a.int("cas", expected),
            None => a,
        };
        a.bytes("id", own.as_bytes())
            .bytes("k", key)
            .int("seq", i64::try_from(item.sequence).unwrap_or(i64::MAX))
            .bytes("sig", &item.signature)
            .bytes("target", target.as_bytes())
            .bytes("token", token)
            .bytes("v", &item.value)
    };
    Writer::message()
        .dict("a", arguments)
        .bytes("q", b"put")
        .int("ro", 1)
        .bytes("t", &number.to_be_bytes())
        .bytes("y", b"q")
        .end()
}

/// Reads a message: the number of the question, where it tells one, and the
/// answer. `None` for a question: nodes look who asks them, and may go without.
pub fn answer(message: &[u8]) -> Option<(Option<u32>, Answer)> {
    let Some(message) = Dict::read(message) else { return Some((None, Answer::Nonsense)) };
    let number = message.array("t").map(u32::from_be_bytes);
    let answer = match message.bytes("y") {
        Some(b"q") => return None,
        // Who says that it stores nothing has nothing to say.
        Some(b"r") if message.int("ro") == Some(1) => Answer::Nonsense,
        Some(b"r") => {
            message.dict("r").and_then(told).map_or(Answer::Nonsense, |told| Answer::Told(Box::new(told)))
        }
        Some(b"e") => message.first_int("e").map_or(Answer::Nonsense, Answer::Refused),
        _ => Answer::Nonsense,
    };
    Some((number, answer))
}

/// What a signature of an item covers.
pub fn signed(sequence: u64, value: &[u8]) -> Vec<u8> {
    [format!("3:seqi{sequence}e1:v{}:", value.len()).as_bytes(), value].concat()
}

fn told(r: Dict<'_>) -> Option<Told> {
    let item = || {
        Some(Item {
            // mainline stores negative ones; nothing of ours has them.
            sequence: u64::try_from(r.int("seq")?).ok()?,
            signature: r.array("sig")?,
            value: r.bytes("v")?.to_vec(),
        })
    };
    let item = item();
    Some(Told {
        id: r.array::<20>("id")?.into(),
        nodes: r.bytes("nodes").map(nodes).unwrap_or_default(),
        token: r.bytes("token").map(<[u8]>::to_vec),
        // What lies below zero is as good as nothing.
        is_damaged: item.is_none() && r.get("v").is_some() && r.int("seq").is_none_or(|seq| seq >= 0),
        item,
    })
}

fn nodes(compact: &[u8]) -> Vec<(Id, SocketAddrV4)> {
    let (nodes, _) = compact.as_chunks::<NODE>();
    let read = |node: &[u8; NODE]| {
        let (id, address) = node.split_first_chunk::<20>()?;
        let &[a, b, c, d, high, low] = address else { return None };
        let at = SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]));
        Some((Id::from(*id), at))
    };
    nodes.iter().take(MOST_NODES).filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_what_others_send() {
        let (own, target) = (Id::from([1; 20]), Id::from([2; 20]));
        let asked = question(7, &own, Ask::Item, &target);
        let expected = [
            &b"d1:ad2:id20:"[..],
            &[1; 20],
            b"6:target20:",
            &[2; 20],
            b"e1:q3:get2:roi1e1:t4:\0\0\0\x071:y1:qe",
        ];
        assert_eq!(asked, expected.concat());
    }

    #[test]
    fn answers_are_read_and_nonsense_is_told_apart() {
        let nodes = [[9; 20].to_vec(), vec![127, 0, 0, 1, 0x1a, 0xe1], vec![0; 5]].concat();
        let r = |r: Writer| {
            r.bytes("id", &[3; 20])
                .bytes("nodes", &nodes)
                .int("seq", 5)
                .bytes("sig", &[4; 64])
                .bytes("token", b"tk")
                .bytes("v", b"value")
        };
        let full = Writer::message().dict("r", r).bytes("t", &[0, 0, 0, 9]).bytes("y", b"r").end();
        let Some((number, Answer::Told(told))) = answer(&full) else { panic!("it is an answer") };
        assert_eq!((number, told.id, told.token.as_deref()), (Some(9), Id::from([3; 20]), Some(&b"tk"[..])));
        assert_eq!(told.nodes, [(Id::from([9; 20]), "127.0.0.1:6881".parse().unwrap())]);
        assert_eq!(told.item.unwrap().value, b"value");
        let negative = Writer::message()
            .dict("r", |r| r.bytes("id", &[3; 20]).int("seq", -1).bytes("sig", &[4; 64]).bytes("v", b"x"))
            .bytes("t", &[0, 0, 0, 9])
            .bytes("y", b"r")
            .end();
        let Some((_, Answer::Told(told))) = answer(&negative) else { panic!("it is an answer") };
        assert!(told.item.is_none() && !told.is_damaged);
        assert_eq!(answer(b"d1:eli301e3:CASe1:t4:\0\0\0\x011:y1:ee"), Some((Some(1), Answer::Refused(301))));
        assert_eq!(answer(b"d1:rd2:id3:abce1:t4:\0\0\0\x011:y1:re"), Some((Some(1), Answer::Nonsense)));
        assert_eq!(answer(b"\xff\xff"), Some((None, Answer::Nonsense)));
        // Who asks whether we are there has not answered wrongly.
        assert_eq!(answer(&question(1, &told.id, Ask::Nodes, &told.id)), None);
    }
}
