import { Checkbox, Select, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { RecipeContents } from "@/api/types";

import { BenchmarkFields } from "../BenchmarkFields";
import { Choice } from "../Choice";
import { DraftFields } from "../DraftFields";
import { PERSONAL_DATA } from "../words";

import type { Kind } from "./contents";
import classes from "./Recipes.module.css";
import { policyNamesQuery } from "./requests";

interface Props {
  slug: string;
  kind: Kind;
  contents: RecipeContents;
  onChange: (fields: Partial<RecipeContents>) => void;
}

/** What is looked for in the texts, and whose tokens are counted. */
export function ScreeningFields({ slug, kind, contents, onChange }: Props) {
  const { t } = useTranslation();
  const policies = useQuery(policyNamesQuery);
  return (
    <>
      <Text fw={600}>{t("recipes.form.screening")}</Text>
      <Checkbox
        label={t("recipes.form.nearDuplicates")}
        checked={contents.near_duplicates ?? true}
        onChange={(event) => onChange({ near_duplicates: event.currentTarget.checked })}
      />
      <div className={classes.fields}>
        <Choice
          label={t("recipes.form.personalData")}
          words={PERSONAL_DATA}
          word={contents.personal_data ?? "hold"}
          named={(word) => t(`recipes.form.personalDataChoices.${word}`)}
          onTake={(personal_data) => onChange({ personal_data })}
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
        {kind === "sft" && <DraftFields asked={contents} onChange={onChange} />}
      </div>
      <BenchmarkFields
        slug={slug}
        chosen={contents.benchmarks ?? []}
        onChange={(benchmarks) => onChange({ benchmarks })}
      />
    </>
  );
}
