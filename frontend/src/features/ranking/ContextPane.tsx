import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Comparison } from "@/api/types";
import { Turn } from "@/components/thread/Turn";
import { knownRole } from "@/components/thread/turnText";

import classes from "./Ranking.module.css";

interface Props {
  context: Comparison["context"];
}

/** How many of the last turns stay in view; the rest is one click away. */
const PINNED_TURNS = 1;

/** What the candidates answer. */
export function ContextPane({ context }: Props) {
  const { t } = useTranslation();
  const [expanded, setExpanded] = useState(false);
  const earlier = Math.max(0, context.length - PINNED_TURNS);
  const shown = expanded ? context : context.slice(earlier);
  return (
    <section className={classes.context} aria-label={t("ranking.context")}>
      {earlier > 0 && (
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          aria-expanded={expanded}
          onClick={() => setExpanded((open) => !open)}
        >
          {expanded ? t("ranking.hideEarlier") : t("ranking.showEarlier", { count: earlier })}
        </Button>
      )}
      {/* A long context scrolls in its own place, also by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={classes.contextTurns} tabIndex={0}>
        {shown.map((turn, index) => (
          <Turn
            key={expanded ? index : earlier + index}
            role={knownRole(turn.role)}
            content={turn.content}
          />
        ))}
      </div>
    </section>
  );
}
