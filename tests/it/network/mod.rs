//! The DHT and the relays: rough, forged, absent; and what others see there.

mod inside;
mod offline;
mod wire;
