use std::net::Ipv4Addr;

use super::*;

const PACE: Duration = Duration::from_millis(100);
const TIMEOUT: Duration = Duration::from_secs(2);
const MS: Duration = Duration::from_millis(1);

fn at(number: u16) -> SocketAddrV4 {
    SocketAddrV4::new([127, 0, 0, 1].into(), 1000 + number)
}

fn id(number: u16) -> Id {
    let mut id = [0; 20];
    id[..2].copy_from_slice(&number.to_be_bytes());
    Id::from(id)
}

/// How long a walk among `nodes` took, nearest first, where each answers after
/// so many ms, or not at all; and how it ended.
fn walk(nodes: &[Option<u32>], doubted: &[u16]) -> (Duration, Walk) {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    for number in 0..u16::try_from(nodes.len()).unwrap() {
        walk.hear(id(number), at(number), doubted.contains(&number));
    }
    let start = Instant::now();
    let mut now = start;
    let mut coming: Vec<(Instant, u16)> = Vec::new();
    while !walk.is_done(now) {
        for (to, ask) in walk.next_to_ask(now) {
            assert_eq!(ask, Ask::Item);
            let number = to.port() - 1000;
            coming.extend(nodes[usize::from(number)].map(|ms| (now + MS * ms, number)));
        }
        let wait = walk.patience(now);
        let next = coming.iter().map(|(then, _)| *then).filter(|then| *then > now).min();
        now = next.unwrap_or(now + TIMEOUT).min(now + wait.max(MS));
        for (_, number) in coming.extract_if(.., |(then, _)| *then <= now) {
            walk.answered(at(number), id(number), Some(vec![1]), now);
        }
        assert!(now < start + TIMEOUT * 4, "it never ends");
    }
    (now - start, walk)
}

#[test]
fn where_all_answer_it_takes_one_round_trip() {
    let (took, walk) = walk(&[Some(80); 30], &[]);
    assert_eq!((took, walk.asked(), walk.responded()), (MS * 80, 20, 20));
}

#[test]
fn a_silent_and_a_slow_node_are_not_waited_for() {
    let mut nodes = vec![Some(80); 20];
    (nodes[3], nodes[7]) = (None, Some(900));
    let (took, walk) = walk(&nodes, &[]);
    assert!(took <= MS * 320, "{took:?}");
    assert_eq!((walk.asked(), walk.responded()), (20, 18));
    // Once more, and they are known.
    let (took, _) = super::tests::walk(&nodes, &[3, 7]);
    assert!(took <= MS * 160, "{took:?}");
}

#[test]
fn dead_nodes_are_passed_over_outward() {
    let mut nodes = vec![Some(80); 60];
    nodes[..12].fill(None);
    let (_, walk) = walk(&nodes, &[]);
    assert_eq!((walk.asked(), walk.responded()), (20, 20));
    assert_eq!(walk.nearest().next().map(|(_, at, _)| at), Some(at(12)));
    // But not for ever: somebody could make them up.
    let mut nodes = vec![Some(80); 60];
    nodes[..30].fill(None);
    let (_, walk) = super::tests::walk(&nodes, &[]);
    assert!(!is_enough(walk.responded(), walk.asked()), "{} of {}", walk.responded(), walk.asked());
}

#[test]
fn where_too_few_answer_all_have_their_time() {
    let mut nodes = vec![None; 20];
    nodes[..6].fill(Some(80));
    let (took, walk) = walk(&nodes, &[1, 9]);
    assert!((TIMEOUT..TIMEOUT + MS * 50).contains(&took), "{took:?}");
    assert_eq!((walk.asked(), walk.responded()), (20, 6));
    // A slow one counts then.
    nodes[10] = Some(1_500);
    assert_eq!(super::tests::walk(&nodes, &[]).1.responded(), 7);
}

