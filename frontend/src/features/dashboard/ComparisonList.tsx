import { Anchor, Button, Group, NativeSelect, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";

import classes from "@/components/report/Report.module.css";
import { useFormat } from "@/hooks/useFormat";

import { comparisonsQuery } from "./comparisonRequests";

const STATES = ["ready", "sampling", "failed", "cancelled", "superseded"] as const;

/** The way to single comparisons of one state, newest first. */
export function ComparisonList({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  // In the address, so that the way back from a comparison leads to the same list.
  const [search, setSearch] = useSearchParams();
  const state = STATES.find((known) => known === search.get("state")) ?? "ready";
  const list = useInfiniteQuery(comparisonsQuery(slug, state));
  const rows = list.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <section aria-labelledby="comparisons-list">
      <Group justify="space-between" align="end" mb="sm">
        <Title order={2} id="comparisons-list" className={classes.heading}>
          {t("comparisons.list")}
        </Title>
        <NativeSelect
          label={t("comparisons.state")}
          value={state}
          onChange={(event) => setSearch({ state: event.currentTarget.value }, { replace: true })}
          data={STATES.map((value) => ({ value, label: t(`comparisons.states.${value}`) }))}
        />
      </Group>
      {list.isSuccess && rows.length === 0 && (
        <Text c="dimmed" size="sm">
          {t("comparisons.none")}
        </Text>
      )}
      <Table.ScrollContainer minWidth={480}>
        <Table>
          <Table.Tbody>
            {rows.map(({ id, created_at, opening, category, n_rankings }) => (
              <Table.Tr key={id}>
                <Table.Td>
                  <Anchor component={Link} to={`/projects/${slug}/comparisons/${id}`}>
                    {t("quality.comparison", { id })}
                  </Anchor>
                  <Text size="sm" dir="auto" lineClamp={1}>
                    {opening}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Text span c="dimmed" size="sm">
                    {category.replaceAll("_", " ")}
                  </Text>
                </Table.Td>
                <Table.Td className={classes.number} style={{ whiteSpace: "nowrap" }}>
                  {t("comparisons.nRankings", { count: n_rankings })}
                </Table.Td>
                <Table.Td className={classes.number} style={{ whiteSpace: "nowrap" }}>
                  <Text span c="dimmed" size="sm">
                    {format.time(created_at)}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {list.hasNextPage && (
        <Button
          mt="sm"
          variant="default"
          loading={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
    </section>
  );
}
