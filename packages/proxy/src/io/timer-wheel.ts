import { reportMistake } from './mistakes.ts';

/** Receives an elapsed timer. */
export interface TimerOwner {
  onTimer(kind: string): void;
}

/** A deadline in the wheel; `cancel` may be called at any time. */
export class Timer {
  readonly owner: TimerOwner;
  readonly kind: string;
  dueAt: number;
  next: Timer | null = null;
  previous: Timer | null = null;
  slot = -1;
  wheel: TimerWheel;

  constructor(wheel: TimerWheel, owner: TimerOwner, kind: string, dueAt: number) {
    this.wheel = wheel;
    this.owner = owner;
    this.kind = kind;
    this.dueAt = dueAt;
  }

  cancel(): void {
    this.wheel.remove(this);
  }
}

const tickMs = 10;
const slotCount = 512;

/** Many coarse deadlines on one interval, which runs only while there are any. Fires up to one tick (10 ms) late. */
export class TimerWheel {
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
  #slots: (Timer | null)[] = new Array<Timer | null>(slotCount).fill(null);
  #count = 0;
  #tick = 0;
  #interval: NodeJS.Timeout | null = null;

  constructor(now: () => number) {
    this.now = now;
  }

  schedule(delayMs: number, owner: TimerOwner, kind: string): Timer {
    const timer = new Timer(this, owner, kind, this.now() + delayMs);
    if (this.#interval === null) this.#start();
    this.#insert(timer);
    return timer;
  }

  remove(timer: Timer): void {
    if (timer.slot < 0) return;
    if (timer.previous !== null) timer.previous.next = timer.next;
    else this.#slots[timer.slot] = timer.next;
    if (timer.next !== null) timer.next.previous = timer.previous;
    timer.slot = -1;
    timer.next = null;
    timer.previous = null;
    this.#count--;
  }

  #insert(timer: Timer): void {
    // Never the current slot: it is being emptied.
    const slot = Math.max(Math.ceil(timer.dueAt / tickMs), this.#tick + 1) % slotCount;
    const first = this.#slots[slot] ?? null;
    timer.slot = slot;
    timer.next = first;
    timer.previous = null;
    if (first !== null) first.previous = timer;
    this.#slots[slot] = timer;
    this.#count++;
  }

  #start(): void {
    this.#tick = Math.floor(this.now() / tickMs);
    this.#interval = setInterval(() => this.#advance(), tickMs);
    this.#interval.unref();
  }

  #advance(): void {
    const now = this.now();
    const until = Math.floor(now / tickMs);
    // After a long stall one turn of the wheel visits every slot.
    const last = Math.min(until, this.#tick + slotCount);
    while (this.#tick < last) {
      this.#tick++;
      this.#fire(this.#tick % slotCount, now);
    }
    this.#tick = until;
    if (this.#count === 0 && this.#interval !== null) {
      clearInterval(this.#interval);
      this.#interval = null;
    }
  }

  #fire(slot: number, now: number): void {
    let timer = this.#slots[slot] ?? null;
    const due: Timer[] = [];
    while (timer !== null) {
      if (timer.dueAt <= now) due.push(timer);
      timer = timer.next;
    }
    for (const elapsed of due) {
      if (elapsed.slot < 0) continue;
      this.remove(elapsed);
      try {
        elapsed.owner.onTimer(elapsed.kind);
      } catch (error) {
        reportMistake(`the timer ${elapsed.kind}`, error);
      }
    }
  }
}
