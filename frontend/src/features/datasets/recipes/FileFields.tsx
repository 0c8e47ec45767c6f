import { Checkbox, NumberInput, Select, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { RecipeContents } from "@/api/types";

import { Choice } from "../Choice";
import { formatsQuery } from "../requests";
import {
  AGGREGATES,
  MARGINS,
  MOST_HELD_OUT,
  MOST_RATERS,
  PAIR_FORMATS,
  PAIRS,
  SPLIT_BY,
  SPLIT_EXAMPLE,
  SYSTEM,
  TIES,
  TURNS,
  WITHOUT_SYSTEM,
} from "../words";

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
          label={t("datasets.format")}
          data={formats.data?.[kind] ?? [file.format]}
          value={file.format}
          allowDeselect={false}
          onChange={(value) => value !== null && change({ format: value })}
          error={faults["contents.file.format"]?.[0]}
        />
        <TextInput
          label={t("datasets.split")}
          placeholder={SPLIT_EXAMPLE}
          value={file.split ?? ""}
          onChange={(event) => change({ split: event.currentTarget.value })}
        />
        <Choice
          label={t("datasets.splitBy")}
          words={SPLIT_BY}
          word={file.split_by ?? "prompt"}
          named={(word) => t(`datasets.splitsBy.${word}`)}
          onTake={(split_by) => change({ split_by })}
        />
        {share("hold_out_raters", t("datasets.holdOut"), MOST_HELD_OUT)}
        <NumberInput
          label={t("recipes.form.seed")}
          min={0}
          allowDecimal={false}
          value={contents.seed ?? 0}
          onChange={(value) => onChange({ seed: Number(value) || 0 })}
        />
        {file.format === "prompt-completion" && (
          <Choice
            label={t("datasets.turns")}
            words={TURNS}
            word={file.turns ?? "all"}
            named={(word) => t(`datasets.turnsOf.${word}`)}
            onTake={(turns) => change({ turns })}
          />
        )}
        {WITHOUT_SYSTEM.includes(file.format) && (
          <Choice
            label={t("datasets.system")}
            words={SYSTEM}
            word={file.system ?? "drop"}
            named={(word) => t(`datasets.systems.${word}`)}
            onTake={(system) => change({ system })}
          />
        )}
        {kind === "comparisons" && (
          <>
            <TextInput
              label={t("datasets.criterion")}
              description={t("datasets.criterionHint")}
              inputWrapperOrder={["label", "input", "description", "error"]}
              value={contents.criterion ?? ""}
              onChange={(event) => onChange({ criterion: event.currentTarget.value })}
            />
            <Choice
              label={t("datasets.aggregate")}
              words={AGGREGATES}
              word={file.aggregate ?? "raters"}
              named={(word) => t(`datasets.aggregates.${word}`)}
              onTake={(aggregate) => change({ aggregate })}
            />
            {share("min_agreement", t("datasets.minAgreement"), 1)}
            <NumberInput
              label={t("datasets.minRaters")}
              description={t("datasets.minRatersHint")}
              inputWrapperOrder={["label", "input", "description", "error"]}
              min={1}
              max={MOST_RATERS}
              allowDecimal={false}
              value={file.min_raters ?? 1}
              onChange={(value) => change({ min_raters: Number(value) || 1 })}
            />
          </>
        )}
        {PAIR_FORMATS.includes(file.format) && (
          <>
            <Choice
              label={t("datasets.pairs")}
              words={PAIRS}
              word={file.pairs ?? "all"}
              named={(word) => t(`datasets.pairsOf.${word}`)}
              onTake={(pairs) => change({ pairs })}
            />
            <Choice
              label={t("datasets.ties")}
              words={TIES}
              word={file.ties ?? "drop"}
              named={(word) => t(`datasets.tiesOf.${word}`)}
              onTake={(ties) => change({ ties })}
            />
          </>
        )}
        {file.format === "reward" && (
          <Choice
            label={t("datasets.margin")}
            words={MARGINS}
            word={file.margin ?? ""}
            named={(word) => t(`datasets.margins.${word === "" ? "collected" : word}`)}
            onTake={(margin) => change({ margin })}
          />
        )}
      </div>
      <Checkbox
        label={t("datasets.withMetadata")}
        checked={file.with_metadata ?? false}
        onChange={(event) => change({ with_metadata: event.currentTarget.checked })}
      />
    </>
  );
}
