import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mostCommonWorkers, rowsAt, workerChoices } from '../page/clients.js';
import { languageLook } from '../page/look.js';
import { expectAccessible, figureOf, openPayload, pageWidth, sectionOf } from './browser.js';
import {
  allCases,
  clientNames,
  clientsDataset,
  madeUpCase,
  madeUpDataset,
  madeUpPayload,
  strategyNames,
} from './made_up.js';

/** The section that compares clients of all languages. */

const payload = () => madeUpPayload({ datasets: [clientsDataset()], names: clientNames });
const get = `point=${encodeURIComponent('latency:20ms/page_kb:3/task:get/connections:kept')}`;
const rowsOf = (/** @type {import('playwright-core').Page} */ page) => page.locator('table.clients tbody tr');
const marksOf = (/** @type {import('playwright-core').Page} */ page) =>
  figureOf(page, 'CPU time per request against peak memory').locator('.marks > path');
const groupOf = (/** @type {import('playwright-core').Page} */ page) =>
  page.getByRole('group', { name: 'visible clients' });

test('each client has a mark and a table line', async (t) => {
  const page = await openPayload(t, payload());
  assert.equal(await rowsOf(page).count(), 19);
  assert.equal(await marksOf(page).count(), 19);
  const hyper = rowsOf(page).filter({ hasText: 'rust_hyper' });
  assert.match(
    await hyper.innerText(),
    /rust_hyper\s+hyper 1\.5\.0, rustc 1\.85\.0\s+Rust\s+100\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+20\.0\s+changes for rust_hyper/,
  );
  assert.match(
    await sectionOf(page, 'clients').locator('.caption').first().innerText(),
    /task:scrape.*; 100 days, 100 workers\.$/,
  );
});

test('task and connections choose the point', async (t) => {
  const page = await openPayload(t, payload());
  const choose = (/** @type {string} */ text) => groupOf(page).getByText(text, { exact: true }).click();
  await choose('get');
  assert.equal(
    await page.locator('.headline').innerText(),
    'Headline of latency:20ms/page_kb:3/task:get/connections:kept',
  );
  assert.match(await page.locator('.setting').innerText(), /100 items, one request per item/);
  await choose('fresh');
  assert.match(page.url(), /task%3Aget%2Fconnections%3Afresh/);
  await choose('scrape');
  assert.equal(await groupOf(page).getByRole('radio', { name: 'kept' }).isChecked(), true, 'scrape has no fresh point');
});

test('a change keeps the place of its control', async (t) => {
  const page = await openPayload(t, payload());
  const place = async () => (await groupOf(page).getByText('get', { exact: true }).boundingBox())?.y;
  await groupOf(page).getByText('get', { exact: true }).scrollIntoViewIfNeeded();
  const before = await place();
  await groupOf(page).getByText('get', { exact: true }).click();
  assert.ok(Math.abs(Number(await place()) - Number(before)) < 2, `${before} and ${await place()}`);
});

test('languages hide clients in this section only', async (t) => {
  const page = await openPayload(t, payload());
  await groupOf(page).getByRole('checkbox', { name: 'Python' }).focus();
  await page.keyboard.press('Space');
  const check = async () => {
    assert.equal(await rowsOf(page).count(), 15);
    assert.equal(await marksOf(page).count(), 15);
    assert.equal(await groupOf(page).getByRole('status').innerText(), '15 of 19 clients shown');
    assert.equal(await page.locator('table.rows tbody tr').count(), 36);
  };
  await check();
  assert.equal(await page.evaluate(() => document.activeElement?.parentElement?.textContent), 'Python');
  await page.reload();
  await check();
  await page.getByRole('button', { name: 'show all languages' }).click();
  assert.equal(await rowsOf(page).count(), 19);
});

test('workers choose the rows, with clients of one worker', async (t) => {
  const page = await openPayload(t, payload());
  await groupOf(page).getByText('20', { exact: true }).click();
  assert.match(page.url(), /client_workers=20/);
  const workers = await rowsOf(page).locator('td:nth-child(3)').allInnerTexts();
  assert.deepEqual([...new Set(workers)].sort(), ['1', '20']);
});

test('filters of the page hold for clients', async (t) => {
  const page = await openPayload(t, payload(), '#without=rust_hyper&without-workers=100');
  assert.equal(await rowsOf(page).count(), 18);
  assert.equal(await groupOf(page).getByRole('radio', { name: '100' }).count(), 0);
});

test('headings sort by figures and languages', async (t) => {
  const page = await openPayload(t, payload());
  const heading = (/** @type {string} */ name) => sectionOf(page, 'clients').getByRole('columnheader', { name });
  assert.equal(await heading('time, ').getAttribute('aria-sort'), 'ascending');
  const names = () => rowsOf(page).locator('th').allInnerTexts();
  await heading('CPU per request').getByRole('button').click();
  assert.match((await names())[0], /rust_hyper/);
  await heading('language').getByRole('button').click();
  await heading('language').getByRole('button').click();
  assert.match((await names())[0], /rust_/);
  assert.match(page.url(), /client_sort=-language/);
  await page.reload();
  assert.match((await names())[0], /rust_/);
  assert.equal(await sectionOf(page, 'table').locator('[aria-sort="descending"]').count(), 0, 'another order');
});

