import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Message } from "@/api/types";

const WordDiff = lazy(() => import("@/components/WordDiff"));

interface Props {
  message: Message;
}

/** What the writer made of the draft that a turn began as. */
export function DraftDiff({ message }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  if (message.draft_text === null || message.draft_text === message.content) return null;
  return (
    <div>
      <Button
        variant="default"
        size="compact-xs"
        mt="xs"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {open ? t("review.hideDraft") : t("review.showDraft")}
      </Button>
      {open && (
        <Suspense fallback={null}>
          <WordDiff from={message.draft_text} to={message.content} />
        </Suspense>
      )}
    </div>
  );
}
