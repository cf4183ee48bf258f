import { createHash } from 'node:crypto';

import { schemeCss } from '../page/palette.js';

/** JSON that may stand in a script element: nothing in it can end the element or begin another. */
export function inertJson(/** @type {unknown} */ value) {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A script's text within its element; the bundler has no business with what would end it. */
const inertScript = (/** @type {string} */ text) =>
  text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');

/**
 * The page as one file, which asks for nothing else: its policy allows its own script and no connection.
 * @param {import('../model/types.js').Dataset[]} datasets
 * @param {{script: string, style: string}} bundle
 * @param {import('../model/history_types.js').History} [history]
 */
export function pageHtml(datasets, bundle, history = { recordings: [], accepted: [] }) {
  const script = inertScript(bundle.script);
  const hash = createHash('sha256').update(script).digest('base64');
  const colours = `:root{${schemeCss('light')}}@media screen and (prefers-color-scheme:dark){:root{${schemeCss('dark')}}}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>farebench</title>
<style>${colours}</style>
<style>${bundle.style}</style>
</head>
<body>
<header><h1><b>farebench</b> — I have N HTTP round trips to make. Which way of running them in parallel costs the least time, and the least memory?</h1></header>
<main><noscript><p>This page draws itself with JavaScript, which is switched off here. The figures stand in the result files that it was made of.</p></noscript></main>
<footer>Made by farebench’s <code>./dev report</code> from the bench’s own result files; everything is in this file, and it asks nothing of any network.</footer>
<script type="application/json" id="datasets">${inertJson(datasets)}</script>
<script type="application/json" id="history-data">${inertJson(history)}</script>
<script>${script}</script>
</body>
</html>
`;
}
