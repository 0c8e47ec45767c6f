import { useMemo } from "react";
import { useTranslation } from "react-i18next";

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;

/** Numbers and times as a person reads them. */
export function useFormat() {
  const { t } = useTranslation();
  return useMemo(() => {
    const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
    const numbers = new Intl.NumberFormat();
    return {
      time: (iso: string) => times.format(new Date(iso)),
      number: (value: number) => numbers.format(value),
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
          unitDisplay: "short",
          maximumFractionDigits: step === 0 ? 0 : 1,
        }).format(value / 1_000 ** step);
      },
    };
  }, [t]);
}
