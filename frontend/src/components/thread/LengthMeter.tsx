import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { memo } from "react";
import { useTranslation } from "react-i18next";

import type { Message } from "@/api/types";
import { useFormat } from "@/hooks/useFormat";

import classes from "./TurnEditor.module.css";
import { useLengths } from "./useLengths";

interface Props {
  assignment: number;
  version: number;
  role: Message["role"];
  content: string;
  /** Tells how much of the policy's window is taken, where a reply has to fit into it. */
  showsWindow?: boolean;
}

/** From this share of the window on, the end of the conversation is near. */
const NEAR = 0.75;

const PAUSE_MILLISECONDS = 600;

/** How long the turn is in the policy's tokens, and a word before it becomes too long. */
export function LengthMeter({ content, ...props }: Props) {
  const [settled] = useDebouncedValue(content, PAUSE_MILLISECONDS);
  return <SettledLength content={settled} {...props} />;
}

/** Renders at each pause, not at each key. */
const SettledLength = memo(function SettledLength(props: Props) {
  const { assignment, version, role, content, showsWindow } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const lengths = useLengths(assignment, version, role, content);
  if (lengths === null || lengths.turn === null) return null;
  const { turn, limit, total, window, reply } = lengths;
  const overLimit = limit !== null && turn > limit;
  const left = total === null || window === null ? null : window - total;
  const noRoom = showsWindow && left !== null && left < (reply ?? 0);
  const near = showsWindow && total !== null && window !== null && total > window * NEAR;
  return (
    <Text
      size="xs"
      component="span"
      className={classes.meter}
      data-over={overLimit || noRoom}
      role={overLimit || noRoom || near ? "status" : undefined}
    >
      {limit === null
        ? t("thread.tokens", { count: turn, n: format.number(turn) })
        : t("thread.tokensOf", { n: format.number(turn), limit: format.number(limit) })}
      {near && (
        <>
          {" · "}
          {t("thread.window", { total: format.number(total), window: format.number(window) })}
        </>
      )}
      {noRoom && (
        <>
          {" · "}
          {left > 0 ? t("thread.replyShort", { n: format.number(left) }) : t("thread.noRoom")}
        </>
      )}
    </Text>
  );
});
