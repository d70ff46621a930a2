//! What a pairing tells the screen, and what the screen answers it.

use std::sync::mpsc::{Receiver, Sender, channel};

use crate::service::{Error, Hidden, PairCheck, Paired, PairingCode, Result};

/// How far a pairing has come.
#[derive(Debug)]
pub enum Pairing {
    /// Here: the words to be typed on the other device, and the key that it will get.
    Code(PairingCode, String),
    /// Here: the other device asks. Whether it shows the same six words is answered.
    Asked(PairCheck, Reply<bool>),
    /// Here: the other device has fetched the key.
    Given(Paired),
    /// There: the words were right, and the other device shows these six.
    Check(PairCheck),
    /// There: this key came. A passphrase for it is answered, empty for none.
    Received(String, Reply<Hidden<String>>),
    /// Either: what is worth a word meanwhile.
    Doing(String),
}

/// Answers a question that a thread waits with; all of them dropped, nobody will.
#[derive(Clone, Debug)]
pub struct Reply<T>(Sender<T>);

impl<T> Reply<T> {
    /// An answer to come, and where it is waited for.
    pub fn new() -> (Self, Awaited<T>) {
        let (send, receive) = channel();
        (Self(send), Awaited(receive))
    }

    /// Answers. Nobody may wait any more.
    pub fn give(&self, answer: T) {
        drop(self.0.send(answer));
    }
}

/// Where an answer is waited for.
#[derive(Debug)]
pub struct Awaited<T>(Receiver<T>);

impl<T> Awaited<T> {
    /// The answer; blocks until it is there.
    pub fn answer(self) -> Result<T> {
        self.0.recv().map_err(|_| Error::cancelled())
    }
}
