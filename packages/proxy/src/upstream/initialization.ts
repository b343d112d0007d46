/** A wait that ends once, and those who wait for its end. */
export class Initialization {
  isDone = false;
  #waiting: (() => void)[] = [];

  /** Runs at once when it is over. */
  whenDone(run: () => void): void {
    if (this.isDone) run();
    else this.#waiting.push(run);
  }

  finish(): void {
    this.isDone = true;
    for (const run of this.#waiting.splice(0)) run();
  }
}
