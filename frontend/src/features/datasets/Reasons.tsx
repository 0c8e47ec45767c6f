import { useTranslation } from "react-i18next";

import { useFormat } from "@/hooks/useFormat";
import { reasons } from "@/locales/en/reasons";

import classes from "./Datasets.module.css";

type Of = keyof typeof reasons;

interface Props {
  /** What the list is, for who does not see where it stands. */
  label: string;
  of: Of;
  counts: Record<string, number>;
}

/** How many stayed out for which reason, most first; nothing where none did. */
export function Reasons({ label, of, counts }: Props) {
  const format = useFormat();
  const wordsOf = useReason();
  const told = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one);
  if (told.length === 0) return null;
  return (
    <ul className={classes.reasons} aria-label={label}>
      {told.map(([code, count]) => (
        <li key={code}>
          <span className={classes.count}>{format.number(count)}</span>{" "}
          <span>{wordsOf(of, code)}</span>
        </li>
      ))}
    </ul>
  );
}

/** The words for a code; those of a newer server than this page are its own. */
export function useReason() {
  const { t } = useTranslation();
  return (of: Of, code: string): string =>
    code in reasons[of]
      ? // The catalogue has this key, which no type can say of a code that came by wire.
        t(`reasons.${of}.${code}` as "reasons.rows.erased")
      : code.replaceAll("_", " ");
}
