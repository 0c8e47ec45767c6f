import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { SaveStatus } from "@/lib/autosaver";

import classes from "./SaveState.module.css";

interface Props {
  status: SaveStatus;
}

const KEYS = {
  unchanged: "save.unchanged",
  pending: "save.saving",
  saving: "save.saving",
  saved: "save.saved",
  kept: "save.kept",
  refused: "save.refused",
  outdated: "save.outdated",
  conflict: "save.conflict",
} as const satisfies Record<SaveStatus, string>;

export function SaveState({ status }: Props) {
  const { t } = useTranslation();
  return (
    <Text size="xs" c="dimmed" role="status" className={classes.state} data-status={status}>
      <span className={classes.dot} aria-hidden="true" />
      {t(KEYS[status])}
    </Text>
  );
}
