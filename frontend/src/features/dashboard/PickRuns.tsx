import { Button, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "@/components/report/Report.module.css";
import { pickRunsQuery } from "./requests";

interface Props {
  slug: string;
}

/** Earlier draws of messages to compare, each of which can be replayed from its seed. */
export function PickRuns({ slug }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const runs = useInfiniteQuery(pickRunsQuery(slug));
  const rows = runs.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <section aria-labelledby="progress-runs">
      <Title order={2} id="progress-runs" className={classes.heading}>
        {t("progress.runs")}
      </Title>
      {runs.isError && (
        <Text size="sm" c="red" role="alert">
          {errorText(runs.error)}
        </Text>
      )}
      {runs.isSuccess && rows.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("progress.noRuns")}
        </Text>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={480}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("progress.when")}</Table.Th>
                <Table.Th className={classes.number}>{t("progress.pickedOf")}</Table.Th>
                <Table.Th className={classes.number}>{t("progress.population")}</Table.Th>
                <Table.Th className={classes.number}>{t("progress.seed")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((run) => (
                <Table.Tr key={run.id}>
                  <Table.Td>{format.time(run.created_at)}</Table.Td>
                  <Table.Td className={classes.number}>
                    {t("progress.ofWanted", {
                      picked: format.number(run.n_picked),
                      wanted: format.number(run.n_wanted),
                    })}
                  </Table.Td>
                  <Table.Td className={classes.number}>{format.number(run.population)}</Table.Td>
                  <Table.Td className={classes.number}>{run.seed}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {runs.hasNextPage && (
        <Button
          mt="sm"
          variant="default"
          loading={runs.isFetchingNextPage}
          onClick={() => void runs.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
    </section>
  );
}
