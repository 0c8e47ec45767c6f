import { useTranslation } from "react-i18next";

import type { SamplingFigures, SamplingLine } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { Tile } from "@/components/report/Tile";
import { useFormat } from "@/hooks/useFormat";

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
    <div className={report.tiles}>
      {figures.lines.map((line) => (
        <LineTile key={line.priority} line={line} />
      ))}
      <Tile
        title={t("samplingPage.pace")}
        main={{
          label: t("samplingPage.tokensPerSecond"),
          value: format.number(Math.round(pace)),
        }}
        others={[{ label: t("samplingPage.reading"), value: format.number(Math.round(reading)) }]}
      />
      <Tile
        title={t("samplingPage.firstToken")}
        main={{
          label: usual === null ? "" : t("samplingPage.median"),
          value: usual === null ? t("samplingPage.none") : format.seconds(usual),
        }}
        others={[
          {
            label: t("samplingPage.p95"),
            value: slow === null ? t("samplingPage.none") : format.seconds(slow),
          },
          { label: t("samplingPage.asked"), value: format.number(n) },
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
      main={{ label: t("samplingPage.waiting"), value: line.n_waiting }}
      others={[
        {
          label: t("samplingPage.oldest"),
          value:
            line.oldest_seconds === null ? t("samplingPage.none") : format.age(line.oldest_seconds),
        },
        { label: t("samplingPage.running"), value: format.number(line.n_running) },
      ]}
    />
  );
}
