import { Anchor, Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";

import type { WrittenGroup, WrittenRow } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageFrame } from "@/components/PageFrame";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { useFormat } from "@/hooks/useFormat";
import { useHome } from "@/hooks/useHome";
import { usePageTitle } from "@/hooks/usePageTitle";
import { useStartWork } from "@/hooks/useStartWork";

import { conversationsQuery, WRITTEN_GROUPS } from "./requests";
import classes from "./Written.module.css";

interface Props {
  slug: string;
}

const SEARCH_MILLISECONDS = 250;

const groupFrom = (value: string | null): WrittenGroup | null =>
  WRITTEN_GROUPS.find((group) => group === value) ?? null;

/** Everything a person wrote in a project: where it stands, and the way back into it. */
export function ConversationsPage({ slug }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("written.title"));
  const [asked, setAsked] = useSearchParams();
  const group = groupFrom(asked.get("group"));
  const search = asked.get("search") ?? "";
  // The address follows the words; a field that showed the address's would lose quick keys.
  const [typed, setTyped] = useState(search);
  const found = useInfiniteQuery(conversationsQuery(slug, group, search.trim()));
  const ask = (name: string, value: string) =>
    setAsked(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === "") next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  const settle = useDebouncedCallback((words: string) => ask("search", words), SEARCH_MILLISECONDS);
  if (found.isPending) return <PageLoading />;
  if (found.isLoadingError) {
    return <ErrorPanel error={found.error} onRetry={() => void found.refetch()} />;
  }
  const rows = found.data.pages.flatMap((page) => page.results);
  return (
    <PageFrame title={t("written.title")} hint={t("written.hint")}>
      <div className={classes.filters} role="search">
        <TextInput
          type="search"
          aria-label={t("written.search")}
          placeholder={t("written.search")}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            settle(event.currentTarget.value);
          }}
          className={classes.search}
        />
        <NativeSelect
          aria-label={t("written.group")}
          value={group ?? ""}
          onChange={(event) => ask("group", event.currentTarget.value)}
          data={[
            { value: "", label: t("written.groups.all") },
            ...WRITTEN_GROUPS.map((value) => ({ value, label: t(`written.groups.${value}`) })),
          ]}
        />
      </div>
      {rows.length === 0 ? (
        group === null && search === "" ? (
          <StatePanel title={t("written.emptyTitle")} hint={t("written.emptyHint")}>
            <Button variant="default" component={Link} to={`/projects/${slug}`}>
              {t("app.backHome")}
            </Button>
          </StatePanel>
        ) : (
          <StatePanel title={t("written.nothingFound")} hint={t("written.nothingFoundHint")} />
        )
      ) : (
        <ul className={classes.list} aria-label={t("written.title")}>
          {rows.map((row) => (
            <ConversationRow key={row.id} slug={slug} row={row} />
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
    </PageFrame>
  );
}

function ConversationRow({ slug, row }: { slug: string; row: WrittenRow }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li className={classes.row}>
      <div className={classes.text}>
        <Anchor
          component={Link}
          to={`/projects/${slug}/conversations/${row.id}`}
          className={classes.title}
          dir="auto"
        >
          {row.title || t("written.untitled")}
        </Anchor>
        <div className={classes.facts}>
          <span className={classes.state} data-state={row.state}>
            {t(`written.states.${row.state}`)}
          </span>
          <span>{t(`written.kinds.${row.kind}`)}</span>
          <span>{t("written.turns", { count: row.n_turns })}</span>
          <span>{format.time(row.finished_at ?? row.created_at)}</span>
        </div>
        {row.comment && (
          <p className={classes.comment} dir="auto">
            {row.comment}
          </p>
        )}
      </div>
      <NextStep slug={slug} row={row} />
    </li>
  );
}

/** The one thing that is to be done with a conversation now, where there is one. */
function NextStep({ slug, row }: { slug: string; row: WrittenRow }) {
  const { t } = useTranslation();
  const home = useHome(slug).data;
  const work = useStartWork(slug);
  if (row.state === "writing" && row.assignment !== null) {
    return (
      <Button
        variant="default"
        component={Link}
        to={`/projects/${slug}/work/${row.assignment}`}
        aria-label={t("written.goOnWith", { title: row.title })}
      >
        {t("written.goOn")}
      </Button>
    );
  }
  if (row.state !== "returned") return null;
  if (!home?.returned.some(({ conversation }) => conversation === row.id)) return null;
  return (
    <Button
      variant="default"
      loading={work.isPending}
      onClick={() => work.start("demonstration", row.id)}
      aria-label={t("written.reworkNamed", { title: row.title })}
    >
      {t("home.rework")}
    </Button>
  );
}
