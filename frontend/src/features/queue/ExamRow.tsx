import { Button, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Home } from "@/api/types";

import classes from "./HomePage.module.css";

/** The entry exam, for whoever has not passed it: without it their queue may stay empty. */
export function ExamRow({ home: { exam, project } }: { home: Home }) {
  const { t } = useTranslation();
  if (exam === "not_asked" || exam === "passed") return null;
  return (
    <section aria-labelledby="home-exam">
      <Title order={2} id="home-exam" className={classes.heading}>
        {t("home.exam")}
      </Title>
      <ul className={classes.list}>
        <li className={classes.row}>
          <div className={classes.rowText}>{t(`home.exams.${exam}`)}</div>
          <Button component={Link} to={`/projects/${project.slug}/mine`} variant="default">
            {t("home.toExam")}
          </Button>
        </li>
      </ul>
    </section>
  );
}
