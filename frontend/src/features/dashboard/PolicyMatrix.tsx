import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Estimate, Figures } from "@/api/types";

import { EstimateText } from "./FigureTables";
import classes from "@/components/report/Report.module.css";

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
  const strengths = new Map(policies.strengths.map(({ policy, mean }) => [policy, mean]));
  const names = [
    ...new Set(policies.rates.flatMap(({ policy_a, policy_b }) => [policy_a, policy_b])),
  ].sort((a, b) => (strengths.get(b) ?? 0) - (strengths.get(a) ?? 0));
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
              <Table.Td className={classes.number}>{strengths.get(row)?.toFixed(2) ?? ""}</Table.Td>
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

const key = (row: string, column: string) => JSON.stringify([row, column]);

const turned = ({ value, low, high, ...rest }: Estimate): Estimate => ({
  ...rest,
  value: 1 - value,
  low: 1 - high,
  high: 1 - low,
});
