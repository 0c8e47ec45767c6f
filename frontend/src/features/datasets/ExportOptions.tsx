import { Checkbox, NumberInput, Select, SimpleGrid, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { ExportRequest } from "@/api/types";

interface Props {
  asked: ExportRequest;
  faults: Readonly<Record<string, readonly string[]>>;
  onChange: (fields: Partial<ExportRequest>) => void;
}

const SPLIT_BY = ["prompt", "author"] as const;
const TURNS = ["all", "last"] as const;
const SYSTEM = ["drop", "prefix"] as const;
const AGGREGATES = ["raters", "consensus", "borda"] as const;
const PAIRS = ["all", "best-worst", "best-rest", "adjacent", "one"] as const;
const TIES = ["drop", "half"] as const;
const MARGINS = ["", "strength", "rating", "rank", "none"] as const;
const PACKED = ["none", "gzip", "zstd", "parquet"] as const;
const PERSONAL_DATA = ["hold", "mask", "keep"] as const;
const PAIR_FORMATS = ["preference", "preference-implicit", "reward", "openai-dpo", "hh"];
const WITHOUT_SYSTEM = ["hh", "nectar", "alpaca"];
const MOST_HELD_OUT = 0.9;

/** What few exports need: only the options that change a file of this kind and format are shown. */
export function ExportOptions({ asked, faults, onChange }: Props) {
  const { t } = useTranslation();
  const isPairs = PAIR_FORMATS.includes(asked.format);
  const isComparisons = asked.kind === "comparisons";

  function choice<Word extends string>(
    label: string,
    words: readonly Word[],
    word: Word,
    named: (word: Word) => string,
    take: (word: Word) => void,
  ) {
    return (
      <Select
        label={label}
        data={words.map((value) => ({ value, label: named(value) }))}
        value={word}
        allowDeselect={false}
        onChange={(value) => {
          const found = words.find((known) => known === value);
          if (found !== undefined) take(found);
        }}
      />
    );
  }
  const share = (
    name: "hold_out_raters" | "min_agreement" | "max_model_share",
    label: string,
    most: number,
    usual = 0,
  ) => (
    <NumberInput
      label={label}
      min={0}
      max={most}
      step={0.05}
      value={asked[name] ?? usual}
      onChange={(value) => onChange({ [name]: Number(value) })}
      error={faults[name]?.[0]}
    />
  );
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      {choice(
        t("datasets.pack"),
        PACKED,
        asked.pack ?? "none",
        (word) => t(`datasets.packs.${word}`),
        (pack) => onChange({ pack }),
      )}
      {asked.format === "prompt-completion" &&
        choice(
          t("datasets.turns"),
          TURNS,
          asked.turns ?? "all",
          (word) => t(`datasets.turnsOf.${word}`),
          (turns) => onChange({ turns }),
        )}
      {WITHOUT_SYSTEM.includes(asked.format) &&
        choice(
          t("datasets.system"),
          SYSTEM,
          asked.system ?? "drop",
          (word) => t(`datasets.systems.${word}`),
          (system) => onChange({ system }),
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
      {isComparisons &&
        choice(
          t("datasets.aggregate"),
          AGGREGATES,
          asked.aggregate ?? "raters",
          (word) => t(`datasets.aggregates.${word}`),
          (aggregate) => onChange({ aggregate }),
        )}
      {asked.kind === "sft" && share("max_model_share", t("datasets.maxModelShare"), 1, 1)}
      {isComparisons && share("min_agreement", t("datasets.minAgreement"), 1)}
      {isPairs &&
        choice(
          t("datasets.pairs"),
          PAIRS,
          asked.pairs ?? "all",
          (word) => t(`datasets.pairsOf.${word}`),
          (pairs) => onChange({ pairs }),
        )}
      {isPairs &&
        choice(
          t("datasets.ties"),
          TIES,
          asked.ties ?? "drop",
          (word) => t(`datasets.tiesOf.${word}`),
          (ties) => onChange({ ties }),
        )}
      {asked.format === "kto" && (
        <Checkbox
          label={t("datasets.thumbs")}
          description={t("datasets.thumbsHint")}
          checked={asked.thumbs ?? false}
          onChange={(event) => onChange({ thumbs: event.currentTarget.checked })}
        />
      )}
      {asked.format === "reward" &&
        choice(
          t("datasets.margin"),
          MARGINS,
          asked.margin ?? "",
          (word) => t(`datasets.margins.${word === "" ? "collected" : word}`),
          (margin) => onChange({ margin }),
        )}
      {choice(
        t("recipes.form.personalData"),
        PERSONAL_DATA,
        asked.personal_data ?? "hold",
        (word) => t(`recipes.form.personalDataChoices.${word}`),
        (personal_data) => onChange({ personal_data }),
      )}
      {choice(
        t("datasets.splitBy"),
        SPLIT_BY,
        asked.split_by ?? "prompt",
        (word) => t(`datasets.splitsBy.${word}`),
        (split_by) => onChange({ split_by }),
      )}
      {share("hold_out_raters", t("datasets.holdOut"), MOST_HELD_OUT)}
    </SimpleGrid>
  );
}
