import { useDraggable } from "@dnd-kit/core";
import { Checkbox, Popover, Stack, Tooltip, UnstyledButton } from "@mantine/core";
import { Flag, GripVertical } from "lucide-react";
import { useRef, type Ref } from "react";
import { useTranslation } from "react-i18next";

import type { Comparison } from "@/api/types";
import { Markdown } from "@/components/markdown/Markdown";

import classes from "./Ranking.module.css";
import { RatingRow } from "./RatingRow";
import { useOpened } from "./useOpened";

interface Props {
  candidate: Comparison["candidates"][number];
  rating: Comparison["rating"];
  tier: number | null;
  score: number | undefined;
  flags: readonly string[];
  flagsOpen: boolean;
  opened: boolean;
  ref: Ref<HTMLDivElement>;
  onFocus: () => void;
  onOpened: () => void;
  onTime: (milliseconds: number) => void;
  onRate: (rating: number) => void;
  onFlags: (flags: string[]) => void;
  onFlagsOpen: (open: boolean) => void;
}

/** One candidate: its letter, its text, and what the rater says about it. */
export function CandidateCard({ ref, ...props }: Props) {
  const { candidate, rating, tier, flags } = props;
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  useOpened({ card: frame, end, onOpened: props.onOpened, onTime: props.onTime });
  const { setNodeRef, listeners } = useDraggable({
    id: `card:${candidate.label}`,
    data: { label: candidate.label },
  });
  const place = tier === null ? t("ranking.unranked") : t("ranking.inTier", { n: tier });

  // The card is the unit that the arrow keys move between and the digits place.
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={ref}
      role="group"
      className={classes.card}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      aria-label={t("ranking.candidateIs", { label: candidate.label, place })}
      onFocus={props.onFocus}
      onPointerDown={props.onFocus}
    >
      <header className={classes.cardHead} ref={setNodeRef} {...listeners}>
        <GripVertical size={15} aria-hidden="true" className={classes.grip} />
        <strong className={classes.letter}>{candidate.label}</strong>
        <span className={classes.place} data-ranked={tier !== null}>
          {place}
        </span>
        {!props.opened && <span className={classes.unread}>{t("ranking.readToEnd")}</span>}
      </header>
      <div className={classes.cardText} ref={frame} tabIndex={-1}>
        <Markdown text={candidate.content} />
        <div ref={end} className={classes.end} />
      </div>
      {rating !== null && (
        <footer className={classes.cardFoot}>
          <RatingRow
            label={candidate.label}
            rating={rating}
            score={props.score}
            onRate={props.onRate}
          />
          {rating.flags.length > 0 && (
            <Popover opened={props.flagsOpen} onChange={props.onFlagsOpen} trapFocus shadow="md">
              <Popover.Target>
                <Tooltip label={t("ranking.flags")}>
                  <UnstyledButton
                    className={classes.flagButton}
                    data-set={flags.length > 0}
                    aria-label={t("ranking.flagsOf", { label: candidate.label })}
                    aria-expanded={props.flagsOpen}
                    onClick={() => props.onFlagsOpen(!props.flagsOpen)}
                  >
                    <Flag size={15} aria-hidden="true" />
                    {flags.length > 0 && <span>{flags.length}</span>}
                  </UnstyledButton>
                </Tooltip>
              </Popover.Target>
              <Popover.Dropdown>
                <Checkbox.Group
                  value={[...flags]}
                  onChange={props.onFlags}
                  aria-label={t("ranking.flagsOf", { label: candidate.label })}
                >
                  <Stack gap="xs">
                    {rating.flags.map((flag) => (
                      <Checkbox
                        key={flag.key}
                        value={flag.key}
                        label={flag.label}
                        description={flag.help || undefined}
                      />
                    ))}
                  </Stack>
                </Checkbox.Group>
              </Popover.Dropdown>
            </Popover>
          )}
        </footer>
      )}
    </div>
  );
}
