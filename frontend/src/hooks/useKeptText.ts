import { useCallback, useState } from "react";

const PREFIX = "labelhub.kept.";

/** In this tab alone; where storage is forbidden, the page itself still holds the text. */
function stored<T>(act: (storage: Storage) => T): T | undefined {
  try {
    return act(window.sessionStorage);
  } catch {
    return undefined;
  }
}

/** Somebody else may sign in here next. */
export const forgetKeptTexts = (): void =>
  stored((storage) =>
    Object.keys(storage)
      .filter((key) => key.startsWith(PREFIX))
      .forEach((key) => storage.removeItem(key)),
  );

/**
 * The text of a form that is sent in one go. It outlives a closed form and a reloaded page until the
 * third of what this returns is called: it was sent.
 */
export function useKeptText(
  name: string,
  original = "",
): [string, (text: string) => void, () => void] {
  const key = PREFIX + name;
  const [text, setText] = useState(() => stored((storage) => storage.getItem(key)) ?? original);
  const change = useCallback(
    (next: string) => {
      setText(next);
      stored((storage) => storage.setItem(key, next));
    },
    [key],
  );
  const forget = useCallback(() => {
    stored((storage) => storage.removeItem(key));
  }, [key]);
  return [text, change, forget];
}
