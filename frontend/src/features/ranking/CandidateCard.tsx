import { useDraggable } from "@dnd-kit/core";
import { Checkbox, Popover, Stack, UnstyledButton } from "@mantine/core";
import { Flag, GripVertical } from "lucide-react";
import { useEffect, useRef, type Ref, type RefObject } from "react";
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
  showLength: boolean;
  /** What is being made: ratings alone, the better of two, or an order of tiers to drag to. */
  stage: "rating" | "pair" | "tiers";
  syncScroll: (text: RefObject<HTMLElement | null>) => (() => void) | undefined;
  ref: Ref<HTMLDivElement>;
  onFocus: () => void;
  onOpened: () => void;
  onTime: (milliseconds: number) => void;
  onRate: (rating: number) => void;
  onFlags: (flags: string[]) => void;
  onFlagsOpen: (open: boolean) => void;
}

const wordsIn = (text: string): number => text.split(/\s+/).filter(Boolean).length;

/** One candidate: its letter, its text, and what the rater says about it. */
export function CandidateCard({ ref, ...props }: Props) {
  const { candidate, rating, tier, flags, stage, syncScroll } = props;
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  useOpened({ card: frame, end, onOpened: props.onOpened, onTime: props.onTime });
  useEffect(() => syncScroll(frame), [syncScroll]);
  const { setNodeRef, listeners } = useDraggable({
    id: `card:${candidate.label}`,
    data: { label: candidate.label },
    disabled: stage !== "tiers",
  });
  const place = {
    rating:
      props.score === undefined
        ? t("ranking.unratedYet")
        : t("ranking.rated", { score: props.score }),
    pair: null,
    tiers: tier === null ? t("ranking.unranked") : t("ranking.inTier", { n: tier }),
  }[stage];

  // The card is the unit that the arrow keys move between and the digits place.
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={ref}
      role="group"
      className={classes.card}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      aria-label={
        place === null
          ? t("ranking.candidate", { label: candidate.label })
          : t("ranking.candidateIs", { label: candidate.label, place })
      }
      onFocus={props.onFocus}
      onPointerDown={props.onFocus}
    >
      <div
        className={classes.cardHead}
        ref={setNodeRef}
        data-fixed={stage !== "tiers"}
        {...listeners}
      >
        {stage === "tiers" && (
          <GripVertical size={15} aria-hidden="true" className={classes.grip} />
        )}
        <strong className={classes.letter}>{candidate.label}</strong>
        <span
          className={classes.place}
          data-ranked={stage === "tiers" ? tier !== null : props.score !== undefined}
        >
          {place}
        </span>
        {props.showLength && (
          <span className={classes.place}>
            {t("ranking.length", { count: wordsIn(candidate.content) })}
          </span>
        )}
        {!props.opened && <span className={classes.unread}>{t("ranking.readToEnd")}</span>}
      </div>
      <div
        ref={frame}
        className={classes.cardText}
        // What scrolls can be scrolled by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        data-testid="candidate-text"
      >
        <Markdown text={candidate.content} />
        <div ref={end} className={classes.end} />
      </div>
      {rating !== null && (
        <div className={classes.cardFoot}>
          <RatingRow
            label={candidate.label}
            rating={rating}
            score={props.score}
            onRate={props.onRate}
          />
          {rating.flags.length > 0 && (
            <Popover
              opened={props.flagsOpen}
              onChange={props.onFlagsOpen}
              trapFocus
              shadow="md"
              middlewares={{ size: { padding: 8 } }}
            >
              <Popover.Target>
                <UnstyledButton
                  className={classes.flagButton}
                  data-set={flags.length > 0}
                  aria-label={t("ranking.flagsOf", { label: candidate.label })}
                  onClick={() => props.onFlagsOpen(!props.flagsOpen)}
                >
                  <Flag size={15} aria-hidden="true" />
                  {flags.length > 0 ? flags.length : t("ranking.flags")}
                </UnstyledButton>
              </Popover.Target>
              <Popover.Dropdown className={classes.flagList}>
                <Checkbox.Group
                  value={[...flags]}
                  onChange={props.onFlags}
                  aria-label={t("ranking.flagsOf", { label: candidate.label })}
                >
                  <Stack gap="xs" maw="30rem">
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
        </div>
      )}
    </div>
  );
}
