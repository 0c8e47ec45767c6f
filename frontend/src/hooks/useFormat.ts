import { useMemo } from "react";
import { useTranslation } from "react-i18next";

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;

/** Numbers and times as a person reads them. */
export function useFormat() {
  const { t } = useTranslation();
  return useMemo(() => {
    const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
    const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
    const numbers = new Intl.NumberFormat();
    const secondsFormat = new Intl.NumberFormat(undefined, {
      style: "unit",
      unit: "second",
      unitDisplay: "narrow",
      maximumFractionDigits: 2,
    });
    return {
      /** A calendar day as the server names it: 2026-11-22. */
      day: (iso: string) => days.format(new Date(iso)),
      time: (iso: string) => times.format(new Date(iso)),
      /** A share of one, in per cent. */
      share: (value: number) =>
        new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 }).format(
          value,
        ),
      /** A share of one, in per cent, to a tenth. */
      preciseShare: (value: number) =>
        new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 }).format(
          value,
        ),
      /** A coefficient: 0.36. */
      coefficient: (value: number) =>
        new Intl.NumberFormat(undefined, {
          minimumFractionDigits: 2,
          maximumFractionDigits: 2,
        }).format(value),
      /** A short time: 0.42 s. */
      seconds: (value: number) => secondsFormat.format(value),
      /** How old something is: 4 s, 12 min, 3 h 5 min. */
      age: (seconds: number) => {
        if (seconds < MINUTE_SECONDS) return secondsFormat.format(Math.floor(seconds));
        const minutes = Math.floor((seconds % HOUR_SECONDS) / MINUTE_SECONDS);
        if (seconds < HOUR_SECONDS) return t("format.minutes", { minutes });
        return t("format.hours", { hours: Math.floor(seconds / HOUR_SECONDS), minutes });
      },
      number: (value: number) => numbers.format(value),
      /** A mean: 12.4. */
      rounded: (value: number) =>
        new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(value),
      /** A count that the server stops at `bound`. */
      bounded: (value: number, bound: number) =>
        value >= bound ? `${numbers.format(bound - 1)}+` : numbers.format(value),
      duration: (seconds: number) => {
        if (seconds >= 1 && seconds < MINUTE_SECONDS) return t("format.underAMinute");
        const minutes = Math.floor((seconds % HOUR_SECONDS) / MINUTE_SECONDS);
        if (seconds < HOUR_SECONDS) return t("format.minutes", { minutes });
        return t("format.hours", { hours: Math.floor(seconds / HOUR_SECONDS), minutes });
      },
      bytes: (value: number) => {
        const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
        const step = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1);
        return new Intl.NumberFormat(undefined, {
          style: "unit",
          unit: units[step],
          // Short, it is “404 byte”.
          unitDisplay: step === 0 ? "long" : "short",
          maximumFractionDigits: step === 0 ? 0 : 1,
        }).format(value / 1_000 ** step);
      },
    };
  }, [t]);
}
