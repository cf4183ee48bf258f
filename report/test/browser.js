import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

import { bundlePage } from '../build/bundle.js';
import { pageHtml } from '../build/page_html.js';
import { readDatasets } from '../build/read_datasets.js';

/** Debian's Chromium, without a sandbox of its own: tests may run as root. */
export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', chromiumSandbox: false });

const bundle = bundlePage();

/** Makes the page of result files, and hands back its place. */
export async function pageOf(
  /** @type {ReturnType<import('./made_up.js').folderFor>} */ folder,
  /** @type {string[]} */ files,
  /** @type {import('../model/history_types.js').History | undefined} */ history = undefined,
) {
  return pathToFileURL(folder.write('report.html', pageHtml(readDatasets(files), await bundle, history))).href;
}

/**
 * Opens a page of which every word on the console, every fault and every request but its own is a failure of the test.
 * @param {import('playwright-core').Browser} browser
 * @param {{after: (done: () => unknown) => void}} test
 * @param {string} url
 * @param {import('playwright-core').BrowserContextOptions} options
 */
export async function open(browser, test, url, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light', ...options });
  /** @type {string[]} */
  const unwanted = [];
  page.on('console', (message) => unwanted.push(`console: ${message.text()}`));
  page.on('pageerror', (fault) => unwanted.push(`fault: ${fault}`));
  page.on('dialog', (dialog) => {
    unwanted.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url.split('#')[0]) && !request.url().startsWith('blob:'))
      unwanted.push(`request: ${request.url()}`);
  });
  test.after(async () => {
    await page.close();
    assert.deepEqual(unwanted, []);
  });
  await page.goto(url);
  await page.locator('main section').first().waitFor();
  return page;
}
