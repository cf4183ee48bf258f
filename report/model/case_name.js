/** The suffix that Google Benchmark appends to a case's name. */
const suffix = /\/iterations:\d+(\/repeats:\d+)?(\/(manual|real)_time)?$/;

// As bench/benchmark_case.cpp writes it. A strategy is whatever stands before the loops or workers: a name
// that holds a slash is still one name.
const grammar = /^fetch\/strategy:(.+?)(?:\/loops:(\d+))?\/workers:(\d+)\/latency_ms:([^/]+)((?:\/[^/:]+:[^/]*)*)$/s;

/**
 * What a row's name says; null of a name that is none of farebench's.
 * @param {string} text
 * @returns {import('./types.js').NamedCase | null}
 */
export function parseCaseName(text) {
  const name = text.replace(suffix, '');
  const found = grammar.exec(name);
  if (!found) return null;
  const [, strategy, loopsText, workersText, latency, rest] = found;
  const settings = new Map(
    rest
      .split('/')
      .slice(1)
      .map((setting) => {
        const colon = setting.indexOf(':');
        return [setting.slice(0, colon), setting.slice(colon + 1)];
      }),
  );
  const days = Number(settings.get('days'));
  const workers = Number(workersText);
  if (!settings.has('page_kb') || !(days > 0) || !(workers > 0)) return null;
  settings.delete('days');
  const loops = Number(loopsText ?? 1);
  return {
    name,
    strategy,
    loops,
    workers,
    days,
    latency,
    label: loops === 1 ? strategy : `${strategy}, ${loops} loops`,
    point: [`latency_ms:${latency}`, ...[...settings].map(([key, value]) => `${key}:${value}`)].join('/'),
  };
}
