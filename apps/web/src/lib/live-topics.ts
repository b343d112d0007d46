import type { LiveTopic } from '@weft/agent/api/live';

/** So that a change of page, which takes topics away and adds others, is one change. */
const settleMs = 10;

/** The topic's place in the query cache; equal for equal topics. */
export function topicKey(topic: LiveTopic): readonly unknown[] {
  return 'input' in topic ? [topic.path, topic.input] : [topic.path];
}

/** What the mounted views want to follow, each topic once however many views share it. */
export class LiveTopics {
  private readonly wantedById = new Map<string, { readonly topic: LiveTopic; readonly views: number }>();
  private readonly listeners = new Set<() => void>();
  private settled: readonly LiveTopic[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Follows a topic until the returned function is called. */
  add(topic: LiveTopic): () => void {
    const id = JSON.stringify(topicKey(topic));
    this.count(id, topic, 1);
    return () => this.count(id, topic, -1);
  }

  /** The topics wanted when they last settled; the same list until they change. */
  readonly current = (): readonly LiveTopic[] => this.settled;

  readonly subscribe = (onChange: () => void): (() => void) => {
    this.listeners.add(onChange);
    return () => this.listeners.delete(onChange);
  };

  private count(id: string, topic: LiveTopic, by: 1 | -1): void {
    const views = (this.wantedById.get(id)?.views ?? 0) + by;
    if (views > 0) this.wantedById.set(id, { topic, views });
    else this.wantedById.delete(id);
    this.timer ??= setTimeout(() => this.settle(), settleMs);
  }

  private settle(): void {
    this.timer = undefined;
    const wanted = [...this.wantedById].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { topic }]) => topic);
    if (JSON.stringify(wanted) === JSON.stringify(this.settled)) return;
    this.settled = wanted;
    for (const listener of this.listeners) listener();
  }
}
