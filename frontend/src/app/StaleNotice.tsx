import { Alert, Button, Group } from "@mantine/core";
import { notifyManager, useQueryClient, type Query } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { useErrorText } from "@/hooks/useErrorText";

import classes from "./StaleNotice.module.css";

/** It is on the page, and could not be fetched again. */
const isStale = (query: Query): boolean =>
  query.isActive() && query.state.status === "error" && query.state.data !== undefined;

/** What is on the page stays there when it cannot be fetched again; this says that it may be old. */
export function StaleNotice() {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const client = useQueryClient();
  const subscribe = useCallback(
    (changed: () => void) => client.getQueryCache().subscribe(notifyManager.batchCalls(changed)),
    [client],
  );
  const error = useSyncExternalStore(
    subscribe,
    () => client.getQueryCache().getAll().find(isStale)?.state.error ?? null,
  );
  if (error === null) return null;
  return (
    <Alert color="orange" variant="light" role="status" radius={0} className={classes.notice}>
      <Group gap="sm" justify="space-between">
        <span>
          {t("errors.stale")} {errorText(error)}
        </span>
        <Button
          variant="default"
          size="compact-sm"
          onClick={() => void client.refetchQueries({ predicate: isStale })}
        >
          {t("common.tryAgain")}
        </Button>
      </Group>
    </Alert>
  );
}
