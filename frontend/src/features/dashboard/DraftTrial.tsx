import { Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { DraftTrial as Trial } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import report from "@/components/report/Report.module.css";
import { useFormat } from "@/hooks/useFormat";

import { draftTrialQuery } from "./figuresRequests";

type Outcome = Trial["outcomes"][number];

/** Shares of one; the others are plain numbers. */
const SHARES: readonly Outcome["measure"][] = ["approved", "model_share"];

/** What drafts do to the work, arm against arm. */
export function DraftTrial({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const trial = useQuery(draftTrialQuery(slug));
  if (trial.isPending) return null;
  if (trial.isLoadingError) {
    return <ErrorPanel error={trial.error} onRetry={() => void trial.refetch()} />;
  }
  const { no_draft_share: share, outcomes } = trial.data;
  return (
    <section aria-label={t("trial.title")}>
      <Title order={2} className={report.heading}>
        {t("trial.title")}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {t("trial.hint")}{" "}
        {t(share === 0 ? "trial.none" : "trial.share", { share: format.share(share) })}
      </Text>
      <Table.ScrollContainer minWidth={560}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("trial.measure")}</Table.Th>
              <Table.Th>{t("trial.drafts")}</Table.Th>
              <Table.Th>{t("trial.noDrafts")}</Table.Th>
              <Table.Th>{t("trial.difference")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {outcomes.map(({ measure, drafts, no_drafts, difference }) => (
              <Table.Tr key={measure}>
                <Table.Th scope="row">{t(`trial.measures.${measure}`)}</Table.Th>
                <Table.Td>
                  <Value measure={measure} estimate={drafts} />
                </Table.Td>
                <Table.Td>
                  <Value measure={measure} estimate={no_drafts} />
                </Table.Td>
                <Table.Td>
                  <Value measure={measure} estimate={difference} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}

function Value({
  measure,
  estimate: { n, mean, low, high },
}: {
  measure: Outcome["measure"];
  estimate: Outcome["drafts"];
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const read = (value: number) =>
    SHARES.includes(measure) ? format.preciseShare(value) : format.rounded(value);
  return (
    <>
      <div>{mean === null ? t("trial.noValue") : read(mean)}</div>
      <Text size="xs" c="dimmed">
        {low !== null && high !== null && (
          <>{t("trial.interval", { low: read(low), high: read(high) })} · </>
        )}
        {t("trial.n", { n: format.number(n) })}
      </Text>
    </>
  );
}
