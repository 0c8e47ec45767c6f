import { useFormat } from "@/hooks/useFormat";

import classes from "./Report.module.css";

/** The server stops counting here. */
const BOUND = 1_000;

interface Figure {
  label: string;
  /** A count as the server bounds it, or a figure in words. */
  value: number | string;
  /** Marked where it is not zero. */
  bad?: boolean;
}

interface Props {
  title: string;
  main: Figure;
  others: readonly Figure[];
}

/** One subject in numbers: the one that counts large, the others below. */
export function Tile({ title, main, others }: Props) {
  const format = useFormat();
  const shown = (value: number | string) =>
    typeof value === "number" ? format.bounded(value, BOUND) : value;
  return (
    <section className={classes.tile} aria-label={title}>
      <h2 className={classes.tileTitle}>{title}</h2>
      <p className={classes.main}>
        {shown(main.value)} <span className={classes.mainLabel}>{main.label}</span>
      </p>
      <dl className={classes.others}>
        {others.map(({ label, value, bad }) => (
          <div key={label} data-bad={bad && value !== 0}>
            <dt>{label}</dt>
            <dd>{shown(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
