import { useLocalStorage } from "@mantine/hooks";
import {
  createContext,
  use,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from "react";

import { bindAction, type Action } from "@/lib/actions";

import { listenForKeys } from "./keyboard";
import { ActionRegistry, type ActionGroup } from "./registry";

interface ActionSystem {
  registry: ActionRegistry;
  characterKeys: boolean;
  setCharacterKeys: (on: boolean) => void;
}

const ActionContext = createContext<ActionSystem | null>(null);

function useActionSystem(): ActionSystem {
  const system = use(ActionContext);
  if (system === null) throw new Error("Actions need an ActionProvider around them.");
  return system;
}

export function ActionProvider({ children }: { children: ReactNode }) {
  const [registry] = useState(() => new ActionRegistry());
  const [characterKeys, setCharacterKeys] = useLocalStorage({
    key: "labelhub.character-keys",
    defaultValue: true,
    getInitialValueInEffect: false,
  });
  const allowed = useRef(characterKeys);
  useEffect(() => {
    allowed.current = characterKeys;
  }, [characterKeys]);
  useLayoutEffect(() => listenForKeys(registry, () => allowed.current), [registry]);
  const system = useMemo(
    () => ({ registry, characterKeys, setCharacterKeys }),
    [registry, characterKeys, setCharacterKeys],
  );
  return <ActionContext value={system}>{children}</ActionContext>;
}

/** Offers a page's actions to the keyboard, the palette and the sheet while the page is open. */
export function useActions<Context>(
  title: string,
  actions: readonly Action<Context>[],
  context: Context,
): void {
  const { registry } = useActionSystem();
  const latest = useRef(context);
  // With the page itself: a key pressed as soon as a button is there must find it, and find it enabled.
  useLayoutEffect(() => {
    latest.current = context;
  });
  useLayoutEffect(
    () =>
      registry.add({
        title,
        actions: actions.map((action) => bindAction(action, () => latest.current)),
      }),
    [registry, title, actions],
  );
}

export function useActionGroups(): readonly ActionGroup[] {
  const { registry } = useActionSystem();
  return useSyncExternalStore(registry.subscribe, registry.current);
}

/** Whether single-letter keys are on, and the switch for it. */
export function useCharacterKeys(): [boolean, (on: boolean) => void] {
  const { characterKeys, setCharacterKeys } = useActionSystem();
  return [characterKeys, setCharacterKeys];
}
