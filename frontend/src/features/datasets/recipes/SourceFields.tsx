import { Button, Group, NumberInput, Select, TagsInput, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { RecipeSource } from "@/api/types";

import { Choice } from "../Choice";

import type { Kind } from "./contents";
import classes from "./Recipes.module.css";

interface Props {
  source: RecipeSource;
  projects: readonly { slug: string; name: string }[];
  kind: Kind;
  /** Null for the only one. */
  onRemove: (() => void) | null;
  onChange: (source: RecipeSource) => void;
}

const ORIGINS = ["all", "written", "imported"] as const;
const SFT_ORIGINS = [...ORIGINS, "rewrites", "better_replies", "best_replies"] as const;
const COMPARISON_ORIGINS = [...ORIGINS, "thumbs"] as const;

const numbers = (texts: string[]) => texts.map(Number).filter((value) => Number.isInteger(value));

/** One source of a recipe: whose rows, which of them, and how many. */
export function SourceFields({ source, projects, kind, onRemove, onChange }: Props) {
  const { t } = useTranslation();
  const change = (fields: Partial<RecipeSource>) => onChange({ ...source, ...fields });
  const tags = (name: "categories" | "languages" | "licences") => (
    <TagsInput
      label={t(`recipes.form.${name}`)}
      value={source[name] ?? []}
      onChange={(value) => change({ [name]: value })}
    />
  );
  const numberTags = (name: "rounds" | "import_runs", label: string) => (
    <TagsInput
      label={label}
      value={(source[name] ?? []).map(String)}
      onChange={(value) => change({ [name]: numbers(value) })}
    />
  );
  return (
    <fieldset className={classes.source}>
      <div className={classes.fields}>
        <TextInput
          label={t("recipes.form.sourceName")}
          required
          value={source.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <Select
          label={t("recipes.form.project")}
          data={projects.map(({ slug, name }) => ({ value: slug, label: name }))}
          value={source.project}
          allowDeselect={false}
          onChange={(value) => value !== null && change({ project: value })}
        />
        {kind === "sft" ? (
          <Choice
            label={t("recipes.form.origins")}
            words={SFT_ORIGINS}
            word={SFT_ORIGINS.find((known) => known === source.origins) ?? "all"}
            named={(word) => t(`recipes.form.originChoices.${word}`)}
            onTake={(origins) => change({ origins })}
          />
        ) : (
          <Choice
            label={t("recipes.form.origins")}
            words={COMPARISON_ORIGINS}
            word={COMPARISON_ORIGINS.find((known) => known === source.origins) ?? "all"}
            named={(word) => t(`recipes.form.rankingOriginChoices.${word}`)}
            onTake={(origins) => change({ origins })}
          />
        )}
        {numberTags("rounds", t("recipes.form.rounds"))}
        {numberTags("import_runs", t("recipes.form.imports"))}
        {tags("categories")}
        {tags("languages")}
        {tags("licences")}
        <NumberInput
          label={t("recipes.form.weight")}
          description={t("recipes.form.weightHint")}
          inputWrapperOrder={["label", "input", "description", "error"]}
          min={0}
          value={source.weight ?? ""}
          onChange={(value) => change({ weight: typeof value === "number" ? value : null })}
        />
        <NumberInput
          label={t("recipes.form.cap")}
          min={1}
          allowDecimal={false}
          value={source.cap ?? ""}
          onChange={(value) => change({ cap: typeof value === "number" ? value : null })}
        />
      </div>
      {onRemove !== null && (
        <Group justify="flex-end" mt="sm">
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            onClick={onRemove}
            aria-label={t("recipes.form.removeSource", { name: source.name })}
          >
            {t("recipes.form.remove")}
          </Button>
        </Group>
      )}
    </fieldset>
  );
}
