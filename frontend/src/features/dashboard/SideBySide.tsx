import { Table, Text } from "@mantine/core";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";

import type { ComparisonDetail } from "@/api/types";
import { Markdown } from "@/components/markdown/Markdown";
import classes from "@/components/report/Report.module.css";
import { useFormat } from "@/hooks/useFormat";

import { letterOf, orderLine } from "./orderLine";
import quality from "./Quality.module.css";

type Ranking = ComparisonDetail["rankings"][number];

/** Every ranking of a comparison: a row a person, a column a candidate. */
export function SideBySide({ comparison }: { comparison: ComparisonDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const labels = new Map(comparison.asked_flags.map(({ key, label }) => [key, label]));
  if (comparison.rankings.length === 0) {
    return <Text c="dimmed">{t("quality.noRankings")}</Text>;
  }
  return (
    <Table.ScrollContainer minWidth={320 + 96 * comparison.candidates.length}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("quality.person")}</Table.Th>
            <Table.Th>{t("quality.order")}</Table.Th>
            {comparison.candidates.map(({ index }) => (
              <Table.Th key={index}>{letterOf(index)}</Table.Th>
            ))}
            <Table.Th className={classes.number}>{t("quality.time")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {comparison.rankings.map((ranking) => (
            <Fragment key={ranking.id}>
              <Table.Tr className={quality.judged}>
                <Table.Th scope="row" fw="normal">
                  {ranking.rater}
                  <Text c="dimmed" size="xs">
                    {t(`quality.reasons.${ranking.reason}`)},{" "}
                    {t(`quality.purposes.${ranking.purpose}`)}
                  </Text>
                </Table.Th>
                <Table.Td>
                  <Order ranking={ranking} />
                </Table.Td>
                {comparison.candidates.map(({ index }, column) => (
                  <Table.Td key={index}>
                    <Judgement ranking={ranking} column={column} labels={labels} />
                  </Table.Td>
                ))}
                <Table.Td className={classes.number}>{format.age(ranking.active_seconds)}</Table.Td>
              </Table.Tr>
              {(ranking.comment || ranking.rewrite) && (
                <Table.Tr className={quality.remark}>
                  <Table.Td colSpan={comparison.candidates.length + 3}>
                    {ranking.comment && (
                      <Text size="sm" dir="auto">
                        {ranking.comment}
                      </Text>
                    )}
                    {ranking.rewrite && (
                      <details>
                        <summary>{t("quality.rewrite")}</summary>
                        <Markdown text={ranking.rewrite} />
                      </details>
                    )}
                  </Table.Td>
                </Table.Tr>
              )}
            </Fragment>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** The order in one line, and below it where the line of what is fit to send lies. */
function Order({ ranking }: { ranking: Ranking }) {
  const { t } = useTranslation();
  if (ranking.cannot_judge) return <strong>{t("quality.cannotJudge")}</strong>;
  const { acceptable_tier: line, strength, tiers } = ranking;
  const fit = tiers.flatMap((tier, index) =>
    line !== null && tier <= line ? [letterOf(index)] : [],
  );
  return (
    <>
      <strong>{orderLine(tiers)}</strong>
      {line !== null && (
        <Text c="dimmed" size="xs">
          {fit.length > 0 ? t("quality.fit", { letters: fit.join(", ") }) : t("quality.noneFit")}
        </Text>
      )}
      {strength !== null && (
        <Text c="dimmed" size="xs">
          {t("quality.howMuch", { strength })}
        </Text>
      )}
    </>
  );
}

interface JudgementProps {
  ranking: Ranking;
  column: number;
  /** What flags are called; one that is asked no more goes by its key. */
  labels: ReadonlyMap<string, string>;
}

/** What one person said of one candidate: its tier, rating and flags. */
function Judgement({ ranking, column, labels }: JudgementProps) {
  const { t } = useTranslation();
  const tier = ranking.tiers[column];
  const rating = ranking.ratings[column];
  const flags = ranking.flags[column] ?? [];
  if (tier === undefined) return null;
  return (
    <>
      {tier}
      {rating != null && (
        <Text c="dimmed" size="xs">
          {t("quality.rated", { rating })}
        </Text>
      )}
      {flags.map((flag) => (
        <Text key={flag} size="xs" c="red">
          {labels.get(flag) ?? flag}
        </Text>
      ))}
    </>
  );
}
