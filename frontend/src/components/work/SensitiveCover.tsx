import { Button, Text, Title } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import classes from "./WorkFrame.module.css";

interface Props {
  tags: readonly string[];
  children: ReactNode;
}

/** Sensitive work stays blurred until the person opens it, with a word of support beside it. */
export function SensitiveCover({ tags, children }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(tags.length === 0);
  if (open) {
    return (
      <>
        {tags.length > 0 && (
          <Text size="sm" c="dimmed" mb="sm">
            {t("work.sensitiveSupport")}
          </Text>
        )}
        {children}
      </>
    );
  }
  return (
    <section className={classes.cover} aria-labelledby="sensitive-title">
      <Title order={2} size="h4" id="sensitive-title">
        {t("work.sensitiveTitle", { tags: tags.join(", ").replaceAll("_", " ") })}
      </Title>
      <Text mt="xs">{t("work.sensitiveHint")}</Text>
      <Text mt="xs" size="sm" c="dimmed">
        {t("work.sensitiveSupport")}
      </Text>
      <Button mt="md" onClick={() => setOpen(true)}>
        {t("work.sensitiveOpen")}
      </Button>
      {/* Something of its size, without a word that could be read or found. */}
      <div className={classes.blurred} inert aria-hidden="true">
        {"▆▆▆▆ ▆▆▆ ▆▆▆▆▆▆▆ ▆▆ ▆▆▆▆▆ ▆▆▆▆ ▆▆▆▆▆▆ ▆▆▆ ▆▆▆▆ ".repeat(6)}
      </div>
    </section>
  );
}
