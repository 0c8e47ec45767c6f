import { Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Making } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Quality.module.css";

/** The last day as bars, one an hour; said in words for those who do not see them. */
export function HourBars({ hours }: { hours: Making["hours"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const most = Math.max(1, ...hours.map(({ n_ready }) => n_ready));
  const total = hours.reduce((sum, { n_ready }) => sum + n_ready, 0);
  const summary = t("comparisons.hoursSummary", {
    total: format.number(total),
    most: format.number(most),
  });
  return (
    <section aria-labelledby="comparisons-hours">
      <Title order={2} id="comparisons-hours" className={report.heading}>
        {t("comparisons.hours")}
      </Title>
      {total === 0 ? (
        <Text size="sm" c="dimmed">
          {t("comparisons.quietDay")}
        </Text>
      ) : (
        <figure className={classes.hours}>
          <svg
            viewBox={`0 0 ${hours.length * 10} 100`}
            preserveAspectRatio="none"
            role="img"
            aria-label={summary}
          >
            {hours.map(({ hour, n_ready }, place) => {
              const height = (100 * n_ready) / most;
              return (
                <rect key={hour} x={place * 10 + 1} y={100 - height} width={8} height={height}>
                  <title>
                    {t("comparisons.hour", {
                      n: format.number(n_ready),
                      when: format.time(hour),
                    })}
                  </title>
                </rect>
              );
            })}
          </svg>
          <figcaption>{summary}</figcaption>
        </figure>
      )}
    </section>
  );
}
