import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Figures } from "@/api/types";
import classes from "@/components/report/Report.module.css";
import { useFormat } from "@/hooks/useFormat";

import { EstimateText } from "./FigureTables";

/** Every two people who ranked the same comparisons, those who met most first. */
export function RaterPairs({ pairs }: { pairs: Figures["rater_pairs"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (pairs.length === 0) return <Text c="dimmed">{t("quality.noPairs")}</Text>;
  const met = [...pairs].sort((a, b) => b.n_comparisons - a.n_comparisons);
  return (
    <Table.ScrollContainer minWidth={520}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("quality.person")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.overlapped")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.sameOrder")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.tauB")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {met.map((pair, index) => (
            // Two people may share a name; the list comes in one piece each time.
            <Table.Tr key={index}>
              <Table.Td>{t("quality.pairOf", { a: pair.rater_a, b: pair.rater_b })}</Table.Td>
              <Table.Td className={classes.number}>{format.number(pair.n_comparisons)}</Table.Td>
              <Table.Td className={classes.number}>
                <EstimateText
                  estimate={pair.same_order}
                  none={t("quality.notEnoughShort", { n: pair.n_comparisons })}
                />
              </Table.Td>
              <Table.Td className={classes.number}>
                <EstimateText estimate={pair.tau_b} none="–" coefficient />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
