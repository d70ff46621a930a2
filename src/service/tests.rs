//! The verbs in a simulated network: sequences that nobody thought of, by seeds.

mod devices;
mod poor;
mod sequences;
mod watching;
mod week;
