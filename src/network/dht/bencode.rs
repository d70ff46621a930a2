//! Bencode, as far as the DHT speaks it. What is read is foreign: every length
//! is checked, nothing is copied, nothing nests without end.

/// Deeper than any message of the DHT.
const DEEPEST: usize = 8;

/// One value; lists are skipped, for no message that is read has one of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string of bytes.
    Bytes(&'a [u8]),
    /// A number.
    Int(i64),
    /// Something in a list.
    List,
    /// Keys and values.
    Dict(Dict<'a>),
}

/// Keys and values, as they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dict<'a>(&'a [u8]);

impl<'a> Dict<'a> {
    /// Reads a whole message: one dictionary with nothing behind it.
    pub fn read(message: &'a [u8]) -> Option<Self> {
        match value(message, DEEPEST)? {
            (Value::Dict(dict), []) => Some(dict),
            _ => None,
        }
    }

    pub fn get(self, key: &str) -> Option<Value<'a>> {
        let mut rest = self.0;
        while !rest.is_empty() {
            let (name, after) = bytes(rest)?;
            let (found, after) = value(after, DEEPEST)?;
            if name == key.as_bytes() {
                return Some(found);
            }
            rest = after;
        }
        None
    }

    pub fn bytes(self, key: &str) -> Option<&'a [u8]> {
        match self.get(key)? {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub fn array<const N: usize>(self, key: &str) -> Option<[u8; N]> {
        self.bytes(key)?.try_into().ok()
    }

    pub fn int(self, key: &str) -> Option<i64> {
        match self.get(key)? {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    pub fn dict(self, key: &str) -> Option<Dict<'a>> {
        match self.get(key)? {
            Value::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The number at the head of a list, as an error has it.
    pub fn first_int(self, key: &str) -> Option<i64> {
        let mut rest = self.0;
        while !rest.is_empty() {
            let (name, after) = bytes(rest)?;
            if name == key.as_bytes() {
                return match value(after.strip_prefix(b"l")?, DEEPEST)? {
                    (Value::Int(number), _) => Some(number),
                    _ => None,
                };
            }
            rest = value(after, DEEPEST)?.1;
        }
        None
    }
}

/// One value and what stands behind it.
fn value(input: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    match input.first()? {
        b'i' => {
            let (number, rest) = until(&input[1..], b'e')?;
            Some((Value::Int(std::str::from_utf8(number).ok()?.parse().ok()?), rest))
        }
        b'l' => {
            let mut rest = &input[1..];
            while rest.first()? != &b'e' {
                rest = value(rest, depth.checked_sub(1)?)?.1;
            }
            Some((Value::List, &rest[1..]))
        }
        b'd' => {
            let inside = &input[1..];
            let mut rest = inside;
            while rest.first()? != &b'e' {
                rest = value(bytes(rest)?.1, depth.checked_sub(1)?)?.1;
            }
            let inside = &inside[..inside.len() - rest.len()];
            Some((Value::Dict(Dict(inside)), &rest[1..]))
        }
        _ => bytes(input).map(|(bytes, rest)| (Value::Bytes(bytes), rest)),
    }
}

fn bytes(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = until(input, b':')?;
    if length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
        return None;
    }
    rest.split_at_checked(std::str::from_utf8(length).ok()?.parse().ok()?)
}

/// What stands before the first `end`, which comes soon, and what behind it.
fn until(input: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    let at = input.iter().take(21).position(|byte| *byte == end)?;
    Some((&input[..at], &input[at + 1..]))
}

/// Writes a message; keys are given in order.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Begins a message.
    pub fn message() -> Self {
        Self(vec![b'd'])
    }

    pub fn bytes(mut self, key: &str, value: &[u8]) -> Self {
        self.put(key.as_bytes());
        self.put(value);
        self
    }

    pub fn int(mut self, key: &str, value: i64) -> Self {
        self.put(key.as_bytes());
        self.0.extend(format!("i{value}e").bytes());
        self
    }

    /// What `inside` writes, as one dictionary.
    pub fn dict(mut self, key: &str, inside: impl FnOnce(Self) -> Self) -> Self {
        self.put(key.as_bytes());
        self.0.push(b'd');
        let mut all = inside(self);
        all.0.push(b'e');
        all
    }

    pub fn end(mut self) -> Vec<u8> {
        self.0.push(b'e');
        self.0
    }

    fn put(&mut self, value: &[u8]) {
        self.0.extend(format!("{}:", value.len()).bytes());
        self.0.extend(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let message = Writer::message()
            .dict("a", |a| a.bytes("id", &[7; 20]).int("seq", -3))
            .bytes("t", b"")
            .int("z", i64::MAX)
            .end();
        let read = Dict::read(&message).unwrap();
        let inner = read.dict("a").unwrap();
        assert_eq!((inner.array("id"), inner.int("seq")), (Some([7u8; 20]), Some(-3)));
        assert_eq!((read.bytes("t"), read.int("z"), read.get("y")), (Some(&b""[..]), Some(i64::MAX), None));
        assert_eq!(Dict::read(b"d1:eli301e3:CASe1:y1:ee").unwrap().first_int("e"), Some(301));
    }

    #[test]
    fn nonsense_is_refused_and_never_panics() {
        let deep = [vec![b'd'], b"1:a".to_vec(), vec![b'l'; 5000]].concat();
        for bad in [
            &b""[..],
            b"d",
            b"de ",
            b"i1e",
            b"d1:a",
            b"d1:ai",
            b"d1:ai1",
            b"d1:aie1:be",
            b"d1:a-1:xe",
            b"d1:a99999999999999999999:xe",
            b"d1:a18446744073709551615:xe",
            b"d3:ab",
            b"dli1eee",
            &deep,
        ] {
            assert_eq!(Dict::read(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Some(dict) = Dict::read(&bytes) {
                let _ = (dict.get("a"), dict.first_int("e"));
            }
        }
    }
}