test('a failed client is shown with its reason', async (t) => {
  const page = await openPayload(t, payload(), `#${get}`);
  const failed = rowsOf(page).filter({ hasText: 'java_http_client' });
  assert.match(await failed.innerText(), /Java\s+100\s+FAILED \(1 of 5\): late\s+changes for java_http_client/);
  assert.equal(await rowsOf(page).last().innerText(), await failed.innerText(), 'rows without figures come last');
  assert.equal(await marksOf(page).count(), 18);
});

test('without visible clients there is no figure', async (t) => {
  const languages = ['C++', 'Go', 'Java', 'Node.js', 'Python', 'Rust'].map(encodeURIComponent);
  const page = await openPayload(t, payload(), `#without-language=${languages.join('&without-language=')}`);
  const text = await sectionOf(page, 'clients').innerText();
  assert.match(text, /0 of 19 clients shown.*No visible client has figures of both CPU time and memory/s);
  await page.getByRole('button', { name: 'show all languages' }).click();
  assert.equal(await rowsOf(page).count(), 19);
});

test('all rows hidden is a section without clients', async (t) => {
  const page = await openPayload(t, payload(), '#without-workers=1&without-workers=20&without-workers=100');
  assert.match(await sectionOf(page, 'clients').innerText(), /0 of 0 clients shown/);
});

test('a file of library strategies has no such section', async (t) => {
  const names = strategyNames.filter((name) => !name.startsWith('python'));
  const page = await openPayload(t, madeUpPayload({ datasets: [madeUpDataset('light', allCases(names))] }));
  assert.equal(await page.locator('#clients, table.clients').count(), 0);
});

test('a file of one task and connection has no such choice', async (t) => {
  const page = await openPayload(t, madeUpPayload());
  const legends = await groupOf(page).locator('legend').allInnerTexts();
  assert.deepEqual(legends, ['workers', 'languages']);
});

test('a client without facts is a row too', async (t) => {
  const cases = [madeUpCase('client:mine'), madeUpCase('coroutines')];
  const page = await openPayload(t, madeUpPayload({ datasets: [madeUpDataset('get', cases)] }));
  const mine = rowsOf(page).filter({ hasText: 'client:mine' });
  assert.match(await mine.innerText(), /unknown\s+100.*–$/s);
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 390]) {
    test(`axe finds no violation among clients: ${colorScheme}, ${width} px`, async (t) => {
      const page = await openPayload(t, payload(), `#${get}`, { colorScheme, viewport: { width, height: 800 } });
      await expectAccessible(page);
      assert.equal(await pageWidth(page), width);
    });
  }
}

test('languages have colours of their own', () => {
  const look = (/** @type {string} */ language, kind = 'program') =>
    languageLook({ name: 'x', family: 'coroutines', language, kind });
  const languages = ['C++', 'Go', 'Java', 'Node.js', 'Python', 'Rust', ''];
  assert.equal(new Set(languages.map((language) => look(language).stroke)).size, languages.length);
  assert.equal(look('Rust').fill, 'var(--page)');
  assert.equal(look('C++', 'library').fill, look('C++').stroke);
  assert.equal(look('toString').stroke, look('').stroke);
});

const row = (/** @type {string} */ strategy, /** @type {number} */ workers, items = 100, failed = null) =>
  /** @type {any} */ ({ strategy, label: strategy, workers, items, failed, facts: { language: 'C++' } });

test('the default is the worker count that most clients have', () => {
  assert.equal(mostCommonWorkers([]), 0);
  assert.equal(mostCommonWorkers([row('a', 1)]), 1);
  const rows = [row('a', 1), row('b', 100), row('c', 100), row('b', 1000), row('c', 1000)];
  assert.equal(mostCommonWorkers(rows), 1000);
  assert.equal(mostCommonWorkers([...rows, row('d', 100)]), 100);
  assert.equal(mostCommonWorkers([...rows, row('d', 100, 100, /** @type {any} */ ({}))]), 1000);
  assert.deepEqual(workerChoices(rows), [100, 1000]);
});

test('clients of one worker join batches of the same size only', () => {
  const labels = (/** @type {any[]} */ rows, /** @type {number} */ workers) =>
    rowsAt(rows, workers).map(({ label }) => label);
  assert.deepEqual(labels([row('one', 1), row('many', 100)], 100), ['one', 'many']);
  assert.deepEqual(labels([row('one', 1, 1), row('many', 100)], 100), ['many']);
  assert.deepEqual(labels([row('many', 1), row('many', 100)], 100), ['many']);
});
