import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

/** Where the page's own sources are. */
const page = fileURLToPath(new URL('../page/', import.meta.url));

/**
 * The page's script and style sheet, each as one text. Nothing of this machine gets into them, so that the same
 * sources and the same lockfile give the same bytes.
 */
export async function bundlePage() {
  const { outputFiles } = await build({
    absWorkingDir: page,
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
  const textOf = (/** @type {string} */ ending) =>
    outputFiles.find((file) => file.path.endsWith(ending))?.text.trim() ?? '';
  return { script: textOf('.js'), style: textOf('.css') };
}
