import { Button, FileButton, Group, MultiSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { toast, toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Datasets.module.css";
import { benchmarksQuery, useAddBenchmark } from "./recipes/requests";

interface Props {
  slug: string;
  /** Ids. */
  chosen: readonly number[];
  onChange: (chosen: number[]) => void;
}

/** Benchmarks whose words no row may hold: chosen among the project's, or added from a file. */
export function BenchmarkFields({ slug, chosen, onChange }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const benchmarks = useQuery(benchmarksQuery(slug));
  const add = useAddBenchmark(slug);

  const addFile = (file: File | null) => {
    if (file === null) return;
    add.mutate(file, {
      onSuccess: (benchmark) => {
        onChange([...new Set([...chosen, benchmark.id])]);
        const runs = format.number(benchmark.n_runs);
        toast(t("recipes.form.benchmarkAdded", { name: benchmark.name, runs }));
      },
      onError: (error) => toastFailure(errorText(error)),
    });
  };
  return (
    <Group align="flex-end">
      <MultiSelect
        className={classes.wide}
        label={t("recipes.form.benchmarks")}
        data={(benchmarks.data ?? []).map(({ id, name }) => ({ value: String(id), label: name }))}
        value={chosen.map(String)}
        placeholder={chosen.length === 0 ? t("recipes.form.noBenchmarks") : undefined}
        onChange={(values) => onChange(values.map(Number))}
      />
      <FileButton onChange={addFile} accept=".json,.jsonl,.txt">
        {(props) => (
          <Button {...props} variant="default" loading={add.isPending}>
            {t("recipes.form.addBenchmark")}
          </Button>
        )}
      </FileButton>
    </Group>
  );
}
