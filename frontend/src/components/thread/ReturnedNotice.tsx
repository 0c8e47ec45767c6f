import { Alert } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";

import classes from "./PromptCard.module.css";

interface Props {
  previous: Assignment["previous"];
}

/** Why an earlier version came back, overall and turn by turn. */
export function ReturnedNotice({ previous }: Props) {
  const { t } = useTranslation();
  if (previous === null) return null;
  const turnNumber = (message: number) =>
    previous.conversation.messages.findIndex(({ id }) => id === message) + 1;
  return (
    <Alert variant="light" color="orange" mb="md" title={t("thread.returnedTitle")}>
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
    </Alert>
  );
}
