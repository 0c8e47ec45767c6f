import { useTranslation } from "react-i18next";

import type { Comparison } from "@/api/types";

import classes from "./Ranking.module.css";

interface Props {
  label: string;
  rating: NonNullable<Comparison["rating"]>;
  score: number | undefined;
  onRate: (rating: number) => void;
}

/** The rating of one candidate on the project's scale. */
export function RatingRow({ label, rating, score, onRate }: Props) {
  const { t } = useTranslation();
  const steps = Array.from(
    { length: rating.scale_max - rating.scale_min + 1 },
    (_, index) => rating.scale_min + index,
  );
  return (
    <fieldset className={classes.rating}>
      <legend className={classes.hidden}>{t("ranking.ratingOf", { label })}</legend>
      {steps.map((step) => (
        <label key={step} className={classes.ratingStep} data-chosen={step === score}>
          <input
            type="radio"
            className={classes.hidden}
            name={`rating-${label}`}
            value={step}
            checked={step === score}
            onChange={() => onRate(step)}
          />
          {step}
        </label>
      ))}
    </fieldset>
  );
}
