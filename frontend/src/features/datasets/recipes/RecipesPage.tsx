import { Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Recipe } from "@/api/types";
import { ActionButton, useActions } from "@/components/actions";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import report from "@/components/report/Report.module.css";
import { StatePanel } from "@/components/StatePanel";
import { DatasetTabs } from "../DatasetTabs";
import { usePageTitle } from "@/hooks/usePageTitle";

import { newRecipeAction, recipesActions } from "./actions";
import { RecipeForm } from "./RecipeForm";
import { RecipeRow } from "./RecipeRow";
import classes from "./Recipes.module.css";
import { recipesQuery } from "./requests";
import { VersionList } from "./VersionList";

interface Props {
  slug: string;
}

/** Datasets that are declared: what each would hold now, and the versions that were frozen. */
export function RecipesPage({ slug }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("recipes.title"));
  const recipes = useQuery(recipesQuery(slug));
  const [subject, setSubject] = useState<Recipe | "new" | null>(null);
  const context = { openForm: () => setSubject("new") };
  useActions(t("recipes.title"), recipesActions, context);
  if (recipes.isPending) return <PageLoading />;
  if (recipes.data === undefined) {
    return <ErrorPanel error={recipes.error} onRetry={() => void recipes.refetch()} />;
  }
  const newest = Math.max(0, ...recipes.data.map(({ latest }) => latest?.version ?? 0));
  return (
    <div className={report.page}>
      <header className={report.header}>
        <div>
          <Title order={1} className={report.title}>
            {t("datasets.title")}
          </Title>
          <DatasetTabs slug={slug} />
        </div>
        <ActionButton action={newRecipeAction} context={context} keyInside />
      </header>
      <section aria-labelledby="recipes-list">
        <Title order={2} id="recipes-list" className={report.heading}>
          {t("recipes.list")}
        </Title>
        {recipes.data.length === 0 ? (
          <StatePanel title={t("recipes.emptyTitle")} hint={t("recipes.emptyHint")} />
        ) : (
          <ul className={classes.list}>
            {recipes.data.map((recipe) => (
              <RecipeRow
                key={recipe.id}
                slug={slug}
                recipe={recipe}
                onEdit={() => setSubject(recipe)}
              />
            ))}
          </ul>
        )}
      </section>
      <section aria-labelledby="versions-list">
        <Title order={2} id="versions-list" className={report.heading}>
          {t("recipes.versions")}
        </Title>
        <VersionList slug={slug} newest={newest} />
      </section>
      {subject !== null && (
        <RecipeForm
          slug={slug}
          recipe={subject === "new" ? null : subject}
          onClose={() => setSubject(null)}
        />
      )}
    </div>
  );
}
