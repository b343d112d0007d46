/** A place on the canvas, in pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export type Direction = 'RIGHT' | 'DOWN';

/** A cubic curve: both ends and its two control points. */
export type Curve = readonly [Point, Point, Point, Point];

/** How far the middle of a curve may be pushed aside, tried in this order. */
const bends = [0, 60, -60, 120, -120, 180, -180, 240, -240];
const samples = 32;

/** The curve between two handles; `bend` pushes it to the side of the way that traffic runs. */
export function curveBetween(from: Point, to: Point, direction: Direction, bend = 0): Curve {
  if (direction === 'RIGHT') {
    const reach = reachOf(to.x - from.x);
    return [from, { x: from.x + reach, y: from.y + bend }, { x: to.x - reach, y: to.y + bend }, to];
  }
  const reach = reachOf(to.y - from.y);
  return [from, { x: from.x + bend, y: from.y + reach }, { x: to.x + bend, y: to.y - reach }, to];
}

/** The least bend with which the curve runs behind none of the boxes; 0 where none helps. */
export function bendAround(from: Point, to: Point, direction: Direction, boxes: readonly Box[]): number {
  return bends.find((bend) => !meets(curveBetween(from, to, direction, bend), boxes)) ?? 0;
}

export function pointOn([a, b, c, d]: Curve, t: number): Point {
  const u = 1 - t;
  const mix = (p: number, q: number, r: number, s: number) => u ** 3 * p + 3 * u * u * t * q + 3 * u * t * t * r + t ** 3 * s;
  return { x: mix(a.x, b.x, c.x, d.x), y: mix(a.y, b.y, c.y, d.y) };
}

export function svgPath([a, b, c, d]: Curve): string {
  return `M${a.x},${a.y} C${b.x},${b.y} ${c.x},${c.y} ${d.x},${d.y}`;
}

/** Halfway to the other end; an edge against the traffic's way takes a turn. */
function reachOf(distance: number): number {
  return distance >= 0 ? distance / 2 : 8 * Math.sqrt(-distance);
}

function meets(curve: Curve, boxes: readonly Box[]): boolean {
  for (let index = 1; index < samples; index++) {
    const { x, y } = pointOn(curve, index / samples);
    if (boxes.some((box) => x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height)) return true;
  }
  return false;
}
