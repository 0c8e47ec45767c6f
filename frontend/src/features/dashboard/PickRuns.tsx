import { Button, Table, Text, Title, VisuallyHidden } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { useErrorText } from "@/hooks/useErrorText";

import classes from "@/components/report/Report.module.css";
import { pickRunsQuery } from "./comparisonRequests";
import { PickRunRow } from "./PickRunRow";

interface Props {
  slug: string;
}

/** Earlier draws of messages to compare, each of which can be replayed from its seed. */
export function PickRuns({ slug }: Props) {
  const { t } = useTranslation();
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
        <Table.ScrollContainer minWidth={760}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("progress.when")}</Table.Th>
                <Table.Th>{t("comparisons.run.source")}</Table.Th>
                <Table.Th className={classes.number}>{t("progress.pickedOf")}</Table.Th>
                <Table.Th className={classes.number}>{t("progress.population")}</Table.Th>
                <Table.Th className={classes.number}>{t("progress.seed")}</Table.Th>
                <Table.Th>{t("comparisons.run.progress")}</Table.Th>
                <Table.Th>
                  <VisuallyHidden>{t("common.actions")}</VisuallyHidden>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((run) => (
                <PickRunRow key={run.id} slug={slug} run={run} />
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
