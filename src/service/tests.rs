//! The verbs in a simulated network: sequences that nobody thought of, by seeds.

mod behind;
mod devices;
mod held;
mod pairing;
mod pickups;
mod poor;
mod sequences;
mod several;
mod watching;
mod week;
