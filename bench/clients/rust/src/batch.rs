//! A batch: its items, run by workers that are tasks of one thread.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::spawn_local;
use tokio::time::timeout;

use crate::options::Task;
use crate::report::Record;

/// Deadline of an item.
const ITEM_TIMEOUT: Duration = Duration::from_secs(300);

/// Result of an item.
pub struct Outcome {
    pub crc32: u32,
    /// Number of fares of a scrape, else 0.
    pub fares: u64,
}

/// Runs one item at a time.
pub trait Worker: 'static {
    async fn run(&mut self, task: Task, item: usize) -> Result<Outcome>;
}

/// Items that workers share, and the record of their outcomes.
pub struct Batch {
    task: Task,
    items: usize,
    next_item: Cell<usize>,
    record: RefCell<Record>,
}

impl Batch {
    /// Allocates all memory that the record needs.
    pub fn new(task: Task, items: usize) -> Batch {
        Batch {
            task,
            items,
            next_item: Cell::new(0),
            record: RefCell::new(Record::new(items)),
        }
    }

    /// Returns the report of the finished batch as one line of JSON.
    pub fn report(&self, version: &str) -> Result<String> {
        self.record.borrow_mut().report(version)
    }

    fn take_item(&self) -> Option<usize> {
        let item = self.next_item.get();
        (item < self.items).then(|| {
            self.next_item.set(item + 1);
            item
        })
    }
}

/// Runs the batch and returns its workers, which may keep connections.
pub async fn run<W: Worker>(workers: Vec<W>, batch: &Rc<Batch>) -> Result<Vec<W>> {
    batch.record.borrow_mut().begin()?;
    let tasks: Vec<_> = workers
        .into_iter()
        .map(|worker| spawn_local(work(worker, Rc::clone(batch))))
        .collect();
    let mut workers = Vec::with_capacity(tasks.len());
    for task in tasks {
        workers.push(task.await??);
    }
    batch.record.borrow_mut().end()?;
    Ok(workers)
}

async fn work<W: Worker>(mut worker: W, batch: Rc<Batch>) -> Result<W> {
    while let Some(item) = batch.take_item() {
        let started = batch.record.borrow_mut().begin_item()?;
        let outcome = timeout(ITEM_TIMEOUT, worker.run(batch.task, item))
            .await
            .context("deadline_exceeded")
            .and_then(|outcome| outcome);
        batch.record.borrow_mut().end_item(item, started, outcome)?;
    }
    Ok(worker)
}
