//! Task scrape: date, search form, session cookie and fares. It does not depend on the HTTP library.

use std::fmt::Write;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use hyper::header::{HeaderMap, HeaderValue, SET_COOKIE};
use scraper::{ElementRef, Html, Selector};
use time::{Date, Duration, Month};

use crate::batch::Outcome;

pub const START_PATH: &str = "/m/";
pub const SEARCH_PATH: &str = "/m/?0-1.IFormSubmitListener-searchForm-form";
pub const FORM_TYPE: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

const FIRST_DATE: Date = match Date::from_calendar_date(2026, Month::March, 1) {
    Ok(date) => date,
    Err(_) => unreachable!(),
};

static FARE_ROW: LazyLock<Selector> =
    LazyLock::new(|| Selector::parse(".select-line").expect("valid selector"));

/// Returns the day of an item.
pub fn date_of_item(item: usize) -> Result<Date> {
    i64::try_from(item)
        .ok()
        .and_then(|days| FIRST_DATE.checked_add(Duration::days(days)))
        .context("invalid_query: the date is too late")
}

/// Returns the body of the search.
pub fn search_form(date: Date) -> String {
    format!(
        "fromStation=ID10202003&toStation=ID10202002&departure={:02}.{:02}.{:02}",
        date.day(),
        u8::from(date.month()),
        date.year() % 100
    )
}

/// Returns the Cookie field of the session that the start page began.
pub fn session_cookie(start_page: &HeaderMap) -> Result<HeaderValue> {
    start_page
        .get_all(SET_COOKIE)
        .iter()
        .map(|field| field.as_bytes().split(|&byte| byte == b';').next())
        .find_map(|cookie| cookie.filter(|cookie| cookie.starts_with(b"JSESSIONID=")))
        .and_then(|cookie| HeaderValue::from_bytes(cookie).ok())
        .context("no_session: the start page set no JSESSIONID cookie")
}

/// Returns the outcome of a results page.
pub fn read_fares(date: Date, page: &[u8]) -> Result<Outcome> {
    let page = std::str::from_utf8(page).context("malformed_page")?;
    let page = Html::parse_document(page);
    let mut fares = 0;
    let mut text = format!("{date}\n");
    for row in page.select(&FARE_ROW) {
        append_fare(&mut text, row).context("malformed_page")?;
        fares += 1;
    }
    Ok(Outcome {
        crc32: crc32fast::hash(text.as_bytes()),
        fares,
    })
}

/// Appends the line of a fare row.
fn append_fare(text: &mut String, row: ElementRef) -> Result<()> {
    let row: String = row.text().collect();
    let mut words = row.split_whitespace();
    let mut next = |name| words.next().with_context(|| format!("a row has no {name}"));
    let departure = parse_time(next("departure")?)?;
    let arrival = parse_time(next("arrival")?)?;
    let service = next("type")?;
    let free_seats = parse_seats(next("free seats")?)?;
    let price = parse_price_hundredths(next("price")?)?;
    let currency = next("currency")?;
    ensure!(words.next().is_none(), "a row has more than six words");
    writeln!(
        text,
        "{:02}:{:02}|{:02}:{:02}|{service}|{free_seats}|{price}|{currency}",
        departure.0, departure.1, arrival.0, arrival.1
    )?;
    Ok(())
}

/// Returns hours and minutes of `h:mm` or `hh:mm`.
fn parse_time(word: &str) -> Result<(u8, u8)> {
    word.split_once(':')
        .filter(|(hours, minutes)| hours.len() <= 2 && minutes.len() == 2)
        .and_then(|(hours, minutes)| Some((parse_digits(hours)?, parse_digits(minutes)?)))
        .filter(|&(hours, minutes)| hours < 24 && minutes < 60)
        .with_context(|| format!("read {word:?}, expected a time of day, hh:mm"))
}

fn parse_seats(word: &str) -> Result<u32> {
    parse_digits(word).with_context(|| format!("free seats: read {word:?}, expected digits"))
}

fn parse_price_hundredths(word: &str) -> Result<u64> {
    let (whole, hundredths) = match word.split_once(['.', ',']) {
        None => (word, Some(0)),
        Some((whole, tenths)) if tenths.len() == 1 => {
            (whole, parse_digits::<u64>(tenths).map(|tenths| tenths * 10))
        }
        Some((whole, hundredths)) if hundredths.len() == 2 => (whole, parse_digits(hundredths)),
        Some((whole, _)) => (whole, None),
    };
    parse_digits::<u64>(whole)
        .and_then(|whole| whole.checked_mul(100)?.checked_add(hundredths?))
        .with_context(|| format!("price: read {word:?}, expected 249, 249.5 or 249,50"))
}

/// Returns the number, or None if a character is no ASCII digit. `str::parse` accepts a sign.
fn parse_digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}
