import { Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Figures } from "@/api/types";

import { IntervalBar } from "./IntervalBar";
import classes from "./Quality.module.css";

type Policies = Figures["policies"];

/** How sure each win rate is, over all rounds and, where there are several, in each of them. */
export function PolicyRates({ policies }: { policies: Policies }) {
  const { t } = useTranslation();
  const { by_round, rates } = policies;
  return (
    <>
      <Rates rates={rates} />
      {by_round.length > 1 &&
        by_round.map((one) => (
          <section key={one.round} aria-label={t("quality.parts.round", { key: one.round })}>
            <Title order={3} className={classes.part}>
              {t("quality.parts.round", { key: one.round })}
            </Title>
            <Rates rates={one.rates} />
          </section>
        ))}
    </>
  );
}

function Rates({ rates }: { rates: Policies["rates"] }) {
  const { t } = useTranslation();
  if (rates.length === 0) return null;
  return (
    <div className={classes.rates}>
      {rates.map(({ policy_a, policy_b, rate, n_comparisons }) => {
        const label = t("quality.above", { a: policy_a, b: policy_b });
        return rate === null ? (
          <div key={label} className={classes.interval}>
            <span className={classes.intervalHead}>{label}</span>
            <Text className={classes.intervalFoot}>
              {t("quality.unfair", { n: n_comparisons })}
            </Text>
          </div>
        ) : (
          <IntervalBar
            key={label}
            label={label}
            estimate={rate}
            marks={[{ label: t("quality.even"), value: 0.5 }]}
          />
        );
      })}
    </div>
  );
}
