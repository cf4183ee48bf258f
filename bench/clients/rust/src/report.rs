//! Figures of a batch and their report.

use std::collections::BTreeMap;

use anyhow::Result;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::batch::Outcome;

const MAX_FIRST_ERRORS: usize = 3;

/// Members as in docs/clients.md.
#[derive(Serialize)]
struct Report<'a> {
    version: &'a str,
    outcomes: usize,
    errors: u64,
    digest: u64,
    fares: u64,
    attempts: usize,
    wall_ms: f64,
    cpu_us: i64,
    context_switches: i64,
    item_histogram: Vec<(i64, u64)>,
    half_done_ms: f64,
    first_item_at_s: f64,
    first_errors: &'a [String],
}

/// CPU time and context switches of this process.
#[derive(Clone, Copy, Default)]
struct Usage {
    cpu_us: i64,
    context_switches: i64,
}

impl Usage {
    fn now() -> Result<Usage> {
        let usage = getrusage(UsageWho::RUSAGE_SELF)?;
        Ok(Usage {
            cpu_us: (usage.user_time() + usage.system_time()).num_microseconds(),
            context_switches: usage.voluntary_context_switches()
                + usage.involuntary_context_switches(),
        })
    }
}

/// Collects the outcomes of a batch. Times are CLOCK_MONOTONIC in ns.
pub struct Record {
    first_start_ns: Option<i64>,
    last_outcome_ns: i64,
    half_done_ns: i64,
    /// Duration of each item, in order of outcome.
    durations_ns: Vec<i64>,
    outcomes: usize,
    errors: u64,
    fares: u64,
    digest: u64,
    first_errors: Vec<String>,
    usage_before: Usage,
    usage_after: Usage,
}

impl Record {
    /// Allocates and touches the memory of all items' figures.
    pub fn new(items: usize) -> Record {
        Record {
            first_start_ns: None,
            last_outcome_ns: 0,
            half_done_ns: 0,
            // Memory of zeros would not be touched.
            durations_ns: vec![-1; items],
            outcomes: 0,
            errors: 0,
            fares: 0,
            digest: 0,
            first_errors: Vec::with_capacity(MAX_FIRST_ERRORS),
            usage_before: Usage::default(),
            usage_after: Usage::default(),
        }
    }

    pub fn begin(&mut self) -> Result<()> {
        self.usage_before = Usage::now()?;
        Ok(())
    }

    pub fn end(&mut self) -> Result<()> {
        self.usage_after = Usage::now()?;
        Ok(())
    }

    /// Returns the start of an item.
    pub fn begin_item(&mut self) -> Result<i64> {
        let now = now_ns()?;
        self.first_start_ns.get_or_insert(now);
        Ok(now)
    }

    pub fn end_item(&mut self, item: usize, start_ns: i64, outcome: Result<Outcome>) -> Result<()> {
        let now = now_ns()?;
        self.durations_ns[self.outcomes] = now - start_ns;
        self.outcomes += 1;
        self.last_outcome_ns = now;
        if self.outcomes == self.durations_ns.len().div_ceil(2) {
            self.half_done_ns = now;
        }
        match outcome {
            Ok(outcome) => {
                self.digest = self.digest.wrapping_add(outcome.crc32.into());
                self.fares += outcome.fares;
            }
            Err(error) => {
                self.errors += 1;
                if self.first_errors.len() < MAX_FIRST_ERRORS {
                    self.first_errors.push(format!("item {item}: {error:#}"));
                }
            }
        }
        Ok(())
    }

    /// Returns the report of the finished batch as one line of JSON.
    pub fn report(&mut self, version: &str) -> Result<String> {
        let first = self.first_start_ns.unwrap_or_default();
        let since_first_ms = |ns: i64| (ns - first) as f64 / 1e6;
        let report = Report {
            version,
            outcomes: self.outcomes,
            errors: self.errors,
            digest: self.digest,
            fares: self.fares,
            // No retries.
            attempts: self.outcomes,
            wall_ms: since_first_ms(self.last_outcome_ns),
            cpu_us: self.usage_after.cpu_us - self.usage_before.cpu_us,
            context_switches: self.usage_after.context_switches
                - self.usage_before.context_switches,
            item_histogram: histogram(&self.durations_ns),
            half_done_ms: since_first_ms(self.half_done_ns),
            first_item_at_s: first as f64 / 1e9,
            first_errors: &self.first_errors,
        };
        Ok(serde_json::to_string(&report)?)
    }
}

fn now_ns() -> Result<i64> {
    Ok(clock_gettime(ClockId::CLOCK_MONOTONIC)?.num_nanoseconds())
}

/// Returns pairs of bucket and count, as docs/clients.md defines them.
fn histogram(durations_ns: &[i64]) -> Vec<(i64, u64)> {
    let mut counts = BTreeMap::new();
    for us in durations_ns.iter().map(|ns| ns / 1000) {
        let shift = 56_u32.saturating_sub(us.leading_zeros());
        *counts
            .entry(128 * i64::from(shift) + (us >> shift))
            .or_default() += 1;
    }
    counts.into_iter().collect()
}
