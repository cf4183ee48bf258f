import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { build } from 'esbuild';

import { schemeCss } from '../page/look.js';
import { writeOutput } from './output.js';

/** Bundles the page into one HTML file, without data: equal sources give equal bytes. */

const help = `node report/build/main.js --out FILE: bundles the page into one HTML file

FILE has no data. \`track report\` copies it with its JSON in place of the marker "farebench-data".
`;

/** The text that C++ replaces by the payload, quotes included. It occurs once in the file. */
const marker = '"farebench-data"';

/** @returns {Promise<{script: string, style: string}>} */
async function bundleSources() {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL('../page/', import.meta.url)),
    entryPoints: ['main.js', 'style.css'],
    outdir: 'out',
    write: false,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'silent',
    sourcemap: false,
  });
  const textOf = (/** @type {string} */ extension) =>
    outputFiles.find((file) => file.path.endsWith(extension))?.text.trim() ?? '';
  return { script: textOf('.js'), style: textOf('.css') };
}

/** The page. Its policy allows its own script, by hash, and no connection. */
export async function pageHtml() {
  const bundle = await bundleSources();
  // Nothing in a script's text may end its element.
  const script = bundle.script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`;
  const dark = `@media screen and (prefers-color-scheme:dark){:root{${schemeCss('dark')}}}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>farebench</title>
<style>:root{${schemeCss('light')}}${dark}</style>
<style>${bundle.style}</style>
</head>
<body>
<header><h1><b>farebench</b> — Which way of running N HTTP round trips in parallel costs the least time and the least memory?</h1></header>
<main><noscript><p>This page needs JavaScript. Its figures are also in the result files.</p></noscript></main>
<footer>Written by <code>track report</code>. The file contains everything it shows and makes no network requests.</footer>
<script type="application/json" id="data">${marker}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** @returns {Promise<number>} the exit code */
async function run(/** @type {string[]} */ words) {
  const { values } = parseArgs({
    args: words,
    options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (!values.out) throw new TypeError('--out needs a file: --out build/release/bin/report_page.html');
  const html = await pageHtml();
  if (html.split(marker).length !== 2) throw new Error(`the page has the text ${marker} elsewhere`);
  mkdirSync(dirname(values.out), { recursive: true });
  writeOutput(values.out, html);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  run(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error) => {
      process.stderr.write(`report: ${error.message.split('\n')[0]}\n`);
      process.exitCode = error instanceof TypeError ? 2 : 1;
    },
  );
}
