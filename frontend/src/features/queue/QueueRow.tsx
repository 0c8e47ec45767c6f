import { Badge, Button, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Queue } from "@/api/types";
import { useFormat } from "@/hooks/useFormat";

import classes from "./HomePage.module.css";

interface Props {
  queue: Queue;
  busy: boolean;
  onStart: () => void;
}

/** One kind of work: what it is, how much is left for me, and the way in. */
export function QueueRow({ queue, busy, onStart }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const held = queue.held !== null;
  const empty = !held && queue.available === 0;
  return (
    <li className={classes.row}>
      <div className={classes.rowText}>
        <span>{t(`kinds.${queue.kind}`)}</span>
        <Text size="sm" c="dimmed">
          {empty ? t(`home.empty.${queue.kind}`) : t(`home.about.${queue.kind}`)}
        </Text>
      </div>
      {queue.paused && (
        <Badge variant="default" fw={500} tt="none">
          {t("home.paused")}
        </Badge>
      )}
      <span className={classes.count} aria-label={t("home.left", { count: queue.available })}>
        {format.bounded(queue.available, 100)}
      </span>
      <Button
        variant="default"
        onClick={onStart}
        disabled={busy || empty || (queue.paused && !held)}
        aria-label={t(held ? "home.continueKind" : "home.startKind", {
          kind: t(`kinds.${queue.kind}`),
        })}
      >
        {held ? t("home.continue") : t("home.open")}
      </Button>
    </li>
  );
}
