import { useTranslation } from "react-i18next";

import type { Estimate } from "@/api/types";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Quality.module.css";

interface Props {
  label: string;
  estimate: Estimate;
  /** The ends of the scale. */
  from?: number;
  to?: number;
  /** A value to compare with: chance, or what others reported; without a label it is drawn only. */
  marks?: readonly { label: string; value: number }[];
  /** Coefficients, tau and alpha, are no shares of anything. */
  coefficient?: boolean;
}

/** A figure as a number and as a dot with its 95 % interval on a scale. */
export function IntervalBar({
  label,
  estimate,
  from = 0,
  to = 1,
  marks = [],
  coefficient = false,
}: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const read = coefficient ? format.coefficient : format.preciseShare;
  const at = (value: number) =>
    `${(100 * (Math.min(Math.max(value, from), to) - from)) / (to - from)}%`;
  return (
    <div className={classes.interval}>
      <div className={classes.intervalHead}>
        <span>{label}</span>
        <strong>{read(estimate.value)}</strong>
      </div>
      <div className={classes.scale} aria-hidden="true">
        {marks.map((mark) => (
          <i
            key={mark.label}
            className={classes.mark}
            style={{ insetInlineStart: at(mark.value) }}
          />
        ))}
        <b
          className={classes.range}
          style={{
            insetInlineStart: at(estimate.low),
            inlineSize: `calc(${at(estimate.high)} - ${at(estimate.low)})`,
          }}
        />
        <em className={classes.dot} style={{ insetInlineStart: at(estimate.value) }} />
      </div>
      <p className={classes.intervalFoot}>
        {t("quality.interval", {
          low: read(estimate.low),
          high: read(estimate.high),
          n: format.number(estimate.n),
        })}
        {marks
          .filter(({ label }) => label)
          .map((mark) => (
            <span key={mark.label}>
              {" · "}
              {mark.label} {read(mark.value)}
            </span>
          ))}
      </p>
    </div>
  );
}
