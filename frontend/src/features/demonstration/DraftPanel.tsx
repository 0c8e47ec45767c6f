import { Alert, Badge, Button, Group, NativeSelect, Text, VisuallyHidden } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { ActionButton, Keycaps } from "@/components/actions";
import { Markdown } from "@/components/markdown/Markdown";
import { AwaitedSampling } from "@/components/SamplingNotice";

import {
  dismissDraftsAction,
  insertDraftAction,
  regenerateDraftsAction,
  stopDraftsAction,
  type DemonstrationContext,
} from "./actions";
import classes from "./DraftPanel.module.css";
import type { useDrafts } from "./useDrafts";

interface Props {
  slug: string;
  drafts: ReturnType<typeof useDrafts>;
  context: DemonstrationContext;
  temperature: string;
  onTemperature: (temperature: string) => void;
  onInsert: (index: number) => void;
}

/** Empty: as the manager set it for the round. */
const TEMPERATURES = ["", "0.3", "0.7", "1.0", "1.3"] as const;

/** What is selected inside the draft at this place, or nothing. */
export function selectedWords(index: number): string {
  const selection = window.getSelection();
  const draft = document.querySelector(`[data-draft="${index}"]`);
  if (selection === null || draft === null || selection.isCollapsed) return "";
  return draft.contains(selection.anchorNode) && draft.contains(selection.focusNode)
    ? selection.toString().trim()
    : "";
}

/** Model-written drafts for the next turn, streaming side by side. */
export function DraftPanel(props: Props) {
  const { slug, drafts, context, temperature, onTemperature, onInsert } = props;
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
          <NativeSelect
            size="xs"
            aria-label={t("demonstration.temperature")}
            value={temperature}
            onChange={(event) => onTemperature(event.currentTarget.value)}
            data={TEMPERATURES.map((value) => ({
              value,
              label:
                value === ""
                  ? t("demonstration.usualTemperature")
                  : t("demonstration.temperatureOf", { value }),
            }))}
          />
          {[
            regenerateDraftsAction,
            ...(drafts.ended ? [] : [stopDraftsAction]),
            dismissDraftsAction,
          ].map((action) => (
            <ActionButton
              key={action.id}
              action={action}
              context={context}
              variant="subtle"
              color="gray"
              size="compact-sm"
            />
          ))}
        </Group>
      </Group>
      {/* One polite sentence when they are ready, not every token. */}
      <VisuallyHidden role="status">
        {drafts.ended && t("demonstration.draftsReady")}
      </VisuallyHidden>
      {drafts.awaited && <AwaitedSampling slug={slug} />}
      {drafts.stale && (
        <Alert color="orange" variant="light" mb="sm" role="status">
          {t("demonstration.stale")}
        </Alert>
      )}
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
              {drafts.stale && (
                <Badge size="sm" color="orange" variant="light" tt="none">
                  {t("demonstration.staleBadge")}
                </Badge>
              )}
            </header>
            <div className={classes.text} data-draft={index}>
              <Markdown text={draft.text} />
            </div>
            {/* Pressing a button leaves what is selected selected, so that a selection can be taken. */}
            <Group gap="xs" onMouseDown={(event) => event.preventDefault()}>
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
              <Button
                variant="subtle"
                color="gray"
                size="compact-md"
                aria-label={t("demonstration.dismissOne", { n: index + 1 })}
                onClick={() => drafts.dismiss(index)}
              >
                {t("demonstration.dismiss")}
              </Button>
            </Group>
          </li>
        ))}
      </ol>
    </section>
  );
}
