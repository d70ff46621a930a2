//! What a pairing leaves on the network.

use cclink::handoff::pairing::{At, Code, Pairing, candidate_windows};
use cclink::network::{Network, NetworkConfig};

use super::{Ring, now};

/// Whether an end stands at each of the three addresses.
pub fn ends(code: &str) -> Vec<bool> {
    let pairing = candidate_windows(now()).map(|window| Pairing::new(&Code::new(code).unwrap(), window));
    let network = Network::new(NetworkConfig::parse(Some(Ring::shared()), None).unwrap());
    let look = async {
        let mut ends = Vec::new();
        for at in At::ALL {
            let mut is_ended = false;
            for pairing in &pairing {
                let seen = network.lookup(&pairing.address(at), &mut |_| {}).await.unwrap();
                is_ended |= seen.is_held(|packet| pairing.is_end(packet));
            }
            ends.push(is_ended);
        }
        ends
    };
    tokio::runtime::Runtime::new().unwrap().block_on(look)
}
