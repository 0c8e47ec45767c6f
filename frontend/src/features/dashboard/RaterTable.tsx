import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { RaterFigures } from "@/api/types";
import { useFormat } from "@/hooks/useFormat";

import { EstimateText } from "./FigureTables";
import classes from "@/components/report/Report.module.css";

/** Below this corrected p-value a bias is called one. */
const LEVEL = 0.05;
const FIRST_LETTER = "A".charCodeAt(0);

/** Everybody who ranked, and what their rankings show. */
export function RaterTable({ raters }: { raters: readonly RaterFigures[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const tooFew = t("quality.tooFew");
  if (raters.length === 0) return <Text c="dimmed">{t("quality.nobody")}</Text>;
  return (
    <Table.ScrollContainer minWidth={900}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("quality.person")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.rankings")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.withOthers")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.shrunk")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.gold")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.retest")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.ties")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.seconds")}</Table.Th>
            <Table.Th>{t("quality.position")}</Table.Th>
            <Table.Th>{t("quality.length")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {raters.map((rater, index) => (
            // Two people may share a name; the list comes in one piece each time.
            <Table.Tr key={index}>
              <Table.Td>{rater.name}</Table.Td>
              <Table.Td className={classes.number}>{format.number(rater.n_rankings)}</Table.Td>
              <Table.Td className={classes.number}>
                <EstimateText estimate={rater.agreed} none={tooFew} />
              </Table.Td>
              <Table.Td className={classes.number}>
                {rater.shrunk === null ? "" : format.share(rater.shrunk)}
              </Table.Td>
              <Table.Td className={classes.number}>
                <EstimateText estimate={rater.gold.share} none={format.number(rater.gold.n)} />
              </Table.Td>
              <Table.Td className={classes.number}>
                <EstimateText estimate={rater.retest.share} none={format.number(rater.retest.n)} />
              </Table.Td>
              <Table.Td className={classes.number}>
                {rater.tie_rate === null ? "" : format.share(rater.tie_rate.value)}
              </Table.Td>
              <Table.Td className={classes.number}>
                {rater.seconds === null ? "" : format.age(rater.seconds)}
              </Table.Td>
              <Table.Td>
                <BiasVerdict p={rater.position_p}>
                  {t("quality.favours", { letter: favouredLetter(rater) })}
                </BiasVerdict>
              </Table.Td>
              <Table.Td>
                <BiasVerdict p={rater.length_p}>
                  {(rater.length_slope?.value ?? 0) > 0
                    ? t("quality.favoursLong")
                    : t("quality.favoursShort")}
                </BiasVerdict>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Where on the page this person puts the most into the top tier. */
export function favouredLetter({ slots }: RaterFigures): string {
  const most = [...(slots ?? [])].sort((a, b) => b.excess.value - a.excess.value)[0];
  return String.fromCharCode(FIRST_LETTER + (most?.slot ?? 0));
}

/** What a test says: nothing yet, no sign of a bias, or the bias. */
export function BiasVerdict({ p, children }: { p: number | null; children: string }) {
  const { t } = useTranslation();
  if (p === null || p >= LEVEL) {
    return (
      <Text span size="sm" c="dimmed">
        {p === null ? t("quality.tooFew") : t("quality.fine")}
      </Text>
    );
  }
  return (
    <Text span size="sm" c="red" fw={600}>
      {children}
    </Text>
  );
}
