export const help = `./dev report [FILE...] [--runs DIR] [--accepted FILE] [--out FILE] [--svg DIR]: one HTML page of the bench's results, which works offline

  FILE...      result files (bench --benchmark_out=run.json); curves are read from run.timeline.json beside each, if any
               default: results/article.json, results/light.json and results/scale.json, those of them that are there,
               and the recordings in results/runs
               a FILE that track recorded belongs to the history; if all do, the page's tables are of the latest of them
  --runs DIR   the history is of the recordings in DIR and the folders in it (./dev track record keeps them in results/runs)
  --accepted FILE  regressions on purpose, marked in the history (default: results/accepted.json, if it is there)
  --out FILE   where the page goes (default: build/report.html)
  --svg DIR    besides, the pictures of the first FILE as SVG, light and dark: time against memory, memory over time
  --help       this

Exit codes: 0 written, 1 could not be written, 2 wrong usage or bad input, and then nothing is written.
`;

/** The flags that take a value: what of, and an example. */
const valued = /** @type {Record<'out' | 'svg' | 'runs' | 'accepted', [string, string]>} */ ({
  out: ['file', 'build/report.html'],
  svg: ['folder', 'docs/pictures'],
  runs: ['folder', 'results/runs'],
  accepted: ['file', 'results/accepted.json'],
});

/** A command line that is not understood; its message says what to do. */
export class UsageFault extends Error {}

/**
 * @typedef {{help: boolean, files: string[], out: string | null, svg: string | null, runs: string | null, accepted: string | null}} Flags
 * @param {string[]} words
 * @returns {Flags}
 */
export function parseFlags(words) {
  /** @type {Flags} */
  const flags = { help: false, files: [], out: null, svg: null, runs: null, accepted: null };
  for (let at = 0; at < words.length; ++at) {
    const word = words[at];
    const [, found, joined] = /^--(out|svg|runs|accepted)(?:=(.*))?$/s.exec(word) ?? [];
    const name = /** @type {keyof typeof valued | undefined} */ (found);
    if (word === '--help' || word === '-h') flags.help = true;
    else if (name) {
      const value = joined ?? words[++at];
      if (!value) throw new UsageFault(`--${name} needs a ${valued[name][0]}: --${name} ${valued[name][1]}`);
      flags[name] = value;
    } else if (word.startsWith('-')) throw new UsageFault(`there is no flag ${word}: see ./dev report --help`);
    else flags.files.push(word);
  }
  return flags;
}
