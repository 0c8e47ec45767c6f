import { useDraggable, useDroppable } from "@dnd-kit/core";
import { Tooltip, UnstyledButton } from "@mantine/core";
import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import classes from "./OrderBar.module.css";
import { LINE, tiersOf, type Order } from "./order";

interface Props {
  order: Order;
  unranked: readonly string[];
  focused: string;
  onFocus: (label: string) => void;
  onLine: (gap: number) => void;
}

/** The order from best to worst: drop a candidate on a tier to tie it, between two to part them. */
export function OrderBar({ order, unranked, focused, onFocus, onLine }: Props) {
  const { t } = useTranslation();
  const chip = (label: string) => (
    <Chip key={label} label={label} focused={label === focused} onFocus={() => onFocus(label)} />
  );
  return (
    <section className={classes.bar} aria-label={t("ranking.order")}>
      <Tray empty={unranked.length === 0}>{unranked.map(chip)}</Tray>
      <div className={classes.order}>
        <span className={classes.end}>{t("ranking.best")}</span>
        {order.map((row, index) => (
          // The rows have no identity of their own beyond their place.
          <Fragment key={index}>
            <Gap gap={index} onLine={onLine} beside={order[index - 1] === LINE || row === LINE} />
            {row === LINE ? (
              <Line />
            ) : (
              <TierBox number={tiersOf(order.slice(0, index + 1)).length}>{row.map(chip)}</TierBox>
            )}
          </Fragment>
        ))}
        <Gap gap={order.length} onLine={onLine} beside={order.at(-1) === LINE} last />
        <span className={classes.end}>{t("ranking.worst")}</span>
      </div>
    </section>
  );
}

function Chip({
  label,
  focused,
  onFocus,
}: {
  label: string;
  focused: boolean;
  onFocus: () => void;
}) {
  const { t } = useTranslation();
  const { setNodeRef, listeners, isDragging } = useDraggable({
    id: `chip:${label}`,
    data: { label },
  });
  return (
    <UnstyledButton
      ref={setNodeRef}
      {...listeners}
      className={classes.chip}
      data-focused={focused}
      data-dragging={isDragging}
      tabIndex={-1}
      aria-label={t("ranking.candidate", { label })}
      onClick={onFocus}
    >
      {label}
    </UnstyledButton>
  );
}

function Tray({ empty, children }: { empty: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const { setNodeRef, isOver } = useDroppable({ id: "tray" });
  return (
    <div ref={setNodeRef} className={classes.tray} data-over={isOver} data-empty={empty}>
      <span className={classes.end}>{empty ? t("ranking.allPlaced") : t("ranking.toPlace")}</span>
      {children}
    </div>
  );
}

interface TierBoxProps {
  number: number;
  children: ReactNode;
}

function TierBox({ number, children }: TierBoxProps) {
  const { t } = useTranslation();
  const { setNodeRef, isOver } = useDroppable({
    id: `tier:${number}`,
    data: { tier: number },
  });
  return (
    <div
      ref={setNodeRef}
      role="group"
      className={classes.tier}
      data-over={isOver}
      aria-label={t("ranking.inTier", { n: number })}
    >
      {children}
    </div>
  );
}

interface GapProps {
  gap: number;
  beside: boolean;
  last?: boolean;
  onLine: (gap: number) => void;
}

/** Between two rows: a place to drop a candidate, and a button that draws the line here. */
function Gap({ gap, beside, last, onLine }: GapProps) {
  const { t } = useTranslation();
  const { setNodeRef, isOver } = useDroppable({ id: `gap:${gap}`, data: { gap } });
  return (
    <div ref={setNodeRef} className={classes.gap} data-over={isOver} data-last={last}>
      {gap > 0 && !last && !beside && (
        <span aria-hidden="true" className={classes.better}>
          ›
        </span>
      )}
      {!beside && (
        <Tooltip label={t("ranking.lineHere")}>
          <UnstyledButton
            className={classes.lineButton}
            tabIndex={-1}
            aria-label={t("ranking.lineHere")}
            onClick={() => onLine(gap)}
          />
        </Tooltip>
      )}
    </div>
  );
}

function Line() {
  const { t } = useTranslation();
  const { setNodeRef, listeners } = useDraggable({ id: "line" });
  return (
    <Tooltip label={t("ranking.lineMeaning")}>
      <span ref={setNodeRef} {...listeners} className={classes.line}>
        {t("ranking.fit")}
      </span>
    </Tooltip>
  );
}
