//! A client process of farebench, started by bench: runs one batch and reports it. The protocol is that of
//! docs/clients.md.

mod batch;
mod hyper_client;
mod options;
mod report;
mod reqwest_client;
mod scrape;

use std::io::{self, Write};
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use tokio::runtime::{Builder, LocalOptions};

use batch::{Batch, Worker};
use options::{Client, Options};

const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}

fn run() -> Result<()> {
    let options = Options::parse()?;
    match options.client {
        Client::Hyper => serve(
            &options,
            hyper_client::workers(&options)?,
            hyper_client::VERSION,
        ),
        Client::Reqwest => serve(
            &options,
            reqwest_client::workers(&options)?,
            reqwest_client::VERSION,
        ),
    }
}

/// Runs the batch of `options` when bench asks for it.
fn serve<W: Worker>(options: &Options, mut workers: Vec<W>, version: &str) -> Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())?;
    if options.warm_up > 0 {
        let warm_up = Rc::new(Batch::new(options.task, options.warm_up));
        workers = runtime.block_on(batch::run(workers, &warm_up))?;
    }
    let batch = Rc::new(Batch::new(options.task, options.items));

    write_line("farebench-client 2 ready")?;
    read_line("go")?;
    let workers = runtime.block_on(batch::run(workers, &batch));
    match &workers {
        Ok(_) => write_line(&batch.report(version)?)?,
        Err(error) => write_line(&format!("failed {error:#}"))?,
    }
    read_line("exit")
}

fn write_line(line: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .context("standard output")
}

fn read_line(expected: &str) -> Result<()> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).context("standard input")?;
    if line.strip_suffix('\n') != Some(expected) {
        bail!("read {line:?}, expected {expected:?}");
    }
    Ok(())
}
