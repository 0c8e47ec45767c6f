import { Alert, Box, Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment, Message } from "@/api/types";

import classes from "./PromptCard.module.css";

const WordDiff = lazy(() => import("../WordDiff"));

interface Props {
  /** Whom it came back to. */
  title: string;
  previous: Assignment["previous"];
  /** The version being written, to be compared with the one that came back. */
  messages: readonly Pick<Message, "role" | "content">[];
}

const asText = (turns: readonly Pick<Message, "role" | "content">[]): string =>
  turns.map(({ role, content }) => `${role.toUpperCase()}\n${content}`).join("\n\n");

/** Why an earlier version came back, overall and turn by turn, and what has changed since. */
export function ReturnedNotice({ title, previous, messages }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  if (previous === null) return null;
  const before = previous.conversation.messages;
  const turnNumber = (message: number) => before.findIndex(({ id }) => id === message) + 1;
  return (
    <Alert variant="light" color="orange" mb="md" title={title}>
      <span dir="auto">{previous.comment}</span>
      {previous.comments.length > 0 && (
        <ul className={classes.comments}>
          {previous.comments.map(({ message, text }) => (
            <li key={message}>
              {t("thread.turnComment", { n: turnNumber(message) })} <span dir="auto">{text}</span>
            </li>
          ))}
        </ul>
      )}
      <Button
        variant="default"
        size="compact-md"
        mt="sm"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {open ? t("thread.hideChanges") : t("thread.showChanges")}
      </Button>
      {open && (
        <Suspense fallback={null}>
          <Box mt="sm">
            <WordDiff from={asText(before)} to={asText(messages)} />
          </Box>
        </Suspense>
      )}
    </Alert>
  );
}
