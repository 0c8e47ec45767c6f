import { Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import report from "@/components/report/Report.module.css";

import { useFormat } from "@/hooks/useFormat";

import classes from "./Sampling.module.css";

interface Props {
  /** The oldest minute first. */
  byMinute: readonly number[];
}

/** The last hour as bars, one a minute; said in words for those who do not see them. */
export function TokenBars({ byMinute }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const most = Math.max(...byMinute);
  const total = byMinute.reduce((sum, tokens) => sum + tokens, 0);
  const summary = t("samplingPage.hour", {
    total: format.number(total),
    most: format.number(most),
  });
  return (
    <section aria-labelledby="sampling-hour">
      <Title order={2} id="sampling-hour" className={report.heading}>
        {t("samplingPage.lastHour")}
      </Title>
      {total === 0 ? (
        <Text size="sm" c="dimmed">
          {t("samplingPage.quietHour")}
        </Text>
      ) : (
        <figure className={classes.chart}>
          <svg
            viewBox={`0 0 ${byMinute.length * 10} 100`}
            preserveAspectRatio="none"
            role="img"
            aria-label={summary}
            className={classes.bars}
          >
            {byMinute.map((tokens, minute) => {
              const height = (100 * tokens) / most;
              return (
                <rect key={minute} x={minute * 10 + 1} y={100 - height} width={8} height={height}>
                  <title>
                    {t("samplingPage.minute", {
                      tokens: format.number(tokens),
                      ago: byMinute.length - minute,
                    })}
                  </title>
                </rect>
              );
            })}
          </svg>
          <figcaption className={classes.caption}>{summary}</figcaption>
        </figure>
      )}
    </section>
  );
}
