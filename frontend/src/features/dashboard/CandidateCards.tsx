import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { ComparisonDetail } from "@/api/types";
import { Markdown } from "@/components/markdown/Markdown";

import classes from "./Comparison.module.css";
import { letterOf } from "./orderLine";

/** What is ranked, with where each came from: for managers alone. */
export function CandidateCards({ candidates }: Pick<ComparisonDetail, "candidates">) {
  const { t } = useTranslation();
  return (
    <div className={classes.candidates}>
      {candidates.map((candidate) => (
        <article key={candidate.id} className={classes.candidate}>
          <h3>{letterOf(candidate.index)}</h3>
          <Text c="dimmed" size="sm">
            {[
              candidate.policy,
              t(`quality.origin.${candidate.origin}`),
              candidate.borda_place && t("quality.place", { place: candidate.borda_place }),
              candidate.cut_by_length && t("quality.cut"),
              candidate.near_identical && t("quality.near"),
              candidate.names_model && t("quality.names"),
            ]
              .filter(Boolean)
              .join(" · ")}
          </Text>
          {/* A text of any length in a place of bounded height, which the keyboard can scroll. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <div className={classes.candidateText} tabIndex={0}>
            <Markdown text={candidate.content} />
          </div>
        </article>
      ))}
    </div>
  );
}