#[test]
fn who_answers_nonsense_costs_nothing() {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    (0..20).for_each(|number| walk.hear(id(number), at(number), false));
    let now = Instant::now();
    assert_eq!(walk.next_to_ask(now).len(), 20);
    walk.wronged(at(5));
    (0..20).filter(|number| *number != 5).for_each(|number| walk.answered(at(number), id(number), None, now));
    assert!(walk.is_done(now));
    assert_eq!((walk.asked(), walk.responded()), (20, 19));
}

#[test]
fn guides_lead_to_nodes_and_nobody_at_all_is_known_after_the_timeout() {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    let start = Instant::now();
    walk.guide(at(1));
    assert_eq!(walk.next_to_ask(start), [(at(1), Ask::Nodes)]);
    assert!(!walk.is_done(start + TIMEOUT / 2) && walk.is_done(start + TIMEOUT));
    assert_eq!((walk.asked(), walk.responded()), (1, 0));
    walk.answered(at(1), id(1), None, start + MS);
    assert_eq!(walk.next_to_ask(start + MS), [(at(1), Ask::Item)]);
    walk.answered(at(1), id(1), None, start + MS * 2);
    assert!(walk.is_done(start + MS * 2) && is_enough(walk.responded(), walk.asked()));
}

#[test]
fn where_all_that_were_known_are_gone_others_are_asked() {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    (0..20).for_each(|number| walk.hear(id(number), at(number), false));
    let start = Instant::now();
    walk.next_to_ask(start);
    walk.next_to_ask(start + MS * 250);
    assert!(!walk.is_deserted(start + MS * 250) && walk.is_deserted(start + MS * 400));
    walk.answered(at(3), id(3), None, start + MS * 300);
    assert!(!walk.is_deserted(start + MS * 400));
}

#[test]
fn one_node_does_not_speak_for_guides_that_are_silent() {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    let start = Instant::now();
    (1..5).for_each(|number| walk.guide(at(number)));
    walk.next_to_ask(start);
    walk.answered(at(1), id(1), None, start + MS);
    walk.next_to_ask(start + MS);
    walk.answered(at(1), id(1), None, start + MS * 2);
    assert_eq!((walk.asked(), walk.responded()), (4, 1));
    assert!(!walk.is_done(start + MS * 500));
}

/// Nodes 0 to 19 are silent until `silent` ms have gone by, then answer as the twenty
/// behind them do at once.
fn hiccup(silent: u32) -> (Duration, Walk) {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    (0..40).for_each(|number| walk.hear(id(number), at(number), false));
    let start = Instant::now();
    let mut now = start;
    while !walk.is_done(now) {
        let asked = walk.next_to_ask(now);
        if now - start >= MS * silent {
            (0..20).for_each(|number| walk.answered(at(number), id(number), Some(vec![1]), now));
        }
        for (to, _) in asked.iter().filter(|(to, _)| to.port() >= 1020) {
            walk.answered(*to, id(to.port() - 1000), Some(vec![1]), now + MS);
        }
        now += MS * 10;
        assert!(now < start + TIMEOUT * 4, "it never ends");
    }
    (now - start, walk)
}

#[test]
fn those_further_out_do_not_speak_for_the_nearest_after_a_hiccup() {
    let (took, walk) = hiccup(450);
    assert_eq!(walk.nearest().next().map(|(_, at, _)| at), Some(at(0)), "{took:?}");
    // Who stays silent for good is passed over even so, in bounded time.
    let (took, walk) = hiccup(100_000);
    assert!(took <= TIMEOUT + MS * 100, "{took:?}");
    assert_eq!((walk.asked(), walk.responded()), (20, 20));
}

#[test]
fn a_walk_that_is_cut_off_does_not_speak_for_nodes_that_were_not_heard() {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    (20..40).for_each(|number| walk.hear(id(number), at(number), false));
    let now = Instant::now();
    walk.next_to_ask(now);
    (20..40).for_each(|number| walk.answered(at(number), id(number), None, now));
    (0..20).for_each(|number| walk.hear(id(number), at(number), false));
    walk.next_to_ask(now);
    assert!(!walk.is_done(now));
    assert!(!is_enough(walk.responded(), walk.asked()), "{} of {}", walk.responded(), walk.asked());
}

