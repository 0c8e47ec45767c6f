import { Checkbox, NumberInput, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { ExportRequest } from "@/api/types";

import { BenchmarkFields } from "./BenchmarkFields";
import { Choice } from "./Choice";
import { DraftFields } from "./DraftFields";
import {
  AGGREGATES,
  MARGINS,
  MOST_HELD_OUT,
  MOST_RATERS,
  PACKED,
  PAIR_FORMATS,
  PAIRS,
  PERSONAL_DATA,
  SPLIT_BY,
  SYSTEM,
  TIES,
  TURNS,
  WITHOUT_SYSTEM,
} from "./words";

interface Props {
  slug: string;
  asked: ExportRequest;
  faults: Readonly<Record<string, readonly string[]>>;
  onChange: (fields: Partial<ExportRequest>) => void;
}

/** What few exports need: only the options that change a file of this kind and format are shown. */
export function ExportOptions({ slug, asked, faults, onChange }: Props) {
  const { t } = useTranslation();
  const isPairs = PAIR_FORMATS.includes(asked.format);
  const isComparisons = asked.kind === "comparisons";

  const share = (name: "hold_out_raters" | "min_agreement", label: string, most: number) => (
    <NumberInput
      label={label}
      min={0}
      max={most}
      step={0.05}
      value={asked[name] ?? 0}
      onChange={(value) => onChange({ [name]: Number(value) })}
      error={faults[name]?.[0]}
    />
  );
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Choice
          label={t("datasets.pack")}
          words={PACKED}
          word={asked.pack ?? "none"}
          named={(word) => t(`datasets.packs.${word}`)}
          onTake={(pack) => onChange({ pack })}
        />
        {asked.format === "prompt-completion" && (
          <Choice
            label={t("datasets.turns")}
            words={TURNS}
            word={asked.turns ?? "all"}
            named={(word) => t(`datasets.turnsOf.${word}`)}
            onTake={(turns) => onChange({ turns })}
          />
        )}
        {WITHOUT_SYSTEM.includes(asked.format) && (
          <Choice
            label={t("datasets.system")}
            words={SYSTEM}
            word={asked.system ?? "drop"}
            named={(word) => t(`datasets.systems.${word}`)}
            onTake={(system) => onChange({ system })}
          />
        )}
        {isComparisons && (
          <TextInput
            label={t("datasets.criterion")}
            description={t("datasets.criterionHint")}
            value={asked.criterion ?? ""}
            onChange={(event) => onChange({ criterion: event.currentTarget.value })}
            error={faults.criterion?.[0]}
          />
        )}
        {isComparisons && (
          <Choice
            label={t("datasets.aggregate")}
            words={AGGREGATES}
            word={asked.aggregate ?? "raters"}
            named={(word) => t(`datasets.aggregates.${word}`)}
            onTake={(aggregate) => onChange({ aggregate })}
          />
        )}
        {asked.kind === "sft" && (
          <DraftFields asked={asked} fault={faults.max_model_share?.[0]} onChange={onChange} />
        )}
        {isComparisons && share("min_agreement", t("datasets.minAgreement"), 1)}
        {isComparisons && (
          <NumberInput
            label={t("datasets.minRaters")}
            description={t("datasets.minRatersHint")}
            inputWrapperOrder={["label", "input", "description", "error"]}
            min={1}
            max={MOST_RATERS}
            allowDecimal={false}
            value={asked.min_raters ?? 1}
            onChange={(value) => onChange({ min_raters: Number(value) || 1 })}
            error={faults.min_raters?.[0]}
          />
        )}
        {isPairs && (
          <Choice
            label={t("datasets.pairs")}
            words={PAIRS}
            word={asked.pairs ?? "all"}
            named={(word) => t(`datasets.pairsOf.${word}`)}
            onTake={(pairs) => onChange({ pairs })}
          />
        )}
        {isPairs && (
          <Choice
            label={t("datasets.ties")}
            words={TIES}
            word={asked.ties ?? "drop"}
            named={(word) => t(`datasets.tiesOf.${word}`)}
            onTake={(ties) => onChange({ ties })}
          />
        )}
        {asked.format === "kto" && (
          <Checkbox
            label={t("datasets.thumbs")}
            description={t("datasets.thumbsHint")}
            checked={asked.thumbs ?? false}
            onChange={(event) => onChange({ thumbs: event.currentTarget.checked })}
          />
        )}
        {asked.format === "reward" && (
          <Choice
            label={t("datasets.margin")}
            words={MARGINS}
            word={asked.margin ?? ""}
            named={(word) => t(`datasets.margins.${word === "" ? "collected" : word}`)}
            onTake={(margin) => onChange({ margin })}
          />
        )}
        <Choice
          label={t("recipes.form.personalData")}
          words={PERSONAL_DATA}
          word={asked.personal_data ?? "hold"}
          named={(word) => t(`recipes.form.personalDataChoices.${word}`)}
          onTake={(personal_data) => onChange({ personal_data })}
        />
        <Choice
          label={t("datasets.splitBy")}
          words={SPLIT_BY}
          word={asked.split_by ?? "prompt"}
          named={(word) => t(`datasets.splitsBy.${word}`)}
          onTake={(split_by) => onChange({ split_by })}
        />
        {share("hold_out_raters", t("datasets.holdOut"), MOST_HELD_OUT)}
      </SimpleGrid>
      <BenchmarkFields
        slug={slug}
        chosen={asked.benchmarks ?? []}
        onChange={(benchmarks) => onChange({ benchmarks })}
      />
    </Stack>
  );
}
