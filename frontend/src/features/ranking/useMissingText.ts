import { useTranslation } from "react-i18next";

import type { Missing } from "./draft";

/** Says what is still to do before the ranking can be submitted. */
export function useMissingText(): (missing: Missing) => string {
  const { t } = useTranslation();
  return (missing) => {
    switch (missing.kind) {
      case "unplaced":
        return t("ranking.missing.unplaced", { count: missing.count });
      case "ungraded":
        return t("ranking.missing.ungraded");
      case "unopened":
        return t("ranking.missing.unopened", { label: missing.label });
      case "unrated":
        return t("ranking.missing.unrated", { label: missing.label });
    }
  };
}
