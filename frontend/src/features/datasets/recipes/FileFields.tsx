import { Checkbox, NumberInput, Select, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { RecipeContents } from "@/api/types";
import { formatsQuery } from "../requests";

import type { Kind } from "./contents";
import classes from "./Recipes.module.css";

interface Props {
  slug: string;
  kind: Kind;
  contents: RecipeContents;
  faults: Readonly<Record<string, readonly string[]>>;
  onChange: (fields: Partial<RecipeContents>) => void;
}

type File = RecipeContents["file"];

/** Syntax, not language. */
const SPLIT_EXAMPLE = "train=0.9,test=0.1";
const PAIRS = ["all", "best-worst", "best-rest", "adjacent", "one"] as const;
const AGGREGATES = ["raters", "consensus", "borda"] as const;
const SPLIT_BY = ["prompt", "author"] as const;
const MOST_HELD_OUT = 0.9;

/** What files the rows become. */
export function FileFields({ slug, kind, contents, faults, onChange }: Props) {
  const { t } = useTranslation();
  const formats = useQuery(formatsQuery(slug));
  const { file } = contents;
  const change = (fields: Partial<File>) => onChange({ file: { ...file, ...fields } });
  const share = (name: "hold_out_raters" | "min_agreement", label: string, max: number) => (
    <NumberInput
      label={label}
      min={0}
      max={max}
      step={0.05}
      value={file[name] ?? 0}
      onChange={(value) => change({ [name]: Number(value) || 0 })}
    />
  );
  return (
    <>
      <Text fw={600}>{t("recipes.form.file")}</Text>
      <div className={classes.fields}>
        <Select
          label={t("recipes.form.format")}
          data={formats.data?.[kind] ?? [file.format]}
          value={file.format}
          allowDeselect={false}
          onChange={(value) => value !== null && change({ format: value })}
          error={faults["contents.file.format"]?.[0]}
        />
        <TextInput
          label={t("recipes.form.split")}
          placeholder={SPLIT_EXAMPLE}
          value={file.split ?? ""}
          onChange={(event) => change({ split: event.currentTarget.value })}
        />
        <Select
          label={t("recipes.form.splitBy")}
          data={SPLIT_BY.map((value) => ({
            value,
            label: t(`recipes.form.splitByChoices.${value}`),
          }))}
          value={file.split_by ?? "prompt"}
          allowDeselect={false}
          onChange={(value) => change({ split_by: SPLIT_BY.find((known) => known === value) })}
        />
        {share("hold_out_raters", t("recipes.form.holdOut"), MOST_HELD_OUT)}
        <NumberInput
          label={t("recipes.form.seed")}
          min={0}
          allowDecimal={false}
          value={contents.seed ?? 0}
          onChange={(value) => onChange({ seed: Number(value) || 0 })}
        />
        {kind === "comparisons" && (
          <>
            <Select
              label={t("recipes.form.aggregate")}
              data={AGGREGATES.map((value) => ({
                value,
                label: t(`recipes.form.aggregateChoices.${value}`),
              }))}
              value={file.aggregate ?? "raters"}
              allowDeselect={false}
              onChange={(value) =>
                change({ aggregate: AGGREGATES.find((known) => known === value) })
              }
            />
            {share("min_agreement", t("recipes.form.minAgreement"), 1)}
            <Select
              label={t("recipes.form.pairs")}
              data={[...PAIRS]}
              value={file.pairs ?? "all"}
              allowDeselect={false}
              onChange={(value) => change({ pairs: PAIRS.find((known) => known === value) })}
            />
            <TextInput
              label={t("recipes.form.criterion")}
              description={t("recipes.form.criterionHint")}
              inputWrapperOrder={["label", "input", "description", "error"]}
              value={contents.criterion ?? ""}
              onChange={(event) => onChange({ criterion: event.currentTarget.value })}
            />
          </>
        )}
      </div>
      <Checkbox
        label={t("recipes.form.withMetadata")}
        checked={file.with_metadata ?? false}
        onChange={(event) => change({ with_metadata: event.currentTarget.checked })}
      />
    </>
  );
}
