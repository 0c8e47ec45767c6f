import { useTranslation } from "react-i18next";

import type { Message } from "@/api/types";

/** Says where a turn's text comes from, where that is not the person. */
export function useOriginNote(): (message: Message) => string | null {
  const { t } = useTranslation();
  return ({ origin, model_share: share }) => {
    if (origin === "human") return null;
    if (origin === "model-edited" && share !== null) {
      return t("thread.originShare", { percent: Math.round(share * 100) });
    }
    return t(`thread.origins.${origin}`);
  };
}
