import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Question } from "@/api/types";

import { Markdown } from "../markdown/Markdown";
import classes from "./Questions.module.css";

/** A question with a lead's answer to it, or with none yet. */
export function AskedAndAnswered({ question }: { question: Pick<Question, "text" | "answer"> }) {
  const { t } = useTranslation();
  return (
    <article className={classes.question}>
      <p className={classes.asked} dir="auto">
        {question.text}
      </p>
      {question.answer === "" ? (
        <Text size="sm" c="dimmed">
          {t("questions.unanswered")}
        </Text>
      ) : (
        <Markdown text={question.answer} />
      )}
    </article>
  );
}
