import { Button, Table, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "@/components/report/Report.module.css";
import { failedComparisonsQuery, useRetryComparison } from "./requests";

interface Props {
  slug: string;
}

/** What is stuck: comparisons whose candidates could not be sampled, and a way to try again. */
export function FailedComparisons({ slug }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const failed = useQuery(failedComparisonsQuery(slug));
  const retry = useRetryComparison(slug);
  return (
    <section aria-labelledby="progress-failed">
      <Title order={2} id="progress-failed" className={classes.heading}>
        {t("progress.failedTitle")}
      </Title>
      <Table.ScrollContainer minWidth={480}>
        <Table>
          <Table.Tbody>
            {failed.data?.results.map((comparison) => (
              <Table.Tr key={comparison.id}>
                <Table.Td>{format.time(comparison.created_at)}</Table.Td>
                <Table.Td>{comparison.error?.detail ?? t("progress.failedUnknown")}</Table.Td>
                <Table.Td className={classes.number}>
                  <Button
                    variant="default"
                    size="compact-sm"
                    loading={retry.isPending && retry.variables === comparison.id}
                    onClick={() =>
                      retry.mutate(comparison.id, {
                        onError: (error) => toastFailure(errorText(error)),
                      })
                    }
                  >
                    {t("common.tryAgain")}
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}
