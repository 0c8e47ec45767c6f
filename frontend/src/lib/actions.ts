import type { MessageKey } from "./i18n";
import type { Shortcut } from "./shortcuts";

/**
 * Something a person can do on a page. Button, shortcut, palette entry, help sheet and test all read
 * this one value; `Context` is what the page hands in when the action runs.
 */
export interface Action<Context> {
  readonly id: string;
  readonly label: MessageKey;
  readonly keys: readonly Shortcut[];
  /** True: a text that has the focus keeps these keys for itself, as it does its own undo. */
  readonly notInText?: boolean;
  /** Absent: always enabled. */
  readonly enabled?: (context: Context) => boolean;
  readonly perform: (context: Context) => void;
  /** What the keys do while the action is not enabled: say why. Absent: nothing. */
  readonly refuse?: (context: Context) => void;
}

/** An action tied to the context of the page that is open. */
export interface BoundAction {
  readonly id: string;
  readonly label: MessageKey;
  readonly keys: readonly Shortcut[];
  readonly notInText: boolean;
  readonly enabled: () => boolean;
  readonly perform: () => void;
  readonly refuse: (() => void) | null;
}

export function bindAction<Context>(action: Action<Context>, context: () => Context): BoundAction {
  return {
    id: action.id,
    label: action.label,
    keys: action.keys,
    notInText: action.notInText ?? false,
    enabled: () => action.enabled?.(context()) ?? true,
    perform: () => action.perform(context()),
    refuse: action.refuse ? () => action.refuse?.(context()) : null,
  };
}
