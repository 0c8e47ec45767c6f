import { Anchor, Button, Group, Progress, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Freezing, Recipe } from "@/api/types";
import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { CountTable } from "./CountTable";
import classes from "./Recipes.module.css";
import { isUnderWay, useCancelFreezing, useStartFreezing } from "./requests";

interface Props {
  slug: string;
  recipe: Recipe;
  onEdit: () => void;
}

/** One recipe: what it held when it was last counted, and its freezing as it goes on. */
export function RecipeRow({ slug, recipe, onEdit }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const start = useStartFreezing(slug, recipe);
  const { latest, name } = recipe;
  const busy = isUnderWay(latest);
  const begin = (isTrial: boolean) =>
    start.mutate(isTrial, { onError: (error) => toastFailure(errorText(error)) });
  return (
    <li className={classes.recipe}>
      <div className={classes.head}>
        <div>
          <h3 className={classes.name}>{name}</h3>
          <Text size="sm" c="dimmed">
            {t(`recipes.kinds.${recipe.kind}`)} · {recipe.contents.file.format} ·{" "}
            {recipe.contents.sources.map((source) => source.name).join(", ")}
          </Text>
        </div>
        <Group gap="xs">
          <Button
            variant="subtle"
            color="gray"
            size="sm"
            onClick={onEdit}
            aria-label={t("recipes.editOf", { name })}
          >
            {t("recipes.edit")}
          </Button>
          <Button
            variant="default"
            size="sm"
            disabled={busy || start.isPending}
            onClick={() => begin(true)}
            aria-label={t("recipes.countOf", { name })}
          >
            {t("recipes.count")}
          </Button>
          <Button
            size="sm"
            disabled={busy || start.isPending}
            onClick={() => begin(false)}
            aria-label={t("recipes.freezeOf", { name })}
          >
            {t("recipes.freeze")}
          </Button>
        </Group>
      </div>
      {busy && <UnderWay slug={slug} freezing={latest} />}
      {latest !== null && !busy && <Ended slug={slug} recipe={recipe} freezing={latest} />}
      {latest?.table && <CountTable table={latest.table} />}
    </li>
  );
}

function UnderWay({ slug, freezing }: { slug: string; freezing: Freezing }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const cancel = useCancelFreezing(slug);
  const { n_rows: all, n_through: through } = freezing;
  return (
    <Group mt="sm" wrap="nowrap">
      <div style={{ flex: 1 }}>
        <Text size="sm" role="status">
          {freezing.state === "queued"
            ? t("recipes.waiting")
            : t(`recipes.stages.${freezing.stage}`)}
          {all !== null &&
            ` · ${t("recipes.through", { through: format.number(through), all: format.number(all) })}`}
        </Text>
        <Progress
          mt={4}
          size="sm"
          aria-label={t("recipes.progress")}
          value={all ? (100 * through) / all : 0}
        />
      </div>
      <Button
        variant="subtle"
        color="gray"
        size="sm"
        loading={cancel.isPending}
        onClick={() =>
          cancel.mutate(freezing.id, { onError: (error) => toastFailure(errorText(error)) })
        }
      >
        {t("common.cancel")}
      </Button>
    </Group>
  );
}

function Ended({
  slug,
  recipe,
  freezing,
}: Pick<Props, "slug" | "recipe"> & { freezing: Freezing }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (freezing.error !== null) {
    return (
      <Text mt="sm" size="sm" className={classes.failure} role="alert">
        {freezing.error.detail}
      </Text>
    );
  }
  if (freezing.state === "cancelled") {
    return (
      <Text mt="sm" size="sm" c="dimmed">
        {t("recipes.cancelled")}
      </Text>
    );
  }
  const stale = Date.parse(recipe.changed_at) > Date.parse(freezing.created_at);
  const time = format.time(freezing.finished_at ?? freezing.created_at);
  return (
    <Text mt="sm" size="sm" c="dimmed">
      {t(freezing.is_trial ? "recipes.counted" : "recipes.frozenAs", { time })}
      {freezing.version !== null && (
        <>
          {" · "}
          <Anchor
            underline="always"
            component={Link}
            inherit
            to={`/projects/${slug}/datasets/versions/${freezing.version}`}
          >
            {t("recipes.toVersion")}
          </Anchor>
        </>
      )}
      {stale && <span className={classes.stale}> · {t("recipes.stale")}</span>}
    </Text>
  );
}
