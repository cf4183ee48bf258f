import { fileURLToPath } from 'node:url';

import { bundlePage } from './bundle.js';
import { chooseFiles, ours } from './choose_files.js';
import { drawPictures } from './draw_svg.js';
import { help, parseFlags, UsageFault } from './flags.js';
import { InputFault, oneLine } from './input_fault.js';
import { pageHtml } from './page_html.js';
import { readAccepted } from './read_accepted.js';
import { readDatasets } from './read_datasets.js';
import { readRecordings } from './read_recordings.js';
import { writeFileWhole } from './write_file.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const say = (/** @type {string} */ text) => process.stderr.write(`report: ${oneLine(text)}\n`);

/** @returns {Promise<number>} the exit code */
async function run(/** @type {string[]} */ words) {
  const flags = parseFlags(words);
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  const { results, recordings, accepted } = chooseFiles(flags, root);
  const history = { recordings: readRecordings(recordings), accepted: accepted === null ? [] : readAccepted(accepted) };
  const datasets = readDatasets(results);
  // Everything is made before anything is written.
  const out = flags.out ?? ours(root, 'build/report.html');
  const pictures = flags.svg === null ? [] : drawPictures(datasets[0], flags.svg);
  const written = [{ file: out, text: pageHtml(datasets, await bundlePage(), history) }, ...pictures];
  for (const { file, text } of written) {
    writeFileWhole(file, text);
    process.stdout.write(`${file}\n`);
  }
  if (pictures.length && !datasets[0].timeline)
    say(`${datasets[0].file} has no curves beside it: memory over time is not among the pictures`);
  return 0;
}

run(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (fault) => {
    say(fault.message);
    process.exitCode = fault instanceof InputFault || fault instanceof UsageFault ? 2 : 1;
  },
);
