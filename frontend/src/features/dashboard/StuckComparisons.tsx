import { Button, Group, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import classes from "@/components/report/Report.module.css";
import { toast, toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { comparisonsQuery, useRetryAll, useRetryComparison } from "./comparisonRequests";

interface Props {
  slug: string;
  failed: number;
  cancelled: number;
}

/** What has no candidates: why, and the way to try one or all again. */
export function StuckComparisons({ slug, failed, cancelled }: Props) {
  const { t } = useTranslation();
  if (failed + cancelled === 0) return null;
  return (
    <section aria-labelledby="comparisons-stuck">
      <Title order={2} id="comparisons-stuck" className={classes.heading}>
        {t("comparisons.stuckTitle")}
      </Title>
      {failed > 0 && <Stuck slug={slug} state="failed" />}
      {cancelled > 0 && <Stuck slug={slug} state="cancelled" />}
    </section>
  );
}

function Stuck({ slug, state }: { slug: string; state: "failed" | "cancelled" }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const stuck = useInfiniteQuery(comparisonsQuery(slug, state));
  const retry = useRetryComparison(slug);
  const retryAll = useRetryAll(slug);
  const onError = (error: Error) => toastFailure(errorText(error));
  return (
    <>
      <Group justify="flex-end" mb="xs">
        <Button
          variant="default"
          loading={retryAll.isPending}
          onClick={() =>
            retryAll.mutate(state, {
              onSuccess: ({ n }) => toast(t("comparisons.retried", { count: n })),
              onError,
            })
          }
        >
          {t("comparisons.retryAll")}: {t(`comparisons.states.${state}`)}
        </Button>
      </Group>
      <Table.ScrollContainer minWidth={480}>
        <Table>
          <Table.Tbody>
            {stuck.data?.pages
              .flatMap((page) => page.results)
              .map((comparison) => (
                <Table.Tr key={comparison.id}>
                  <Table.Td>{format.time(comparison.created_at)}</Table.Td>
                  <Table.Td>
                    {comparison.error?.detail ?? t(`comparisons.states.${state}`)}
                    {comparison.error && (
                      <Text size="xs" c="dimmed">
                        {comparison.error.code}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td className={classes.number}>
                    <Button
                      variant="default"
                      size="compact-sm"
                      loading={retry.isPending && retry.variables === comparison.id}
                      onClick={() => retry.mutate(comparison.id, { onError })}
                    >
                      {t("common.tryAgain")}
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {stuck.hasNextPage && (
        <Button
          mt="sm"
          variant="default"
          loading={stuck.isFetchingNextPage}
          onClick={() => void stuck.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
    </>
  );
}
