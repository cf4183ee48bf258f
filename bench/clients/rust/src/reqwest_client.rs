//! Client reqwest.

use anyhow::{Context, Result, ensure};
use hyper::body::Bytes;
use reqwest::header::{CONTENT_TYPE, COOKIE};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use tokio::task::yield_now;

use crate::batch::{Outcome, Worker};
use crate::options::{Connections, Options, Task};
use crate::scrape;

pub const VERSION: &str = env!("REQWEST_VERSION");

pub struct ReqwestWorker {
    /// Scheme, host and port of the site.
    url: String,
    /// The pool of all workers. None if connections are fresh.
    shared: Option<Client>,
}

pub fn workers(options: &Options) -> Result<Vec<ReqwestWorker>> {
    let shared = match options.connections {
        Connections::Kept => Some(create_client()?),
        Connections::Fresh => None,
    };
    let worker = || ReqwestWorker {
        url: options.url.to_string().trim_end_matches('/').to_owned(),
        shared: shared.clone(),
    };
    Ok(std::iter::repeat_with(worker)
        .take(options.workers.min(options.items.max(options.warm_up)))
        .collect())
}

fn create_client() -> Result<Client> {
    let builder = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none());
    Ok(builder.build()?)
}

impl Worker for ReqwestWorker {
    async fn run(&mut self, task: Task, item: usize) -> Result<Outcome> {
        let client = match &self.shared {
            Some(client) => client.clone(),
            // Its pool lasts as long as the item.
            None => create_client()?,
        };
        match task {
            Task::Get => self.get(&client, item).await,
            Task::Scrape => self.scrape(&client, item).await,
        }
    }
}

impl ReqwestWorker {
    async fn get(&self, client: &Client, item: usize) -> Result<Outcome> {
        let mut page = send(client.get(format!("{}/page/{item}", self.url))).await?;
        let mut crc32 = crc32fast::Hasher::new();
        while let Some(chunk) = page.chunk().await.context("connection_lost")? {
            crc32.update(&chunk);
        }
        reuse_connection().await;
        Ok(Outcome {
            crc32: crc32.finalize(),
            fares: 0,
        })
    }

    async fn scrape(&self, client: &Client, item: usize) -> Result<Outcome> {
        let date = scrape::date_of_item(item)?;
        let start = send(client.get(format!("{}{}", self.url, scrape::START_PATH))).await?;
        let cookie = scrape::session_cookie(start.headers())?;
        read(start).await?;
        let search = client
            .post(format!("{}{}", self.url, scrape::SEARCH_PATH))
            .header(CONTENT_TYPE, scrape::FORM_TYPE)
            .header(COOKIE, cookie)
            .body(scrape::search_form(date));
        let page = read(send(search).await?).await?;
        scrape::read_fares(date, &page)
    }
}

/// Returns a response of status 200.
async fn send(request: RequestBuilder) -> Result<Response> {
    let response = request.send().await.map_err(|error| {
        let kind = if error.is_connect() {
            "connect_failed"
        } else {
            "connection_lost"
        };
        anyhow::Error::new(error).context(kind)
    })?;
    let status = response.status();
    ensure!(
        status == StatusCode::OK,
        "unexpected_status: {}",
        status.as_u16()
    );
    Ok(response)
}

async fn read(response: Response) -> Result<Bytes> {
    let body = response.bytes().await.context("connection_lost")?;
    reuse_connection().await;
    Ok(body)
}

/// Lets the task that returns a connection to the pool run. Otherwise the next request after a long body
/// opens another connection.
async fn reuse_connection() {
    yield_now().await;
}
