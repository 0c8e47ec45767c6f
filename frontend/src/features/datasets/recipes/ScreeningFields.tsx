import { Checkbox, FileButton, Button, Group, MultiSelect, Select, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { RecipeContents } from "@/api/types";
import { toast, toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Recipes.module.css";
import { benchmarksQuery, policyNamesQuery, useAddBenchmark } from "./requests";

interface Props {
  slug: string;
  contents: RecipeContents;
  onChange: (fields: Partial<RecipeContents>) => void;
}

const PERSONAL_DATA = ["hold", "mask", "keep"] as const;

/** What is looked for in the texts, and whose tokens are counted. */
export function ScreeningFields({ slug, contents, onChange }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const benchmarks = useQuery(benchmarksQuery(slug));
  const policies = useQuery(policyNamesQuery);
  const add = useAddBenchmark(slug);
  const chosen = contents.benchmarks ?? [];

  const addFile = (file: File | null) => {
    if (file === null) return;
    add.mutate(file, {
      onSuccess: (benchmark) => {
        onChange({ benchmarks: [...new Set([...chosen, benchmark.id])] });
        const runs = format.number(benchmark.n_runs);
        toast(t("recipes.form.benchmarkAdded", { name: benchmark.name, runs }));
      },
      onError: (error) => toastFailure(errorText(error)),
    });
  };
  return (
    <>
      <Text fw={600}>{t("recipes.form.screening")}</Text>
      <Checkbox
        label={t("recipes.form.nearDuplicates")}
        checked={contents.near_duplicates ?? true}
        onChange={(event) => onChange({ near_duplicates: event.currentTarget.checked })}
      />
      <div className={classes.fields}>
        <Select
          label={t("recipes.form.personalData")}
          data={PERSONAL_DATA.map((value) => ({
            value,
            label: t(`recipes.form.personalDataChoices.${value}`),
          }))}
          value={contents.personal_data ?? "hold"}
          allowDeselect={false}
          onChange={(value) =>
            onChange({ personal_data: PERSONAL_DATA.find((known) => known === value) })
          }
        />
        <Select
          label={t("recipes.form.tokenizer")}
          data={[
            { value: "", label: t("recipes.form.noTokenizer") },
            ...(policies.data ?? []).map((name) => ({ value: name, label: name })),
          ]}
          value={contents.tokenizer ?? ""}
          allowDeselect={false}
          onChange={(value) => onChange({ tokenizer: value ?? "" })}
        />
      </div>
      <Group align="flex-end">
        <MultiSelect
          style={{ flex: 1 }}
          label={t("recipes.form.benchmarks")}
          data={(benchmarks.data ?? []).map(({ id, name }) => ({ value: String(id), label: name }))}
          value={chosen.map(String)}
          placeholder={chosen.length === 0 ? t("recipes.form.noBenchmarks") : undefined}
          onChange={(values) => onChange({ benchmarks: values.map(Number) })}
        />
        <FileButton onChange={addFile} accept=".json,.jsonl,.txt">
          {(props) => (
            <Button {...props} variant="default" loading={add.isPending}>
              {t("recipes.form.addBenchmark")}
            </Button>
          )}
        </FileButton>
      </Group>
    </>
  );
}
