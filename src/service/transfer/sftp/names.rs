//! What the other side says in words, made fit for the SFTP client: one name that
//! is not in UTF-8, and it would give up the whole connection.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};

/// Kinds of answers: how something ended, and names.
const STATUS: u8 = 101;
const NAME: u8 = 104;
/// An answer has at least so many bytes, its kind included: the number of the
/// request and one more number.
const SHORTEST: u32 = 9;
/// And at most so many: servers send 256 KiB. The client would make room for any.
const LONGEST: u32 = 4 * 1024 * 1024;
/// Stands before a name that was changed: no name has it.
pub(super) const CHANGED: char = '/';

/// Hands on what the other side sends, packet by packet, until either end closes.
pub(super) async fn hand_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    // Of the greeting the client says itself what is wrong with it.
    let greeting = from.read_u32().await?;
    to.write_u32(greeting).await?;
    copy(&mut (&mut from).take(greeting.into()), &mut to).await?;
    to.flush().await?;
    loop {
        let length = from.read_u32().await?;
        if !(SHORTEST..=LONGEST).contains(&length) {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let kind = from.read_u8().await?;
        let mut rest = (&mut from).take(u64::from(length) - 1);
        if matches!(kind, STATUS | NAME) {
            let mut packet = vec![kind];
            rest.read_to_end(&mut packet).await?;
            let packet = fit(&packet).unwrap_or(packet);
            to.write_u32(u32::try_from(packet.len()).unwrap_or(u32::MAX)).await?;
            to.write_all(&packet).await?;
        } else {
            to.write_u32(length).await?;
            to.write_u8(kind).await?;
            copy(&mut rest, &mut to).await?;
        }
        to.flush().await?;
    }
}

/// A packet whose words are in UTF-8; `None` for one that cannot be read.
fn fit(packet: &[u8]) -> Option<Vec<u8>> {
    let mut rest = packet;
    // Kind, number of the request, and how it ended or how many names there are.
    let mut out = take(&mut rest, 9)?.to_vec();
    if packet.first() == Some(&STATUS) {
        while !rest.is_empty() {
            push(&mut out, &String::from_utf8_lossy(string(&mut rest)?));
        }
        return Some(out);
    }
    while !rest.is_empty() {
        let name = string(&mut rest)?;
        match str::from_utf8(name) {
            Ok(name) => push(&mut out, name),
            Err(_) => push(&mut out, &format!("{CHANGED}{}", String::from_utf8_lossy(name))),
        }
        // The same for people, of which nobody has use.
        string(&mut rest)?;
        push(&mut out, "");
        out.extend_from_slice(attributes(&mut rest)?);
    }
    Some(out)
}

fn take<'a>(from: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (own, rest) = from.split_at_checked(bytes)?;
    *from = rest;
    Some(own)
}

fn number(from: &mut &[u8]) -> Option<u32> {
    take(from, 4)?.try_into().ok().map(u32::from_be_bytes)
}

fn string<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = number(from)?;
    take(from, usize::try_from(length).ok()?)
}

fn push(out: &mut Vec<u8>, words: &str) {
    out.extend_from_slice(&u32::try_from(words.len()).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(words.as_bytes());
}

/// Flags, and what they say that follows: size, owners, mode, times, more.
fn attributes<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let all = *from;
    let flags = number(from)?;
    for (flag, bytes) in [(1, 8), (2, 8), (4, 4), (8, 8)] {
        take(from, if flags & flag == 0 { 0 } else { bytes })?;
    }
    if flags & 0x8000_0000 != 0 {
        for _ in 0..number(from)? {
            string(from)?;
            string(from)?;
        }
    }
    all.get(..all.len() - from.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = [&[kind, 0, 0, 0, 7, 0, 0, 0, 2][..], &parts.concat()].concat();
        [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
    }

    fn said(words: &[u8]) -> Vec<u8> {
        [&u32::try_from(words.len()).unwrap().to_be_bytes()[..], words].concat()
    }

    /// What is handed on behind the greeting.
    async fn handed_on(bytes: &[u8]) -> Vec<u8> {
        let greeting = [0, 0, 0, 5, 2, 0, 0, 0, 3];
        let mut out = Vec::new();
        let _ = hand_on(&*[&greeting, bytes].concat(), &mut out).await;
        out.split_off(greeting.len())
    }

    #[tokio::test]
    async fn names_that_are_not_in_utf8_are_marked() {
        let attributes =
            [&[0x80, 0, 0, 13][..], &[9; 20], &[0, 0, 0, 1], &said(b"x"), &said(b"\xff")].concat();
        let none = [0; 4];
        let names = |first: &[u8], long: [&[u8]; 2]| {
            let long = long.map(said);
            packet(NAME, &[&said(first), &long[0], &attributes, &said(b"a"), &long[1], &none])
        };
        let data = packet(103, &[b"\xff\xfe"]);
        let input =
            [names(b"odd\xff", [b"-rw \xff", b"-rw a"]), data.clone(), names(b"\xc3\xa9", [b"", b""])];
        let output = [names("/odd\u{fffd}".as_bytes(), [b"", b""]), data, names(b"\xc3\xa9", [b"", b""])];
        assert_eq!(handed_on(&input.concat()).await, output.concat());
        let no = |words: &[u8]| packet(STATUS, &[&said(words), &said(b"en")]);
        assert_eq!(handed_on(&no(b"no \xff")).await, no("no \u{fffd}".as_bytes()));
    }

    proptest! {
        #[test]
        fn what_cannot_be_read_is_handed_on_as_it_is_or_ends_it(bytes: Vec<u8>, kind in 99u8..106) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let packet = packet(kind, &[&bytes]);
            let out = runtime.block_on(handed_on(&packet));
            prop_assert!(out == packet || matches!(kind, STATUS | NAME) && out.len() > 12);
            let out = runtime.block_on(handed_on(&[&packet[..], b"\xff\xff\xff\xff", &bytes].concat()));
            prop_assert!(out.len() <= packet.len() + bytes.len() * 2);
            let mut out = Vec::new();
            let _ = runtime.block_on(hand_on(&b"Welcome to far!"[..], &mut out));
            prop_assert_eq!(&out, b"Welcome to far!");
        }
    }
}
