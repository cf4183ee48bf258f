/** The figures that a download holds, as the result file names them, each with its spread. */
const texts = ['strategy', 'loops', 'workers', 'days', 'point', 'repetitions'];

/**
 * One field. Text that a spreadsheet would take for a formula is kept text by an apostrophe.
 * @param {string | number} value
 */
function field(value) {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n\u2028\u2029]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The cases as CSV (RFC 4180): a line each, failed ones with their reason.
 * @param {import('./types.js').Case[]} cases
 */
export function csvOf(cases) {
  const figures = [...new Set(cases.flatMap((one) => Object.keys(one.figures)))].sort();
  const head = [
    ...texts,
    'failed',
    'reason',
    ...figures.flatMap((name) => [`${name}_median`, `${name}_min`, `${name}_max`]),
  ];
  const lines = cases.map((one) => [
    one.strategy,
    one.loops,
    one.workers,
    one.days,
    one.point,
    one.repetitions,
    one.failed?.count ?? 0,
    one.failed?.reason ?? '',
    ...figures.flatMap((name) => [1, 0, 2].map((part) => one.figures[name]?.[part] ?? '')),
  ]);
  return [head, ...lines].map((line) => `${line.map(field).join(',')}\r\n`).join('');
}
