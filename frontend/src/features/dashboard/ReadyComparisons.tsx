import { Anchor, Button, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useFormat } from "@/hooks/useFormat";

import { readyComparisonsQuery } from "./figuresRequests";
import classes from "@/components/report/Report.module.css";

/** The way to single comparisons, newest first. */
export function ReadyComparisons({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const ready = useInfiniteQuery(readyComparisonsQuery(slug));
  const rows = ready.data?.pages.flatMap((page) => page.results) ?? [];
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="quality-comparisons">
      <Title order={2} id="quality-comparisons" className={classes.heading}>
        {t("quality.comparisons")}
      </Title>
      <Table>
        <Table.Tbody>
          {rows.map(({ id, created_at }) => (
            <Table.Tr key={id}>
              <Table.Td>
                <Anchor component={Link} to={`/projects/${slug}/comparisons/${id}`}>
                  {t("quality.comparison", { id })}
                </Anchor>
              </Table.Td>
              <Table.Td className={classes.number}>
                <Text span c="dimmed" size="sm">
                  {format.time(created_at)}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {ready.hasNextPage && (
        <Button
          mt="sm"
          variant="default"
          loading={ready.isFetchingNextPage}
          onClick={() => void ready.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
    </section>
  );
}
