import { Button, Group, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { PromptsShown } from "@/api/types";
import { ActionButton, useActions } from "@/components/actions";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageFrame, PageSection } from "@/components/PageFrame";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { usePageTitle } from "@/hooks/usePageTitle";

import { addPromptsAction, handOutAction, promptsActions } from "./actions";
import { AddPrompts } from "./AddPrompts";
import { HandOut } from "./HandOut";
import { PlanForm } from "./PlanForm";
import { PromptRow } from "./PromptRow";
import classes from "./Prompts.module.css";
import { planQuery, promptsQuery, SHOWN } from "./requests";

const SEARCH_MILLISECONDS = 250;

/** What people are to write about: prompts, how many of each sort are wanted, and handing them out. */
export function PromptsPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  usePageTitle(t("prompts.title"));
  const [adding, setAdding] = useState(false);
  const [handing, setHanding] = useState(false);
  const plan = useQuery(planQuery(slug));
  const context = { openForm: () => setAdding(true), openHandOut: () => setHanding(true) };
  useActions(t("prompts.title"), promptsActions, context);
  if (plan.isPending) return <PageLoading />;
  if (plan.isLoadingError) {
    return <ErrorPanel error={plan.error} onRetry={() => void plan.refetch()} />;
  }
  const { categories } = plan.data;
  return (
    <PageFrame
      wide
      title={t("prompts.title")}
      hint={t("prompts.hint")}
      tools={
        <Group gap="xs">
          <ActionButton action={addPromptsAction} context={context} keyInside variant="default" />
          <ActionButton action={handOutAction} context={context} keyInside />
        </Group>
      }
    >
      {categories.length > 0 && (
        <PageSection title={t("prompts.plan")}>
          <PlanForm slug={slug} plan={plan.data} />
        </PageSection>
      )}
      <PageSection title={t("prompts.list")}>
        <PromptList slug={slug} categories={categories.map(({ name }) => name)} />
      </PageSection>
      <AddPrompts
        slug={slug}
        categories={categories.map(({ name }) => name)}
        opened={adding}
        onClose={() => setAdding(false)}
      />
      <HandOut slug={slug} opened={handing} onClose={() => setHanding(false)} />
    </PageFrame>
  );
}

function PromptList({ slug, categories }: { slug: string; categories: readonly string[] }) {
  const { t } = useTranslation();
  const [show, setShow] = useState<PromptsShown>("all");
  const [search, setSearch] = useState("");
  const [category, setCategory] = useState<string | null>(null);
  const [settled] = useDebouncedValue(search.trim(), SEARCH_MILLISECONDS);
  const found = useInfiniteQuery(promptsQuery(slug, { show, search: settled, category }));
  if (found.isLoadingError) {
    return <ErrorPanel error={found.error} onRetry={() => void found.refetch()} />;
  }
  const rows = found.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <>
      <div className={classes.filters} role="search">
        <TextInput
          type="search"
          aria-label={t("prompts.search")}
          placeholder={t("prompts.search")}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          className={classes.search}
        />
        <NativeSelect
          aria-label={t("prompts.show")}
          value={show}
          onChange={(event) =>
            setShow(SHOWN.find((one) => one === event.currentTarget.value) ?? "all")
          }
          data={SHOWN.map((value) => ({ value, label: t(`prompts.shows.${value}`) }))}
        />
        <NativeSelect
          aria-label={t("prompts.category")}
          value={category === null ? "*" : `=${category}`}
          onChange={({ currentTarget: { value } }) =>
            setCategory(value === "*" ? null : value.slice(1))
          }
          data={[
            { value: "*", label: t("prompts.everyCategory") },
            ...categories.map((name) => ({
              value: `=${name}`,
              label: name === "" ? t("prompts.noCategory") : name.replaceAll("_", " "),
            })),
          ]}
        />
      </div>
      {found.isPending ? (
        <PageLoading />
      ) : rows.length === 0 ? (
        <StatePanel title={t("prompts.emptyTitle")} hint={t("prompts.emptyHint")} />
      ) : (
        <ul className={classes.list} aria-label={t("prompts.list")}>
          {rows.map((prompt) => (
            <PromptRow key={prompt.id} slug={slug} prompt={prompt} />
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <Button
          mt="md"
          variant="default"
          loading={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
    </>
  );
}
