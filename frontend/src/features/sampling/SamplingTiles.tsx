import { useTranslation } from "react-i18next";

import type { SamplingFigures, SamplingLine } from "@/api/types";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Sampling.module.css";

/** The server stops counting here. */
const BOUND = 1_000;

interface Props {
  figures: SamplingFigures;
}

/** The four figures that answer "does it keep up". */
export function SamplingTiles({ figures }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const pace = figures.runners.reduce((sum, runner) => sum + runner.sampled_tokens_per_second, 0);
  const reading = figures.runners.reduce((sum, each) => sum + each.prompt_tokens_per_second, 0);
  const { p50_seconds: usual, p95_seconds: slow, n } = figures.first_token;
  return (
    <div className={classes.tiles}>
      {figures.lines.map((line) => (
        <LineTile key={line.priority} line={line} />
      ))}
      <Tile
        title={t("samplingPage.pace")}
        value={format.number(Math.round(pace))}
        unit={t("samplingPage.tokensPerSecond")}
        others={[[t("samplingPage.reading"), format.number(Math.round(reading))]]}
      />
      <Tile
        title={t("samplingPage.firstToken")}
        value={usual === null ? t("samplingPage.none") : format.seconds(usual)}
        unit={usual === null ? "" : t("samplingPage.median")}
        others={[
          [t("samplingPage.p95"), slow === null ? t("samplingPage.none") : format.seconds(slow)],
          [t("samplingPage.asked"), format.number(n)],
        ]}
      />
    </div>
  );
}

function LineTile({ line }: { line: SamplingLine }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Tile
      title={t(`samplingPage.lines.${line.priority}`)}
      value={format.bounded(line.n_waiting, BOUND)}
      unit={t("samplingPage.waiting")}
      others={[
        [
          t("samplingPage.oldest"),
          line.oldest_seconds === null ? t("samplingPage.none") : format.age(line.oldest_seconds),
        ],
        [t("samplingPage.running"), format.number(line.n_running)],
      ]}
    />
  );
}

interface TileProps {
  title: string;
  value: string;
  unit: string;
  others: readonly (readonly [label: string, value: string])[];
}

function Tile({ title, value, unit, others }: TileProps) {
  return (
    <section className={classes.tile} aria-label={title}>
      <h2 className={classes.tileTitle}>{title}</h2>
      <p className={classes.main}>
        {value} <span className={classes.unit}>{unit}</span>
      </p>
      <dl className={classes.others}>
        {others.map(([label, figure]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{figure}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
