import { figure } from './cases.js';
import { floorStrategy } from './strategies.js';

/**
 * A figure over that of the floor at the same point, workers and days; undefined without either.
 * @param {import('./types.js').Case} one
 * @param {import('./types.js').Case[]} all
 * @param {string} column
 */
export function overFloor(one, all, column) {
  const floor = all.find(
    (other) =>
      other.strategy === floorStrategy &&
      other.point === one.point &&
      other.workers === one.workers &&
      other.days === one.days,
  );
  const above = figure(one, column);
  const below = floor && figure(floor, column);
  return above !== undefined && below !== undefined && below > 0 ? above / below : undefined;
}
