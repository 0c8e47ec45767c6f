import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useErrorText } from "@/hooks/useErrorText";

import { StatePanel } from "./StatePanel";

interface Props {
  error: unknown;
  onRetry?: () => void;
  children?: ReactNode;
}

/** What happened, that the work is safe, and the next step. */
export function ErrorPanel({ error, onRetry, children }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  return (
    <StatePanel role="alert" title={t("errors.title")} hint={errorText(error)}>
      {onRetry && <Button onClick={onRetry}>{t("common.tryAgain")}</Button>}
      {children}
    </StatePanel>
  );
}
