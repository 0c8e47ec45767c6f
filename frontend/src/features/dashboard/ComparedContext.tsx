import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { ComparisonDetail } from "@/api/types";
import { Turn } from "@/components/thread/Turn";
import { knownRole } from "@/components/thread/turnText";

import classes from "./Comparison.module.css";

/** The turns that the candidates answer: the last one, and the others when asked for. */
export function ComparedContext({ context }: Pick<ComparisonDetail, "context">) {
  const { t } = useTranslation();
  const [expanded, setExpanded] = useState(false);
  const earlier = Math.max(0, context.length - 1);
  return (
    <div className={classes.context}>
      {earlier > 0 && (
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          aria-expanded={expanded}
          onClick={() => setExpanded((open) => !open)}
        >
          {expanded ? t("quality.hideTurns") : t("quality.earlierTurns", { count: earlier })}
        </Button>
      )}
      {/* A long turn scrolls in its own place, also by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={classes.turns} tabIndex={0}>
        {context.map(
          ({ role, content }, index) =>
            (expanded || index === earlier) && (
              <Turn key={index} role={knownRole(role)} content={content} />
            ),
        )}
      </div>
    </div>
  );
}
