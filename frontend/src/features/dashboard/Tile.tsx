import { useFormat } from "@/hooks/useFormat";

import classes from "./Progress.module.css";

/** The server stops counting here. */
const BOUND = 1_000;

interface Figure {
  label: string;
  value: number;
  /** Marked where it is not zero. */
  bad?: boolean;
}

interface Props {
  title: string;
  main: Figure;
  others: readonly Figure[];
}

/** One kind of work in numbers: the one that counts large, the others below. */
export function Tile({ title, main, others }: Props) {
  const format = useFormat();
  return (
    <section className={classes.tile} aria-label={title}>
      <h2 className={classes.tileTitle}>{title}</h2>
      <p className={classes.main}>
        {format.bounded(main.value, BOUND)} <span className={classes.mainLabel}>{main.label}</span>
      </p>
      <dl className={classes.others}>
        {others.map(({ label, value, bad }) => (
          <div key={label} data-bad={bad && value > 0}>
            <dt>{label}</dt>
            <dd>{format.bounded(value, BOUND)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
