//! Who attends which patient, as far as this node knows. No clock, no network, no lock.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Instant,
};

use app::wire::{How, Present};

/// One socket of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Screen {
    pub(super) node: u64,
    pub(super) socket: u64,
}

/// That somebody attends a patient until then, if they do not say so again.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub(super) account: i64,
    /// The account's name.
    pub(super) by: String,
    pub(super) pk: i64,
    pub(super) how: How,
    pub(super) until: Instant,
}

/// Each screen has one lease at most.
#[derive(Default)]
pub(super) struct Leases {
    by_pk: HashMap<i64, BTreeMap<Screen, Lease>>,
    pk_of: HashMap<Screen, i64>,
}

impl Leases {
    /// In the place of the lease that the screen had. Gives the patients whose company may have changed.
    pub(super) fn attend(&mut self, screen: Screen, lease: Lease) -> BTreeSet<i64> {
        let pk = lease.pk;
        let before = self.leave(screen);
        self.pk_of.insert(screen, pk);
        self.by_pk.entry(pk).or_default().insert(screen, lease);
        before.into_iter().chain([pk]).collect()
    }

    /// Ends the screen's lease. Gives the patient that it attended.
    pub(super) fn leave(&mut self, screen: Screen) -> Option<i64> {
        let pk = self.pk_of.remove(&screen)?;
        if let Some(leases) = self.by_pk.get_mut(&pk) {
            leases.remove(&screen);
            if leases.is_empty() {
                self.by_pk.remove(&pk);
            }
        }
        Some(pk)
    }

    /// Ends those whose time is over, and tells of which patients.
    pub(super) fn expire(&mut self, now: Instant) -> BTreeSet<i64> {
        let over = |(screen, lease): (&Screen, &Lease)| (lease.until <= now).then_some(*screen);
        let screens: Vec<_> = self.by_pk.values().flatten().filter_map(over).collect();
        screens.into_iter().filter_map(|screen| self.leave(screen)).collect()
    }

    /// The other accounts that attend a patient, each once, by name; of their screens the one counts on which they do most.
    pub(super) fn others(&self, pk: i64, account: i64) -> Vec<Present> {
        let mut others: BTreeMap<(&str, i64), How> = BTreeMap::new();
        for lease in self.leases(pk).map(|(_, lease)| lease).filter(|lease| lease.account != account) {
            let how = others.entry((&lease.by, lease.account)).or_insert(lease.how);
            *how = lease.how.max(*how);
        }
        others.into_iter().map(|((by, _), how)| Present { by: by.to_owned(), how }).collect()
    }

    /// Those that attend a patient.
    pub(super) fn leases(&self, pk: i64) -> impl Iterator<Item = (Screen, &Lease)> {
        self.by_pk.get(&pk).into_iter().flatten().map(|(screen, lease)| (*screen, lease))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn screen(socket: u64) -> Screen {
        Screen { node: socket % 2, socket }
    }

    fn lease(account: i64, pk: i64, how: How, until: Instant) -> Lease {
        Lease { account, by: format!("account {account}"), pk, how, until }
    }

    fn present(account: i64, how: How) -> Present {
        Present { by: format!("account {account}"), how }
    }

    #[test]
    fn others_are_told_once_each_with_what_they_do_most() {
        let now = Instant::now();
        let mut leases = Leases::default();
        for (socket, account, how) in [
            (1, 1, How::Editing),
            (2, 3, How::Viewing),
            (3, 2, How::Editing),
            (4, 2, How::Viewing),
            (5, 1, How::Viewing),
        ] {
            assert_eq!(leases.attend(screen(socket), lease(account, 7, how, now)), [7].into());
        }
        assert_eq!(leases.others(7, 1), [present(2, How::Editing), present(3, How::Viewing)]);
        assert_eq!(leases.others(7, 3), [present(1, How::Editing), present(2, How::Editing)]);
        assert_eq!(leases.leave(screen(3)), Some(7));
        assert_eq!(leases.others(7, 1), [present(2, How::Viewing), present(3, How::Viewing)]);
        assert_eq!(leases.attend(screen(2), lease(3, 8, How::Viewing, now)), [7, 8].into());
        assert_eq!(leases.others(7, 1), [present(2, How::Viewing)]);
        assert_eq!(leases.leave(screen(9)), None);
    }

    #[test]
    fn a_lease_ends_at_its_time_and_not_before_and_may_be_renewed() {
        let now = Instant::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        let mut leases = Leases::default();
        leases.attend(screen(1), lease(1, 7, How::Viewing, later(20)));
        leases.attend(screen(2), lease(2, 7, How::Viewing, later(20)));
        assert!(leases.expire(later(19)).is_empty());
        leases.attend(screen(1), lease(1, 7, How::Viewing, later(30)));
        assert_eq!(leases.expire(later(20)), [7].into());
        assert_eq!(leases.others(7, 0), [present(1, How::Viewing)]);
        assert_eq!(leases.expire(later(30)), [7].into());
        assert!(leases.by_pk.is_empty() && leases.pk_of.is_empty(), "nothing is kept of what is over");
    }

    /// As anybody would work it out from a list of who said what last.
    #[test]
    fn whatever_is_said_in_whatever_order_the_leases_are_those_that_were_said_last() {
        for seed in 0..200 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let start = Instant::now();
            let mut leases = Leases::default();
            let mut said: BTreeMap<u64, Lease> = BTreeMap::new();
            let mut now = start;
            for _ in 0..60 {
                now += Duration::from_secs(random.random_range(0..4));
                let socket = random.random_range(0..8_u64);
                let told = match random.random_range(0..4) {
                    0 => {
                        said.remove(&socket);
                        leases.leave(screen(socket)).into_iter().collect()
                    }
                    1 => {
                        said.retain(|_, lease| lease.until > now);
                        leases.expire(now)
                    }
                    _ => {
                        let how = if random.random_bool(0.5) { How::Viewing } else { How::Editing };
                        let account = i64::try_from(socket / 2).unwrap();
                        let until = now + Duration::from_secs(random.random_range(1..20));
                        let lease = lease(account, random.random_range(1..3), how, until);
                        said.insert(socket, lease.clone());
                        leases.attend(screen(socket), lease)
                    }
                };
                for (pk, account) in [(1, 0), (1, 9), (2, 1), (2, 9)] {
                    let mut expected: BTreeMap<i64, How> = BTreeMap::new();
                    for lease in said.values().filter(|lease| lease.pk == pk && lease.account != account) {
                        let how = expected.entry(lease.account).or_insert(How::Viewing);
                        *how = lease.how.max(*how);
                    }
                    let expected: Vec<_> = expected.into_iter().map(|(account, how)| present(account, how)).collect();
                    assert_eq!(leases.others(pk, account), expected, "seed {seed}");
                }
                assert!(told.iter().all(|pk| (1..3).contains(pk)));
                assert_eq!(leases.pk_of.len(), said.len());
            }
        }
    }
}
