import { useTranslation } from "react-i18next";

import { contradictions } from "./contradictions";
import type { RankingDraft } from "./draft";
import classes from "./Ranking.module.css";

/** Points out, and does not forbid, an order that the ratings do not bear out. */
export function Contradictions({ draft }: { draft: RankingDraft }) {
  const { t } = useTranslation();
  const found = contradictions(draft.order, draft.ratings);
  return (
    <div role="status" className={classes.contradictions}>
      {found.length > 0 && (
        <ul>
          {found.map(({ above, below }) => (
            <li key={above + below}>
              {t("ranking.contradiction", {
                above,
                below,
                aboveRating: draft.ratings[above],
                belowRating: draft.ratings[below],
              })}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
