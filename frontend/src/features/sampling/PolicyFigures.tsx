import { Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { SamplingFigures } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { useFormat } from "@/hooks/useFormat";

interface Props {
  rows: SamplingFigures["policies"];
}

/** What each policy did in the last hour. */
export function PolicyFigures({ rows }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const share = (value: number | null) =>
    value === null ? t("samplingPage.none") : format.share(value);
  return (
    <section aria-labelledby="sampling-policies">
      <Title order={2} id="sampling-policies" className={report.heading}>
        {t("samplingPage.byPolicy")}
      </Title>
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("samplingPage.noPolicyYet")}
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={720}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("samplingPage.policy")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.requests")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.failed")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.tokens")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.meanLength")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.cut")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.cached")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.firstToken")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={row.policy.id}>
                  <Table.Td>{row.policy.name}</Table.Td>
                  <Table.Td className={report.number}>{format.number(row.n_done)}</Table.Td>
                  <Table.Td className={report.number} data-bad={row.n_failed > 0}>
                    {format.number(row.n_failed)}
                  </Table.Td>
                  <Table.Td className={report.number}>{format.number(row.n_tokens)}</Table.Td>
                  <Table.Td className={report.number}>
                    {row.mean_tokens === null
                      ? t("samplingPage.none")
                      : format.number(Math.round(row.mean_tokens))}
                  </Table.Td>
                  <Table.Td className={report.number}>{share(row.cut_share)}</Table.Td>
                  <Table.Td className={report.number}>{share(row.cached_share)}</Table.Td>
                  <Table.Td className={report.number}>
                    {row.first_token.p50_seconds === null
                      ? t("samplingPage.none")
                      : t("samplingPage.twoSeconds", {
                          p50: format.seconds(row.first_token.p50_seconds),
                          p95: format.seconds(row.first_token.p95_seconds ?? 0),
                        })}
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
