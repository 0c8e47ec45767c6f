import { useTranslation } from "react-i18next";

import type { Message } from "@/api/types";

/** Under this share, pasting is a word or two. */
const WORTH_TELLING = 0.1;

/** Says where a turn's text comes from, where that is not the person's own keys. */
export function useOriginNote(): (message: Message) => string | null {
  const { t } = useTranslation();
  return ({ origin, model_share: share, pasted_characters: pasted, content }) => {
    const notes = [];
    if (origin === "model-edited" && share !== null) {
      notes.push(t("thread.originShare", { percent: Math.round(share * 100) }));
    } else if (origin !== "human") {
      notes.push(t(`thread.origins.${origin}`));
    }
    if (content !== "" && pasted / content.length >= WORTH_TELLING) {
      notes.push(t("thread.pasted", { percent: Math.round((100 * pasted) / content.length) }));
    }
    return notes.length === 0 ? null : notes.join(" · ");
  };
}
