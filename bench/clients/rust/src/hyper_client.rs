//! Client hyper: one HTTP/1 connection per worker, without a pool.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::batch::{Outcome, Worker};
use crate::options::{Connections, Options, Task};
use crate::scrape;

pub const VERSION: &str = env!("HYPER_VERSION");

/// Address and Host field of the site.
struct Site {
    host: String,
    port: u16,
    host_field: HeaderValue,
}

pub struct HyperWorker {
    site: Rc<Site>,
    connections: Connections,
    kept: Option<Box<Connection>>,
}

pub fn workers(options: &Options) -> Result<Vec<HyperWorker>> {
    let authority = options.url.authority().context("--url has no host")?;
    let site = Rc::new(Site {
        host: authority.host().trim_matches(['[', ']']).to_owned(),
        port: authority.port_u16().unwrap_or(80),
        host_field: HeaderValue::from_str(authority.as_str())?,
    });
    let worker = || HyperWorker {
        site: Rc::clone(&site),
        connections: options.connections,
        kept: None,
    };
    Ok(std::iter::repeat_with(worker)
        .take(options.workers.min(options.items.max(options.warm_up)))
        .collect())
}

impl Worker for HyperWorker {
    async fn run(&mut self, task: Task, item: usize) -> Result<Outcome> {
        // An item that fails or times out drops the connection.
        let mut connection = self.take_connection().await?;
        let outcome = match task {
            Task::Get => self.get(&mut connection, item).await?,
            Task::Scrape => self.scrape(&mut connection, item).await?,
        };
        if self.connections == Connections::Kept {
            self.kept = Some(connection);
        }
        Ok(outcome)
    }
}

impl HyperWorker {
    async fn take_connection(&mut self) -> Result<Box<Connection>> {
        if let Some(mut kept) = self.kept.take() {
            if kept.is_ready().await {
                return Ok(kept);
            }
        }
        Ok(Box::new(Connection::open(&self.site).await?))
    }

    async fn get(&self, connection: &mut Connection, item: usize) -> Result<Outcome> {
        let request = self.request(Uri::try_from(format!("/page/{item}"))?);
        let mut crc32 = crc32fast::Hasher::new();
        connection
            .exchange(request.body(Full::default())?, async |response| {
                let mut body = response.into_body();
                while let Some(frame) = body.frame().await {
                    if let Some(chunk) = frame.context("connection_lost")?.data_ref() {
                        crc32.update(chunk);
                    }
                }
                Ok(())
            })
            .await?;
        Ok(Outcome {
            crc32: crc32.finalize(),
            fares: 0,
        })
    }

    async fn scrape(&self, connection: &mut Connection, item: usize) -> Result<Outcome> {
        let date = scrape::date_of_item(item)?;
        let start = self.request(Uri::from_static(scrape::START_PATH));
        let cookie = connection
            .exchange(start.body(Full::default())?, async |response| {
                let cookie = scrape::session_cookie(response.headers())?;
                read(response).await?;
                Ok(cookie)
            })
            .await?;
        let search = self
            .request(Uri::from_static(scrape::SEARCH_PATH))
            .method("POST")
            .header(CONTENT_TYPE, scrape::FORM_TYPE)
            .header(COOKIE, cookie)
            .body(Full::from(scrape::search_form(date)))?;
        let page = connection.exchange(search, read).await?;
        scrape::read_fares(date, &page)
    }

    fn request(&self, target: Uri) -> hyper::http::request::Builder {
        Request::builder()
            .uri(target)
            .header(HOST, self.site.host_field.clone())
    }
}

async fn read(response: Response<Incoming>) -> Result<Bytes> {
    let body = response.into_body().collect().await;
    Ok(body.context("connection_lost")?.to_bytes())
}

/// A connection that makes progress only while its worker waits for it, so that it needs no task of its own.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// None if the connection has ended.
    driver: Option<http1::Connection<TokioIo<TcpStream>, Full<Bytes>>>,
}

impl Connection {
    async fn open(site: &Site) -> Result<Connection> {
        let stream = TcpStream::connect((site.host.as_str(), site.port))
            .await
            .context("connect_failed")?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Connection {
            sender,
            driver: Some(driver),
        })
    }

    /// Returns false if the connection has ended.
    async fn is_ready(&mut self) -> bool {
        drive(&mut self.driver, self.sender.ready()).await.is_ok()
    }

    /// Sends a request and returns what `read` makes of the response.
    async fn exchange<T>(
        &mut self,
        request: Request<Full<Bytes>>,
        read: impl AsyncFnOnce(Response<Incoming>) -> Result<T>,
    ) -> Result<T> {
        drive(&mut self.driver, async {
            self.sender.ready().await.context("connection_lost")?;
            let response = self.sender.send_request(request).await;
            let response = response.context("connection_lost")?;
            let status = response.status();
            ensure!(
                status == StatusCode::OK,
                "unexpected_status: {}",
                status.as_u16()
            );
            read(response).await
        })
        .await
    }
}

/// Polls the connection until `exchange` completes.
async fn drive<T>(
    driver: &mut Option<http1::Connection<TokioIo<TcpStream>, Full<Bytes>>>,
    exchange: impl Future<Output = T>,
) -> T {
    let mut exchange = pin!(exchange);
    poll_fn(|context| {
        if let Poll::Ready(result) = exchange.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        if let Some(connection) = driver {
            // `exchange` sees the error, too.
            if Pin::new(connection).poll(context).is_ready() {
                *driver = None;
            }
        }
        exchange.as_mut().poll(context)
    })
    .await
}
