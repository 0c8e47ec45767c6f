import { Button, Tooltip, type ButtonProps } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Action } from "@/lib/actions";
import { chordsOf } from "@/lib/shortcuts";

import { Keycaps } from "./Keycaps";

interface Props<Context> extends Omit<ButtonProps, "disabled"> {
  action: Action<Context>;
  context: Context;
  /** Shows the key inside the button; otherwise it appears on hover and focus. */
  keyInside?: boolean;
}

/** `aria-keyshortcuts` wants the names of keys, joined by plus. */
const spoken = (shortcut: string): string =>
  chordsOf(shortcut)
    .join(" ")
    .replace("mod", /Mac/.test(navigator.userAgent) ? "Meta" : "Control")
    .replace("alt", "Alt")
    .replace("shift", "Shift");

/** A button that is the visible form of an action. */
export function ActionButton<Context>({ action, context, keyInside, ...button }: Props<Context>) {
  const { t } = useTranslation();
  const shortcut = action.keys[0];
  const inside = keyInside && shortcut !== undefined;
  const element = (
    <Button
      {...button}
      disabled={!(action.enabled?.(context) ?? true)}
      onClick={() => action.perform(context)}
      aria-keyshortcuts={shortcut === undefined ? undefined : spoken(shortcut)}
      rightSection={inside ? <Keycaps shortcut={shortcut} /> : button.rightSection}
    >
      {t(action.label)}
    </Button>
  );
  if (shortcut === undefined || inside) return element;
  return <Tooltip label={<Keycaps shortcut={shortcut} />}>{element}</Tooltip>;
}
