import { Anchor, Button, Group, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import classes from "@/components/report/Report.module.css";
import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { flagsQuery, useSettleFlag } from "./comparisonRequests";

/** What people want a manager to look at, until somebody has. */
export function ManagerFlags({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const flags = useQuery(flagsQuery(slug));
  const settle = useSettleFlag(slug);
  const rows = flags.data?.results ?? [];
  const settleAs = (id: number, outcome: "noted" | "withdrawn") =>
    settle.mutate({ id, outcome }, { onError: (error) => toastFailure(errorText(error)) });
  return (
    <section aria-labelledby="comparisons-flags">
      <Title order={2} id="comparisons-flags" className={classes.heading}>
        {t("comparisons.flags")}
      </Title>
      {flags.isSuccess && rows.length === 0 && (
        <Text c="dimmed" size="sm">
          {t("comparisons.none")}
        </Text>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={560}>
          <Table>
            <Table.Tbody>
              {rows.map((flag) => (
                <Table.Tr key={flag.id}>
                  <Table.Td>
                    <span dir="auto">{flag.text}</span>
                    <Text size="xs" c="dimmed">
                      {t("comparisons.flagBy", {
                        person: flag.person,
                        when: format.time(flag.raised_at),
                      })}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    {flag.comparison === null ? (
                      t(`kinds.${flag.kind}`)
                    ) : (
                      <Anchor
                        component={Link}
                        to={`/projects/${slug}/comparisons/${flag.comparison}`}
                      >
                        {t("quality.comparison", { id: flag.comparison })}
                      </Anchor>
                    )}
                  </Table.Td>
                  <Table.Td>
                    <Group gap="xs" justify="flex-end" wrap="nowrap">
                      <Button
                        variant="subtle"
                        color="gray"
                        size="compact-sm"
                        disabled={settle.isPending}
                        onClick={() => settleAs(flag.id, "withdrawn")}
                      >
                        {t("comparisons.flagWithdraw")}
                      </Button>
                      <Button
                        variant="default"
                        size="compact-sm"
                        disabled={settle.isPending}
                        onClick={() => settleAs(flag.id, "noted")}
                      >
                        {t("comparisons.flagNote")}
                      </Button>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  );
}
