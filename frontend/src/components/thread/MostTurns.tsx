import { Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

/** Says in the place of the composer why there is none. */
export function MostTurns({ most }: { most: number }) {
  const { t } = useTranslation();
  const note = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    // The composer, which had the focus, is gone.
    if (document.activeElement === document.body) note.current?.focus();
  }, []);
  return (
    <Text ref={note} tabIndex={-1} role="status" size="sm" c="dimmed" my="md">
      {t("thread.mostTurns", { count: most })}
    </Text>
  );
}
