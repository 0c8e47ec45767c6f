import {
  createSpotlight,
  Spotlight,
  type SpotlightActionGroupData,
  useSpotlight,
} from "@mantine/spotlight";
import { useTranslation } from "react-i18next";

import { useActionGroups } from "./ActionProvider";
import classes from "./CommandPalette.module.css";
import { Keycaps } from "./Keycaps";

const [store, palette] = createSpotlight();

export const openPalette = palette.open;

/** Finds every action and page by name. Opened by its own action, so it owns no key itself. */
export function CommandPalette() {
  const { t } = useTranslation();
  // Opening renders again, and with that asks each action afresh whether it is enabled.
  useSpotlight(store);
  const groups: SpotlightActionGroupData[] = [...useActionGroups()].reverse().map((group) => ({
    group: group.title,
    actions: group.actions.map((action) => ({
      id: action.id,
      label: t(action.label),
      disabled: !action.enabled(),
      onClick: action.perform,
      rightSection: action.keys[0] ? <Keycaps shortcut={action.keys[0]} /> : undefined,
    })),
  }));
  return (
    <Spotlight
      store={store}
      // Names the dialog to screen readers; the search field says the same to the eye.
      title={t("actions.openPalette")}
      classNames={{ header: classes.header }}
      actions={groups}
      shortcut={null}
      nothingFound={t("actions.nothingFound")}
      highlightQuery
      scrollable
      overlayProps={{ backgroundOpacity: 0.25, blur: 0 }}
      maxHeight={420}
      // What scrolls can be scrolled by keyboard.
      scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
      searchProps={{
        placeholder: t("actions.searchPlaceholder"),
        "aria-label": t("actions.searchPlaceholder"),
      }}
    />
  );
}
