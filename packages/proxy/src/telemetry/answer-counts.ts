import type { Counter, Registry } from './registry.ts';
import type { StatScope } from './stat-scope.ts';

/** How many answers there were, by the class of their status. */
export class AnswerCounts {
  readonly #completed: Counter;
  readonly #byClass: readonly Counter[];

  constructor(registry: Registry, scope: StatScope) {
    this.#completed = registry.counter(scope, 'downstream_rq_completed');
    this.#byClass = [1, 2, 3, 4, 5].map((digit) => registry.counter(scope, `downstream_rq_${digit}xx`));
  }

  count(status: number): void {
    this.#completed.value++;
    const ofClass = this.#byClass[Math.floor(status / 100) - 1];
    if (ofClass !== undefined) ofClass.value++;
  }
}
