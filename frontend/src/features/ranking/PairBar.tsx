import { SegmentedControl, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Keycaps } from "@/components/actions";

import { acceptableTiers, LINE, tiersOf, type Order } from "./order";
import { isChosen, type Grade } from "./pair";
import classes from "./PairBar.module.css";

interface Props {
  grades: readonly Grade[];
  labels: readonly string[];
  order: Order;
  strength: number | null;
  onGrade: (grade: Grade) => void;
  reorder: (change: (order: Order) => Order) => void;
}

const FITS = ["unsaid", "better", "both", "neither"] as const;

/** Of two: which is better and by how much, in one move. */
export function PairBar({ grades, labels, order, strength, onGrade, reorder }: Props) {
  const { t } = useTranslation();
  const [first, second] = labels;
  const tiers = tiersOf(order);
  const acceptable = acceptableTiers(order);
  // Only what can be told apart: of equals both or neither are fit to send.
  const fit = FITS.filter((value) => value !== "better" || tiers.length === 2);
  const chosenFit =
    acceptable === null
      ? "unsaid"
      : acceptable === 0
        ? "neither"
        : acceptable < tiers.length
          ? "better"
          : "both";
  const drawLine = (value: string) =>
    reorder((now): Order => {
      const rows = tiersOf(now);
      const above = { better: 1, both: rows.length, neither: 0 }[value];
      return above === undefined ? rows : (rows as Order).toSpliced(above, 0, LINE);
    });
  return (
    <section className={classes.bar} aria-label={t("ranking.pair.title")}>
      <div className={classes.scale} role="radiogroup" aria-label={t("ranking.pair.title")}>
        <span className={classes.end} aria-hidden="true">
          {first}
        </span>
        {grades.map((grade, index) => {
          const chosen = isChosen(grade, order, strength);
          const words = t(`ranking.pair.grades.g${grade.strength}`);
          return (
            <UnstyledButton
              key={index}
              role="radio"
              aria-checked={chosen}
              aria-label={
                grade.better === null
                  ? t("ranking.pair.equal")
                  : t("ranking.pair.better", { label: grade.better, how: words })
              }
              className={classes.grade}
              data-chosen={chosen}
              onClick={() => onGrade(grade)}
            >
              <span>{grade.better === null ? t("ranking.pair.equal") : words}</span>
              <Keycaps shortcut={String(index + 1)} />
            </UnstyledButton>
          );
        })}
        <span className={classes.end} aria-hidden="true">
          {second}
        </span>
      </div>
      {tiers.length > 0 && (
        <div className={classes.fit}>
          <span id="ranking-fit">{t("ranking.pair.fit")}</span>
          <SegmentedControl
            size="xs"
            aria-labelledby="ranking-fit"
            value={chosenFit}
            onChange={drawLine}
            data={fit.map((value) => ({ value, label: t(`ranking.pair.fits.${value}`) }))}
          />
        </div>
      )}
    </section>
  );
}
