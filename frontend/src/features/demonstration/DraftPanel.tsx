import { Alert, Button, Group, Text, VisuallyHidden } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { ActionButton, Keycaps } from "@/components/actions";
import { Markdown } from "@/components/markdown/Markdown";

import {
  dismissDraftsAction,
  draftsAction,
  insertDraftAction,
  type DemonstrationContext,
} from "./actions";
import classes from "./DraftPanel.module.css";
import type { useDrafts } from "./useDrafts";

interface Props {
  drafts: ReturnType<typeof useDrafts>;
  context: DemonstrationContext;
  onInsert: (index: number) => void;
}

/** Model-written drafts for the next turn, streaming side by side. */
export function DraftPanel({ drafts, context, onInsert }: Props) {
  const { t } = useTranslation();
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    // In braces: newer browsers return a promise, which React would take for a clean-up.
    panel.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <section ref={panel} className={classes.panel} aria-label={t("demonstration.draftsTitle")}>
      <Group justify="space-between" mb="xs">
        <Text size="sm" c="dimmed">
          {drafts.ended ? t("demonstration.draftsReady") : t("demonstration.draftsWriting")}
        </Text>
        <Group gap={4}>
          <Text size="xs" c="dimmed" component="span" className={classes.keys}>
            {t("demonstration.choose")} <Keycaps shortcut="[" /> <Keycaps shortcut="]" />
          </Text>
          <ActionButton
            action={draftsAction}
            context={context}
            variant="subtle"
            color="gray"
            size="compact-sm"
          />
          <ActionButton
            action={dismissDraftsAction}
            context={context}
            variant="subtle"
            color="gray"
            size="compact-sm"
          />
        </Group>
      </Group>
      {/* One polite sentence when they are ready, not every token. */}
      <VisuallyHidden role="status">
        {drafts.ended && t("demonstration.draftsReady")}
      </VisuallyHidden>
      {drafts.failure !== null && (
        <Alert color="orange" mb="sm" role="alert">
          {drafts.failure.detail}
        </Alert>
      )}
      <ol className={classes.drafts}>
        {drafts.shown.map((draft, index) => (
          <li
            key={draft.id}
            className={classes.draft}
            data-chosen={index === drafts.chosen}
            aria-current={index === drafts.chosen}
          >
            <header className={classes.head}>
              <span>{t("demonstration.draft", { n: index + 1 })}</span>
              {!draft.finished && <span className={classes.caret} aria-hidden="true" />}
            </header>
            <div className={classes.text}>
              <Markdown text={draft.text} />
            </div>
            {index === drafts.chosen ? (
              <ActionButton
                action={insertDraftAction}
                context={context}
                keyInside
                variant="light"
                size="compact-md"
              />
            ) : (
              <Button
                variant="default"
                size="compact-md"
                disabled={draft.text === ""}
                onFocus={() => drafts.chooseAt(index)}
                onClick={() => onInsert(index)}
              >
                {t("demonstration.insertDraft")}
              </Button>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
