// The work per item. A task returns { crc, fares } or throws.

import { crc32 } from "./crc32.js";
import { readFares } from "./fares.js";

const START_PATH = "/m/";
const SEARCH_PATH = "/m/?0-1.IFormSubmitListener-searchForm-form";
const SESSION_COOKIE = /(?:^|[, ])(JSESSIONID=[^;,]*)/;

async function readToEnd(body) {
  for await (const _ of body);
}

async function checkStatus({ status, body }) {
  if (status !== 200) {
    await readToEnd(body);
    throw new Error(`unexpected_status: ${status}`);
  }
}

async function get(exchange, item) {
  const response = await exchange({ method: "GET", path: `/page/${item}` });
  await checkStatus(response);
  let crc = 0;
  for await (const chunk of response.body) crc = crc32(chunk, crc);
  return { crc, fares: 0 };
}

async function openSession(exchange) {
  const response = await exchange({ method: "GET", path: START_PATH });
  await checkStatus(response);
  await readToEnd(response.body);
  const cookie = SESSION_COOKIE.exec(response.setCookie);
  if (!cookie) {
    throw new Error("no_session: the start page set no JSESSIONID cookie");
  }
  return cookie[1];
}

function isoDateOf(item) {
  return new Date(Date.UTC(2026, 2, 1 + item)).toISOString().slice(0, 10);
}

async function scrape(exchange, item) {
  const cookie = await openSession(exchange);
  const date = isoDateOf(item);
  const [year, month, day] = date.split("-");
  const response = await exchange({
    method: "POST",
    path: SEARCH_PATH,
    headers: { cookie, "content-type": "application/x-www-form-urlencoded" },
    body: `fromStation=ID10202003&toStation=ID10202002&departure=${day}.${month}.${year.slice(2)}`,
  });
  await checkStatus(response);
  const fares = await readFares(response.body);
  const text = [date, ...fares].map((line) => `${line}\n`).join("");
  return { crc: crc32(Buffer.from(text)), fares: fares.length };
}

export const tasks = { scrape, get };
