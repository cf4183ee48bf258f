import { answer } from './answer.js';
import { history } from './history.js';
import { measuredWith } from './measured_with.js';
import { memoryOverTime } from './memory_over_time.js';
import { scaling } from './scaling.js';
import { table } from './table.js';
import { timeAgainstMemory } from './time_against_memory.js';
import { waiting } from './waiting.js';

/**
 * The page from top to bottom. A section is one function from a view to an element.
 * @type {((view: import('../view.js').View) => HTMLElement)[]}
 */
export const sections = [answer, timeAgainstMemory, memoryOverTime, waiting, scaling, history, table, measuredWith];
