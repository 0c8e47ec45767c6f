import {
  Alert,
  Button,
  Checkbox,
  Group,
  NativeSelect,
  NumberInput,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import type { ComparisonSettings } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";

import { settingsQuery, useChangeSettings } from "./comparisonRequests";
import classes from "./Quality.module.css";

/** How the project makes its comparisons and has them ranked. */
export function ComparisonSettingsSection({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const settings = useQuery(settingsQuery(slug));
  return (
    <section aria-labelledby="comparison-settings">
      <Title order={2} id="comparison-settings" className={report.heading}>
        {t("comparisons.settings.title")}
      </Title>
      <p className={classes.hint}>{t("comparisons.settings.hint")}</p>
      {settings.isError && (
        <Alert color="red" role="alert">
          {errorText(settings.error)}
        </Alert>
      )}
      {settings.data && <SettingsForm slug={slug} stored={settings.data} />}
    </section>
  );
}

type Numbers = Extract<
  keyof ComparisonSettings,
  | "n_candidates"
  | "rankings_per_comparison"
  | "overlap_share"
  | "gold_share"
  | "retest_share"
  | "training_rankings"
>;
type Switches = Extract<
  keyof ComparisonSettings,
  | "original_takes_part"
  | "reference_takes_part"
  | "settle_splits"
  | "allow_own_conversations"
  | "exam_required"
  | "exam_writing"
>;

function SettingsForm({ slug, stored }: { slug: string; stored: ComparisonSettings }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const change = useChangeSettings(slug);
  const [wanted, setWanted] = useState(stored);
  const changed = JSON.stringify(wanted) !== JSON.stringify(stored);
  const put = (part: Partial<ComparisonSettings>) => setWanted((now) => ({ ...now, ...part }));

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    change.mutate(wanted, {
      onSuccess: (settings) => {
        setWanted(settings);
        toast(t("comparisons.settings.saved"));
      },
    });
  };
  const number = (
    name: Numbers,
    label: string,
    bounds: { min: number; max: number; step?: number },
    description?: string,
  ) => (
    <NumberInput
      label={label}
      description={description}
      required
      {...bounds}
      value={wanted[name]}
      onChange={(value) => put({ [name]: typeof value === "number" ? value : bounds.min })}
    />
  );
  const share = (name: Numbers, label: string, description?: string) =>
    number(name, label, { min: 0, max: 1, step: 0.01 }, description);
  const check = (name: Switches, label: string, description?: string) => (
    <Checkbox
      label={label}
      description={description}
      checked={wanted[name]}
      onChange={(event) => put({ [name]: event.currentTarget.checked })}
    />
  );
  return (
    <form onSubmit={submit}>
      <div className={classes.grid}>
        <Stack>
          <Text fw={600} size="sm">
            {t("comparisons.settings.making")}
          </Text>
          {number("n_candidates", t("comparisons.settings.nCandidates"), { min: 2, max: 9 })}
          <TextInput
            label={t("comparisons.settings.criterion")}
            description={t("comparisons.settings.criterionHint")}
            required
            maxLength={500}
            value={wanted.criterion}
            onChange={(event) => put({ criterion: event.currentTarget.value })}
          />
          {check("original_takes_part", t("comparisons.settings.original"))}
          {check(
            "reference_takes_part",
            t("comparisons.settings.reference"),
            t("comparisons.settings.referenceHint"),
          )}
          <NativeSelect
            label={t("comparisons.settings.selfNaming")}
            value={wanted.self_naming}
            onChange={(event) =>
              put({ self_naming: event.currentTarget.value as ComparisonSettings["self_naming"] })
            }
            data={(["mask", "resample"] as const).map((value) => ({
              value,
              label: t(`comparisons.settings.selfNamings.${value}`),
            }))}
          />
          <NativeSelect
            label={t("comparisons.settings.trigger")}
            value={wanted.sampling_trigger}
            onChange={(event) =>
              put({
                sampling_trigger: event.currentTarget
                  .value as ComparisonSettings["sampling_trigger"],
              })
            }
            data={(["on_request", "as_chats_finish"] as const).map((value) => ({
              value,
              label: t(`comparisons.settings.triggers.${value}`),
            }))}
          />
        </Stack>
        <Stack>
          <Text fw={600} size="sm">
            {t("comparisons.settings.ranking")}
          </Text>
          {number("rankings_per_comparison", t("comparisons.settings.overlap"), {
            min: 1,
            max: 20,
          })}
          {share(
            "overlap_share",
            t("comparisons.settings.overlapShare"),
            t("comparisons.settings.overlapShareHint"),
          )}
          {check("settle_splits", t("comparisons.settings.splits"))}
          {share("gold_share", t("comparisons.settings.goldShare"))}
          {share("retest_share", t("comparisons.settings.retestShare"))}
          {number(
            "training_rankings",
            t("comparisons.settings.training"),
            { min: 0, max: 10_000 },
            t("comparisons.settings.trainingHint"),
          )}
          {check("exam_required", t("comparisons.settings.exam"))}
          {wanted.exam_required &&
            check(
              "exam_writing",
              t("comparisons.settings.examWriting"),
              t("comparisons.settings.examWritingHint"),
            )}
          {check("allow_own_conversations", t("comparisons.settings.own"))}
        </Stack>
      </div>
      {change.isError && (
        <Alert color="red" role="alert" mt="md">
          {errorText(change.error)}
        </Alert>
      )}
      <Group justify="flex-end" mt="md">
        <Button type="submit" disabled={!changed} loading={change.isPending}>
          {t("comparisons.settings.save")}
        </Button>
      </Group>
    </form>
  );
}
