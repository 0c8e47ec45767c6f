import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useErrorText } from "@/hooks/useErrorText";

import { StatePanel } from "./StatePanel";

interface Props {
  error: unknown;
  onRetry?: () => void;
  /** 2 where the page around it has a title of its own. */
  order?: 1 | 2;
  children?: ReactNode;
}

/** What happened, that the work is safe, and the next step. */
export function ErrorPanel({ error, onRetry, order, children }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  return (
    <StatePanel role="alert" order={order} title={t("errors.title")} hint={errorText(error)}>
      {onRetry && <Button onClick={onRetry}>{t("common.tryAgain")}</Button>}
      {children}
    </StatePanel>
  );
}
