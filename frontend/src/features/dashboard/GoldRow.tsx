import { Checkbox, NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { ComparisonDetail } from "@/api/types";

import classes from "./GoldForm.module.css";

interface Props {
  letter: string;
  opening: string;
  nPlaces: number;
  place: number | null;
  onPlace: (place: number | null) => void;
  asked: ComparisonDetail["asked_flags"];
  flags: readonly string[];
  onFlags: (keys: readonly string[]) => void;
}

/** Where one reply stands in the right order, and the flags that it must get. */
export function GoldRow({
  letter,
  opening,
  nPlaces,
  place,
  onPlace,
  asked,
  flags,
  onFlags,
}: Props) {
  const { t } = useTranslation();
  return (
    <li className={classes.row}>
      <strong>{letter}</strong>
      <NativeSelect
        aria-label={t("quality.markPlace", { letter })}
        data={[
          { value: "", label: t("quality.markNoPlace") },
          ...Array.from({ length: nPlaces }, (_, index) => ({
            value: String(index + 1),
            label: String(index + 1),
          })),
        ]}
        value={place === null ? "" : String(place)}
        onChange={({ currentTarget: { value } }) => onPlace(value === "" ? null : Number(value))}
      />
      <span className={classes.opening} dir="auto">
        {opening}
      </span>
      {asked.length > 0 && (
        <details className={classes.flags}>
          <summary aria-label={t("quality.markFlags", { letter })}>
            {flags.length === 0
              ? t("quality.markNoFlags")
              : t("quality.markFlagged", { count: flags.length })}
          </summary>
          <div
            role="group"
            aria-label={t("quality.markFlags", { letter })}
            className={classes.pairGrid}
          >
            {asked.map(({ key, label, help }) => (
              <Checkbox
                key={key}
                label={label}
                title={help}
                checked={flags.includes(key)}
                onChange={({ currentTarget: { checked } }) =>
                  onFlags(checked ? [...flags, key] : flags.filter((other) => other !== key))
                }
              />
            ))}
          </div>
        </details>
      )}
    </li>
  );
}
