import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Estimate, Figures } from "@/api/types";

import { useFormat } from "@/hooks/useFormat";

import { EstimateText } from "./FigureTables";
import classes from "@/components/report/Report.module.css";
import report from "./Quality.module.css";

/** A normal distribution holds 95 % within so many deviations. */
const NINETY_FIVE = 1.96;

interface Met {
  rate: Estimate | null;
  n: number;
}

/** Who is put above whom, both ways round. */
export function PolicyMatrix({ policies }: { policies: Figures["policies"] }) {
  const { t } = useTranslation();
  const met = new Map<string, Met>();
  for (const { policy_a, policy_b, rate, n_comparisons } of policies.rates) {
    met.set(key(policy_a, policy_b), { rate, n: n_comparisons });
    met.set(key(policy_b, policy_a), { rate: rate && turned(rate), n: n_comparisons });
  }
  const strengths = new Map(policies.strengths.map((strength) => [strength.policy, strength]));
  const meanOf = (name: string) => strengths.get(name)?.mean ?? 0;
  const names = [
    ...new Set(policies.rates.flatMap(({ policy_a, policy_b }) => [policy_a, policy_b])),
  ].sort((a, b) => meanOf(b) - meanOf(a));
  if (names.length === 0) return <Text c="dimmed">{t("quality.noPolicies")}</Text>;
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("quality.policy")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.strength")}</Table.Th>
            {names.map((name) => (
              <Table.Th key={name} className={classes.number}>
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {names.map((row) => (
            <Table.Tr key={row}>
              <Table.Th scope="row">{row}</Table.Th>
              <Table.Td className={classes.number}>
                <StrengthText strength={strengths.get(row)} />
              </Table.Td>
              {names.map((column) => {
                const found = met.get(key(row, column));
                return (
                  <Table.Td key={column} className={classes.number}>
                    {found && (
                      <EstimateText
                        estimate={found.rate}
                        none={t("quality.unfair", { n: found.n })}
                      />
                    )}
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** A strength and how far it may be off. */
function StrengthText({ strength }: { strength?: Figures["policies"]["strengths"][number] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (strength === undefined) return null;
  const { mean, deviation } = strength;
  return (
    <>
      {format.coefficient(mean)}{" "}
      <span className={report.within}>
        {t("quality.give", { n: format.coefficient(NINETY_FIVE * deviation) })}
      </span>
    </>
  );
}

const key = (row: string, column: string) => JSON.stringify([row, column]);

const turned = ({ value, low, high, ...rest }: Estimate): Estimate => ({
  ...rest,
  value: 1 - value,
  low: 1 - high,
  high: 1 - low,
});
