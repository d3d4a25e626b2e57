//! The clients of a run in which things go wrong: those that watch and those that write, each a task. In the end they have
//! to be in step, whatever happened before.

use std::time::Duration;

use app::change::Change;
use futures::future::join_all;
use server::store::Store;
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    checks::{check_final_rows, check_what_was_shown, check_writes},
    station::{Socket, Station, Tally, View, watch_on},
    writers::{Written, keep_writing},
};

/// Longer than everything takes after the last thing that went wrong.
const SETTLING: Duration = Duration::from_mins(2);

/// Between two writes of one writer, on average.
const PAUSE: Duration = Duration::from_millis(60);

pub struct Crowd {
    watchers: Vec<JoinHandle<Station>>,
    writers: Vec<JoinHandle<(Station, Written)>>,
    /// The position that everybody has to reach.
    end: watch::Sender<Option<i64>>,
    stop: CancellationToken,
}

/// A crowd that has settled, and was right.
pub struct Settled {
    pub log: Vec<Change>,
    pub watchers: Vec<Station>,
    writers: Vec<(Station, Written)>,
    /// How many were shown as live.
    states: usize,
}

impl Crowd {
    pub fn new() -> Self {
        let end = watch::Sender::new(None);
        Self { watchers: Vec::new(), writers: Vec::new(), end, stop: CancellationToken::new() }
    }

    /// One more watcher; what it sees. `socket`: its first connection, when it has one. `stalls`: see [`watch_on`].
    pub fn add_watcher(&mut self, station: Station, socket: Option<Socket>, stalls: f64) -> watch::Receiver<View> {
        let view = station.view.subscribe();
        self.watchers.push(tokio::spawn(watch_on(station, socket, stalls, self.end.subscribe())));
        view
    }

    /// One more writer; what it sees.
    pub fn add_writer(&mut self, station: Station) -> watch::Receiver<View> {
        let view = station.view.subscribe();
        self.writers.push(tokio::spawn(keep_writing(station, PAUSE, self.stop.clone())));
        view
    }

    /// Ends the writing, waits until every write is answered and every list is live at the end of the log, and checks
    /// everything.
    pub async fn settle(self, store: &Store) -> Settled {
        self.stop.cancel();
<<<<<<< HEAD
        let Ok(writers) = timeout(SETTLING, join_all(self.writers)).await else { panic!("a write is never answered") };
        let writers: Vec<(Station, Written)> = writers.into_iter().map(Result::unwrap).collect();
        self.end.send_replace(Some(store.head().await.unwrap().seq));
        let Ok(watchers) = timeout(SETTLING, join_all(self.watchers)).await else { panic!("a watcher is out of step") };
        let watchers: Vec<Station> = watchers.into_iter().map(Result::unwrap).collect();
=======
        let writers = ended(self.writers, "every write to be answered").await;
        self.end.send_replace(Some(store.head().await.unwrap().seq));
        let watchers = ended(self.watchers, "every watcher to be in step").await;
>>>>>>> wt-n
        let log = store.changes_after(0, i64::MAX).await.unwrap();
        check_writes(&log, &writers);
        let stations = watchers.iter().chain(writers.iter().map(|(station, _)| station));
        let states = check_what_was_shown(&log, stations);
        check_final_rows(store, &log, &watchers).await;
        Settled { log, watchers, writers, states }
    }
}

/// What these tasks gave in the end.
async fn ended<T>(tasks: Vec<JoinHandle<T>>, what: &str) -> Vec<T> {
    let Ok(ended) = timeout(SETTLING, join_all(tasks)).await else { panic!("waited {SETTLING:?} for {what}") };
    ended.into_iter().map(Result::unwrap).collect()
}

impl Settled {
    /// Of the watchers.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for station in &self.watchers {
            tally.add(&station.tally);
        }
        tally
    }

    pub fn print_counts(&self) {
        let count = |of: fn(&Written) -> usize| self.writers.iter().map(|(_, written)| of(written)).sum::<usize>();
        println!(
            "{} writers: {} acknowledged, {} refused (of them {} by a full disk), {} changes in the log",
            self.writers.len(),
            count(|written| written.acknowledged.len()),
            count(|written| written.refused.len()),
            count(|written| written.disk_full),
            self.log.len()
        );
        println!("{} watchers: {:?}", self.watchers.len(), self.tally());
        println!(
            "0 acknowledged writes lost, 0 applied twice, 0 watchers out of step; {} states shown as live, all true",
            self.states
        );
    }
}
