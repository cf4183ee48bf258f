export const help = `./dev report [FILE...] [--out FILE] [--svg DIR]: one HTML page of the bench's results, which works offline

  FILE...      result files (bench --benchmark_out=run.json); curves are read from run.timeline.json beside each, if any
               default: results/article.json, results/light.json and results/scale.json, those of them that are there
  --out FILE   where the page goes (default: build/report.html)
  --svg DIR    besides, the pictures of the first FILE as SVG, light and dark: time against memory, memory over time
  --help       this

Exit codes: 0 written, 1 could not be written, 2 wrong usage or bad input, and then nothing is written.
`;

/** A command line that is not understood; its message says what to do. */
export class UsageFault extends Error {}

/**
 * @param {string[]} words
 * @returns {{help: boolean, files: string[], out: string | null, svg: string | null}}
 */
export function parseFlags(words) {
  const flags = {
    help: false,
    files: /** @type {string[]} */ ([]),
    out: /** @type {string | null} */ (null),
    svg: /** @type {string | null} */ (null),
  };
  for (let at = 0; at < words.length; ++at) {
    const word = words[at];
    const [, name, joined] = /^--(out|svg)(?:=(.*))?$/s.exec(word) ?? [];
    if (word === '--help' || word === '-h') flags.help = true;
    else if (name) {
      const value = joined ?? words[++at];
      if (!value)
        throw new UsageFault(
          `--${name} needs a ${name === 'out' ? 'file' : 'folder'}: --${name} ${name === 'out' ? 'build/report.html' : 'docs/pictures'}`,
        );
      flags[/** @type {'out' | 'svg'} */ (name)] = value;
    } else if (word.startsWith('-')) throw new UsageFault(`there is no flag ${word}: see ./dev report --help`);
    else flags.files.push(word);
  }
  return flags;
}