#[test]
fn nodes_that_store_nothing_speak_for_nobody() {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    (0..60).for_each(|number| walk.hear(id(number), at(number), false));
    let now = Instant::now();
    while !walk.is_done(now) {
        for (to, _) in walk.next_to_ask(now) {
            let number = to.port() - 1000;
            match number % 3 {
                0 => walk.keeps_nothing(to, id(number), now),
                _ => walk.answered(to, id(number), Some(vec![1]), now),
            }
        }
    }
    assert_eq!((walk.asked(), walk.responded()), (20, 20));
    assert!(walk.nearest().all(|(_, at, token)| at.port() % 3 != 1000 % 3 && token.is_some()));
}

#[test]
fn who_is_guide_and_node_gives_what_is_put_with_as_a_node() {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    let now = Instant::now();
    walk.guide(at(1));
    walk.hear(id(1), at(1), false);
    walk.next_to_ask(now);
    walk.answered(at(1), id(1), Some(vec![1]), now);
    walk.keeps_nothing(at(1), id(1), now);
    assert_eq!(walk.nearest().next().and_then(|(.., token)| token), Some(&[1][..]));
    assert!(walk.is_done(now));
}

/// What of these nodes a walk asks, where all answer and nobody names others.
fn asked(nodes: &[(Id, SocketAddrV4)]) -> Walk {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    for (id, at) in nodes {
        walk.hear(*id, *at, false);
    }
    let now = Instant::now();
    while !walk.is_done(now) {
        let asked = walk.next_to_ask(now);
        for (to, _) in &asked {
            let id = nodes.iter().find(|(_, at)| at == to).map(|(id, _)| *id).unwrap();
            walk.answered(*to, id, Some(vec![1]), now);
        }
        assert!(!asked.is_empty(), "it never ends");
    }
    walk
}

#[test]
fn one_host_counts_once_however_many_ports_it_has() {
    // Ids that no address allows, on one address of the public network.
    let host = |port| (id(port), SocketAddrV4::new([84, 124, 73, 14].into(), port));
    let others = (0..20).map(|number| {
        let ip = Ipv4Addr::new(21, 75, 31, u8::try_from(number).unwrap() + 1);
        (Id::from_ipv4(ip), SocketAddrV4::new(ip, 6881))
    });
    let nodes: Vec<_> = (1..1_000).map(host).chain(others).collect();
    let walk = asked(&nodes);
    assert_eq!(walk.nearest().filter(|(_, at, _)| at.ip().octets()[0] == 21).count(), 20);
    // Without any other, they are one.
    let walk = asked(&nodes[..100]);
    assert_eq!(walk.responded(), 1);
}

#[test]
fn invented_nodes_are_not_followed_without_end() {
    let mut walk = Walk::new(Id::from([0; 20]), PACE, TIMEOUT);
    let now = Instant::now();
    let node = |number: u32| {
        let mut id = [0; 20];
        id[..4].copy_from_slice(&(u32::MAX - number).to_be_bytes());
        let [.., a, b] = number.to_be_bytes();
        (Id::from(id), SocketAddrV4::new([10, 0, a, b].into(), 1))
    };
    walk.hear(node(0).0, node(0).1, false);
    let (mut next, mut all) = (1, 0);
    // Each answer names twenty that are nearer.
    while !walk.is_done(now) {
        for (to, _) in walk.next_to_ask(now) {
            let [_, _, a, b] = to.ip().octets();
            walk.answered(to, node(u32::from_be_bytes([0, 0, a, b])).0, Some(vec![1]), now);
            for _ in 0..20 {
                walk.hear(node(next).0, node(next).1, false);
                next += 1;
            }
            all += 1;
        }
        assert!(all <= MOST_ASKED + NEAREST, "{all}");
    }
    assert!(walk.nodes.len() <= MOST_HEARD + MOST_ASKED);
    assert!(!is_enough(walk.responded(), walk.asked()), "{} of {}", walk.responded(), walk.asked());
}
