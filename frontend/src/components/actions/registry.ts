import type { BoundAction } from "@/lib/actions";

/** A group of actions with the heading it has in the sheet and the palette. */
export interface ActionGroup {
  readonly title: string;
  readonly actions: readonly BoundAction[];
}

/** The groups of the pages that are open now, newest last. Lives outside React so that a key press
 * reads it without a render. */
export class ActionRegistry {
  private groups: readonly ActionGroup[] = [];
  private readonly listeners = new Set<() => void>();

  add(group: ActionGroup): () => void {
    this.replace([...this.groups, group]);
    return () => this.replace(this.groups.filter((other) => other !== group));
  }

  readonly current = (): readonly ActionGroup[] => this.groups;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private replace(groups: readonly ActionGroup[]): void {
    this.groups = groups;
    this.listeners.forEach((listener) => listener());
  }
}
