//! Pairing in poor networks: the key arrives, or both are told that it did not, and
//! nobody waits for ever.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::super::{Error, ErrorKind, Giving, IdentityView, Job, Paired, Result, Taking};
use super::devices::{Device, seed};
use crate::handoff::Hidden;
use crate::network::world::{Weather, World};

/// Of each kind of network.
const ROUNDS: u64 = 6;
/// Longer than the words can be used.
const NEVER: Duration = Duration::from_mins(15);

/// A device whose key was taken away.
fn bare(world: &World) -> Device {
    let device = Device::new(world, &seed(0));
    std::fs::remove_file(device.service.identity_path()).unwrap();
    device
}

async fn pair(old: &Device, new: &Device) -> (Result<Paired>, Result<IdentityView>) {
    let (code, check) = (Mutex::new(None), Arc::new(Mutex::new(None)));
    let compared = Arc::clone(&check);
    let giving = Giving {
        show: &|shown| *code.lock().unwrap() = Some(shown.code.clone()),
        // The other screen may be a moment late, and this clock stands while it is waited for.
        ask: Arc::new(move |asked| {
            Ok(compared.lock().unwrap().as_ref().is_none_or(|shown| *shown == asked.check))
        }),
    };
    let taking = Taking {
        show: &|shown| *check.lock().unwrap() = Some(shown.check.clone()),
        passphrase: Arc::new(|_| Ok(Hidden::default())),
    };
    let job = Job::quiet();
    let given = old.service.give_key(&giving, &job);
    let taken = async {
        let typed = loop {
            let shown = code.lock().unwrap().clone();
            if let Some(code) = shown {
                break code;
            }
            sleep(Duration::from_millis(100)).await;
        };
        // Who is told that this cannot be known yet tries again.
        loop {
            match new.service.take_key(&typed, false, &taking, &Job::quiet()).await {
                Err(error) if error.kind == ErrorKind::Unreachable && check.lock().unwrap().is_none() => {}
                taken => return taken,
            }
        }
    };
    let never_shown = Err(Error::failed("no words"));
    tokio::pin!(given, taken);
    tokio::select! {
        given = &mut given => {
            let shown = code.lock().unwrap().is_some();
            (given, if shown { taken.await } else { never_shown })
        }
        taken = &mut taken => (given.await, taken),
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_arrives_or_both_are_told_that_it_did_not() {
    for (lost, silent) in [(0, 0), (100, 0), (300, 0), (0, 5)] {
        let world = World::enter(lost + 7, 20, Weather { lost, ..Weather::FINE });
        world.silence(silent);
        let mut paired = 0;
        for number in 1..=ROUNDS {
            let (old, new) = (Device::new(&world, &seed(number)), bare(&world));
            let both = timeout(NEVER, pair(&old, &new)).await;
            let (given, taken) = both.unwrap_or_else(|_| panic!("{lost} ‰ lost: somebody waits for ever"));
            if let Ok(view) = &taken {
                assert_eq!(view.public_key, old.service.whoami().await.unwrap().public_key);
            }
            assert_eq!(taken.is_ok(), new.service.has_identity(), "{taken:?}");
            match (&given, &taken) {
                (Ok(_), Ok(_)) => paired += 1,
                // It may have: that is what is said.
                (Err(error), Ok(_)) => assert!(error.message.contains("may have your key"), "{error:?}"),
                (Ok(_), Err(error)) => panic!("{lost} ‰ lost, said to have it: {error:?}"),
                (Err(given), Err(taken)) => println!("{lost} ‰ lost: {given} / {taken}"),
            }
        }
        println!("{lost} ‰ lost, {silent} silent: {paired} of {ROUNDS} paired");
        assert!(lost > 100 || paired == ROUNDS, "{lost} ‰ lost, {silent} silent: {paired} of {ROUNDS}");
    }
}
