import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

import { fillPage, temporaryFolder } from './made_up.js';

/** Opens pages in Chromium. */

/** Milliseconds that only a hang can take, also on a busy machine. */
const HANG_MS = 120_000;

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  // Without Chromium's own sandbox, because tests may run as root.
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  browser = await chromium.launch({ executablePath, chromiumSandbox: false, timeout: HANG_MS });
});
after(() => browser.close());

/** Writes the page of a payload and returns its URL. */
export async function pageUrl(/** @type {any} */ test, /** @type {unknown} */ payload) {
  return pathToFileURL(temporaryFolder(test).write('report.html', await fillPage(payload))).href;
}

/**
 * Opens a page. Any console message, exception, dialog or request for another URL fails the test.
 * @param {any} test
 * @param {string} url
 * @param {import('playwright-core').BrowserContextOptions} options
 */
export async function open(test, url, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light', ...options });
  page.setDefaultTimeout(HANG_MS);
  /** @type {string[]} */
  const problems = [];
  page.on('console', (message) => problems.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => problems.push(`exception: ${error}`));
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url.split('#')[0]) && !request.url().startsWith('blob:'))
      problems.push(`request: ${request.url()}`);
  });
  test.after(async () => {
    await page.close();
    assert.deepEqual(problems, []);
  });
  await page.goto(url);
  await page.locator('main > *').first().waitFor();
  return page;
}

/** Writes the page of a payload and opens it. */
export const openPayload = async (
  /** @type {any} */ test,
  /** @type {unknown} */ payload,
  hash = '',
  /** @type {import('playwright-core').BrowserContextOptions} */ options = {},
) => open(test, (await pageUrl(test, payload)) + hash, options);

/** Runs axe-core on the page and expects no violation. */
export async function expectAccessible(/** @type {import('playwright-core').Page} */ page) {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run());
  const texts = violations.map(
    (/** @type {any} */ { id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 4)
        .map((/** @type {any} */ node) => node.html.slice(0, 160))
        .join(' | ')}`,
  );
  assert.deepEqual(texts, []);
}

export const pageWidth = (/** @type {import('playwright-core').Page} */ page) =>
  page.evaluate(() => document.documentElement.scrollWidth);

/** The section of a heading's id. */
export const sectionOf = (/** @type {import('playwright-core').Page} */ page, /** @type {string} */ id) =>
  page.locator('section', { has: page.locator(`#${id}`) });

/** A figure by the start of its name. */
export const figureOf = (/** @type {import('playwright-core').Page} */ page, /** @type {string} */ name) =>
  page.locator(`svg[aria-label^="${name}"]`);
