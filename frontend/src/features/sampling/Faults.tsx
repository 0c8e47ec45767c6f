import { Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { SamplingFigures } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { useFormat } from "@/hooks/useFormat";

interface Props {
  rows: SamplingFigures["faults"];
}

/** Why requests of this project failed in the last day, tries that were repeated included. */
export function Faults({ rows }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <section aria-labelledby="sampling-faults">
      <Title order={2} id="sampling-faults" className={report.heading}>
        {t("samplingPage.faults")}
      </Title>
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("samplingPage.noFaults")}
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={560}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("samplingPage.reason")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.times")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.final")}</Table.Th>
                <Table.Th>{t("samplingPage.lastTime")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={row.code}>
                  <Table.Td>
                    <code>{row.code}</code>
                    <Text size="sm" c="dimmed" lineClamp={2}>
                      {row.detail}
                    </Text>
                  </Table.Td>
                  <Table.Td className={report.number}>{format.number(row.n)}</Table.Td>
                  <Table.Td className={report.number} data-bad={row.n_final > 0}>
                    {format.number(row.n_final)}
                  </Table.Td>
                  <Table.Td>{format.time(row.last_at)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  );
}
