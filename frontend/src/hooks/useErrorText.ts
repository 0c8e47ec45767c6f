import { useCallback } from "react";
import { useTranslation } from "react-i18next";

import { ApiError, UnreachableError } from "@/api/errors";

/** Codes for which the page has better words than the server's own sentence. */
const KNOWN_CODES = [
  "wrong_credentials",
  "throttled",
  "lease_lost",
  "stale_version",
  "outdated_page",
  "unknown_error",
] as const;

/** Turns any failure into one sentence for a person. */
export function useErrorText(): (error: unknown) => string {
  const { t } = useTranslation();
  return useCallback(
    (error) => {
      if (error instanceof UnreachableError) return t("errors.unreachable");
      if (!(error instanceof ApiError)) return t("errors.unexpected");
      const known = KNOWN_CODES.find((code) => code === error.code);
      return known === undefined ? error.message : t(`errors.codes.${known}`);
    },
    [t],
  );
}
