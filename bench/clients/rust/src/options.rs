//! Command line: the arguments that bench appends, and --client.

use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail, ensure};
use hyper::Uri;
use lexopt::{Arg, Parser, ValueExt};

#[derive(Clone, Copy)]
pub enum Client {
    Hyper,
    Reqwest,
}

#[derive(Clone, Copy)]
pub enum Task {
    /// One request; digest of its body.
    Get,
    /// A session of two requests; digest of the fares.
    Scrape,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Connections {
    /// At most one per worker, reused from item to item.
    Kept,
    /// A new one for each item.
    Fresh,
}

pub struct Options {
    pub client: Client,
    /// Scheme, host and port of the site.
    pub url: Uri,
    pub task: Task,
    /// Maximum number of items in progress.
    pub workers: usize,
    pub items: usize,
    pub connections: Connections,
    /// Number of items to run before the batch.
    pub warm_up: usize,
}

impl Options {
    /// Reads the arguments of this process.
    pub fn parse() -> Result<Options> {
        let mut client = None;
        let mut url = None;
        let mut task = None;
        let mut workers = None;
        let mut items = None;
        let mut connections = None;
        let mut warm_up = 0;
        let mut arguments = Parser::from_env();
        while let Some(argument) = arguments.next()? {
            let Arg::Long(name) = argument else {
                return Err(argument.unexpected().into());
            };
            let name = format!("--{name}");
            let text = arguments.value()?.string()?;
            match name.as_str() {
                "--client" => client = Some(parse(&name, &text)?),
                "--url" => url = Some(parse_url(&text)?),
                "--task" => task = Some(parse(&name, &text)?),
                "--workers" => workers = Some(parse_count(&name, &text)?),
                "--items" => items = Some(parse_count(&name, &text)?),
                "--connections" => connections = Some(parse(&name, &text)?),
                "--warm-up" => warm_up = parse(&name, &text)?,
                _ => bail!("unknown argument {name}"),
            }
        }
        Ok(Options {
            client: client.context("--client is missing")?,
            url: url.context("--url is missing")?,
            task: task.context("--task is missing")?,
            workers: workers.context("--workers is missing")?,
            items: items.context("--items is missing")?,
            connections: connections.context("--connections is missing")?,
            warm_up,
        })
    }
}

fn parse<T>(name: &str, text: &str) -> Result<T>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error| anyhow!("{name} {text}: {error}"))
}

fn parse_count(name: &str, text: &str) -> Result<usize> {
    let count = parse(name, text)?;
    ensure!(count >= 1, "{name} {text}: must be at least 1");
    Ok(count)
}

fn parse_url(text: &str) -> Result<Uri> {
    let url: Uri = parse("--url", text)?;
    ensure!(
        url.scheme_str() == Some("http") && url.path() == "/" && url.query().is_none(),
        "--url {text}: expected http://HOST:PORT"
    );
    Ok(url)
}

impl FromStr for Client {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "hyper" => Ok(Client::Hyper),
            "reqwest" => Ok(Client::Reqwest),
            _ => Err("expected hyper or reqwest"),
        }
    }
}

impl FromStr for Task {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "get" => Ok(Task::Get),
            "scrape" => Ok(Task::Scrape),
            _ => Err("expected scrape or get"),
        }
    }
}

impl FromStr for Connections {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "kept" => Ok(Connections::Kept),
            "fresh" => Ok(Connections::Fresh),
            _ => Err("expected kept or fresh"),
        }
    }
}
